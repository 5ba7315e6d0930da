// A flow log that is to be: what the form has, the operation's input, and the command that does the same.

import type { Params } from "../../../app/url";
import type { Tag } from "../../../api/ec2";

export const RESOURCES = { vpcs: "VPC", subnets: "Subnet", interfaces: "NetworkInterface" } as const;
export type ResourceView = keyof typeof RESOURCES;

export interface Draft {
  kind: ResourceView;
  resources: string[];
  traffic: string;
  /** Seconds. */
  interval: string;
  to: "s3" | "cloud-watch-logs";
  bucket: string;
  group: string;
  role: string;
  /** Names of fields, in order; none for the usual format. */
  fields: string[];
  file: string;
  hive: boolean;
  hour: boolean;
  tags: Tag[];
}

const list = (text: string | null) => (text ?? "").split(",").filter(Boolean);

/** What the address says, and what is usual for the rest. */
export function fromParams(params: URLSearchParams): Draft {
  const resources = list(params.get("resource"));
  const kind = resources[0]?.startsWith("subnet-") ? "subnets" : resources[0]?.startsWith("eni-") ? "interfaces" : "vpcs";
  const given = params.get("kind") as ResourceView | null;
  return {
    kind: given && given in RESOURCES ? given : kind, resources,
    traffic: params.get("traffic") ?? "ALL",
    interval: params.get("interval") ?? "600",
    to: params.get("to") === "cloud-watch-logs" ? "cloud-watch-logs" : "s3",
    bucket: params.get("bucket") ?? "", group: params.get("group") ?? "", role: params.get("role") ?? "",
    fields: list(params.get("fields")),
    file: params.get("file") ?? "plain-text", hive: params.has("hive"), hour: params.has("hour"),
    tags: list(params.get("tags")).map((text) => {
      const [key = "", ...rest] = text.split("=").map(decodeURIComponent);
      return { key, value: rest.join("=") };
    }),
  };
}

/** As the address has it. */
export function toParams(change: Partial<Draft>): Params {
  const { resources, fields, tags, hive, hour, ...texts } = change;
  return {
    ...texts,
    ...(resources && { resource: resources.join(",") }),
    ...(fields && { fields: fields.join(",") }),
    ...(tags && { tags: tags.map(({ key, value }) => `${encodeURIComponent(key)}=${encodeURIComponent(value)}`).join(",") }),
    ...(hive !== undefined && { hive: hive ? "1" : undefined }),
    ...(hour !== undefined && { hour: hour ? "1" : undefined }),
  };
}

export function formatOf(fields: string[]): string {
  return fields.map((name) => `\${${name}}`).join(" ");
}

/** What `CreateFlowLogs` takes. */
export function input(draft: Draft): object {
  const tags = draft.tags.filter(({ key }) => key !== "");
  return {
    ResourceType: RESOURCES[draft.kind], ResourceId: draft.resources, TrafficType: draft.traffic, MaxAggregationInterval: Number(draft.interval),
    LogDestinationType: draft.to,
    ...(draft.to === "s3" ? {
      LogDestination: draft.bucket.trim(),
      DestinationOptions: { FileFormat: draft.file, HiveCompatiblePartitions: draft.hive, PerHourPartition: draft.hour },
    } : { LogGroupName: draft.group.trim(), ...(draft.role.trim() ? { DeliverLogsPermissionArn: draft.role.trim() } : {}) }),
    ...(draft.fields.length > 0 ? { LogFormat: formatOf(draft.fields) } : {}),
    ...(tags.length > 0 ? { TagSpecification: [{ ResourceType: "vpc-flow-log", Tag: tags.map(({ key, value }) => ({ Key: key, Value: value })) }] } : {}),
  };
}

const quoted = (text: string) => (/^[\w:/.-]+$/.test(text) ? text : `'${text.replaceAll("'", "'\\''")}'`);

/** The command of the AWS client that does the same. */
export function command(draft: Draft): string {
  const words = [
    "aws ec2 create-flow-logs", `--resource-type ${RESOURCES[draft.kind]} --resource-ids ${draft.resources.join(" ") || "..."}`,
    `--traffic-type ${draft.traffic} --max-aggregation-interval ${draft.interval}`,
    draft.to === "s3" ? `--log-destination-type s3 --log-destination ${quoted(draft.bucket || "arn:aws:s3:::...")}`
      : `--log-group-name ${quoted(draft.group || "...")} --deliver-logs-permission-arn ${quoted(draft.role || "arn:aws:iam::...")}`,
  ];
  if (draft.to === "s3" && (draft.file !== "plain-text" || draft.hive || draft.hour)) {
    words.push(`--destination-options FileFormat=${draft.file},HiveCompatiblePartitions=${draft.hive},PerHourPartition=${draft.hour}`);
  }
  if (draft.fields.length > 0) words.push(`--log-format ${quoted(formatOf(draft.fields))}`);
  const tags = draft.tags.filter(({ key }) => key !== "");
  if (tags.length > 0) words.push(`--tag-specifications ${quoted(`ResourceType=vpc-flow-log,Tags=[${tags.map(({ key, value }) => `{Key=${key},Value=${value}}`).join(",")}]`)}`);
  return words.join(" \\\n    ");
}

export type Place = "resource" | "interval" | "destination" | "role" | "format" | "tags";

/** Which part of the form an error is about. */
export function placeOf(message: string): Place | undefined {
  const places: [RegExp, Place][] = [
    [/DeliverLogsPermissionArn|iam:PassRole|\brole\b/i, "role"],
    [/Aggregation Interval/i, "interval"],
    [/LogFormat|fields/i, "format"],
    [/tag/i, "tags"],
    [/LogDestination|LogGroupName|log group|bucket|same configuration/i, "destination"],
    [/ResourceId|(vpc|subnet|interface).*(ID|does not exist)/i, "resource"],
  ];
  return places.find(([pattern]) => pattern.test(message))?.[1];
}
