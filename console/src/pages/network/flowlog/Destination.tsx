import type { FlowLog } from "../../../api/ec2";
import { CellLink } from "../../../app/link";
import { href, shared, usePlace } from "../../../app/url";
import { useBucketAddress } from "../buckets/address";

/** `bucket/folder`, or the name of a log group. */
export function destinationOf({ logDestination, logGroupName, logDestinationType }: FlowLog): string {
  if (logDestinationType === "s3") return (logDestination ?? "").replace(/^arn:aws:s3:+/, "").replace(/\/$/, "");
  return logGroupName ?? logDestination?.replace(/^.*:log-group:/, "").replace(/:\*$/, "") ?? "";
}

/** Where records go: a log group leads to its records, a bucket to its objects. */
export function Destination({ of }: { of: FlowLog }) {
  const { params } = usePlace();
  const toBucket = useBucketAddress();
  const name = destinationOf(of);
  if (of.logDestinationType === "s3") {
    const [bucket = "", ...folder] = name.split("/");
    return <CellLink to={toBucket(bucket, folder.map((part) => `${part}/`).join(""))}>s3://{name}</CellLink>;
  }
  return <CellLink to={href("flows", { ...shared(params), group: name })}>{name}</CellLink>;
}
