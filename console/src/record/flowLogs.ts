// Which log groups have flow log records, and in which format.

import { call } from "../api/call";
import { type Asked, useAsked } from "../ui/useAsked";

export const USUAL_GROUP = "/weir/flow-logs";
const USUAL_FORMAT = "${version} ${account-id} ${interface-id} ${srcaddr} ${dstaddr} ${srcport} ${dstport} ${protocol} ${packets} ${bytes} ${start} ${end} ${action} ${log-status}";

export interface FlowLog {
  flowLogId: string;
  logGroupName?: string;
  logDestination?: string;
  logDestinationType?: string;
  logFormat?: string;
}

export interface FlowLogs {
  /** Log groups with records, the usual one first. */
  groups: string[];
  /** Names of the fields of a group's records, in order. */
  fields: (group: string) => string[];
}

export function fieldsOf(format: string): string[] {
  return [...format.matchAll(/\$\{([a-z0-9-]+)\}/g)].map(([, name]) => name ?? "");
}

/** The flow log of `weir up` itself delivers to a bucket, and to the usual group beside it. */
export async function flowLogs(signal: AbortSignal): Promise<FlowLogs> {
  const [{ flowLogSet = [] }, { logGroups = [] }] = await Promise.all([
    call<{ flowLogSet?: FlowLog[] }>("ec2", "DescribeFlowLogs", {}, signal),
    call<{ logGroups?: { logGroupName: string }[] }>("logs", "DescribeLogGroups", { logGroupNamePrefix: USUAL_GROUP }, signal),
  ]);
  const named = flowLogSet.filter(({ logGroupName }) => logGroupName);
  const usual = logGroups.filter(({ logGroupName }) => logGroupName === USUAL_GROUP);
  const groups = [...new Set([...usual, ...named].map(({ logGroupName }) => logGroupName ?? ""))];
  const own = flowLogSet.find(({ logDestinationType }) => logDestinationType === "s3");
  const of = (group: string) => named.find(({ logGroupName }) => logGroupName === group) ?? (group === USUAL_GROUP ? own : undefined);
  return { groups, fields: (group) => fieldsOf(of(group)?.logFormat ?? USUAL_FORMAT) };
}

export function useFlowLogs(region: string): Asked<FlowLogs> {
  return useAsked(`flow-logs ${region}`, flowLogs);
}
