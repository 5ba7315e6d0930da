import { href, shared, usePlace } from "../../../app/url";

export const VIEW = "buckets";

/** Makes the addresses of buckets, and of what is in them. */
export function useBucketAddress(): (bucket?: string, prefix?: string) => string {
  const { params } = usePlace();
  return (id, prefix) => href("network", { ...shared(params), view: VIEW, id, prefix });
}

/** The table of SQL that a bucket with flow logs is. */
export function tableOf(bucket: string): string {
  return bucket === "flow-logs" ? "vpc_flow_logs" : bucket.replaceAll(/[^a-z0-9]/g, "_");
}
