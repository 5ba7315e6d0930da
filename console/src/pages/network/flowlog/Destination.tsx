import type { FlowLog } from "../../../api/ec2";
import { CellLink } from "../../../app/link";
import { href, shared, usePlace } from "../../../app/url";

/** `bucket/folder`, or the name of a log group. */
export function destinationOf({ logDestination, logGroupName, logDestinationType }: FlowLog): string {
  if (logDestinationType === "s3") return (logDestination ?? "").replace(/^arn:aws:s3:+/, "").replace(/\/$/, "");
  return logGroupName ?? logDestination?.replace(/^.*:log-group:/, "").replace(/:\*$/, "") ?? "";
}

/** Where records go; a log group leads to its records. */
export function Destination({ of }: { of: FlowLog }) {
  const { params } = usePlace();
  const name = destinationOf(of);
  if (of.logDestinationType === "s3") return <>s3://{name}</>;
  return <CellLink to={href("flows", { ...shared(params), group: name })}>{name}</CellLink>;
}
