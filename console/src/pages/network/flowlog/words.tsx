// Flow logs in words.

import { Badge } from "@mantine/core";
import type { FlowLog } from "../../../api/ec2";

/** Seconds as people say them. */
export function interval(seconds: number): string {
  return seconds % 60 === 0 ? `${seconds / 60} min` : `${seconds} s`;
}

/** Whether records arrive, and what keeps them from it. */
export function Delivery({ of: { deliverLogsStatus, deliverLogsErrorMessage } }: { of: FlowLog }) {
  if (deliverLogsStatus === "SUCCESS") return <Badge size="xs" variant="outline" color="gray" autoContrast className="quiet">delivered</Badge>;
  return <span className="reject">Failed: {deliverLogsErrorMessage ?? "no reason is known"}</span>;
}

/** What helps against an error of delivery. */
export function remedy(message: string | null | undefined): string | undefined {
  switch (message) {
    case "Access error": return "The role or the policy of the bucket does not let flow logs write. Change it; delivery goes on by itself.";
    case "Rate limited": return "The log group takes no more at the moment. Records wait, and are delivered later.";
    case "Unknown error": return "The log of the server says more: start it with --log info, or look at Status in the account menu.";
    default: return undefined;
  }
}
