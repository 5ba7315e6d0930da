import { href, shared, usePlace } from "../../../app/url";

/** Makes the addresses of the form that creates flow logs, of a thing that was chosen already or not. */
export function useWizardAddress(): (resource?: string) => string {
  const { params } = usePlace();
  return (resource) => href("network", { ...shared(params), view: "flowLogs", new: "flow-log", resource });
}
