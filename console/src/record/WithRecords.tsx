import { Select } from "@mantine/core";
import type { ReactNode } from "react";
import { setParams, usePlace } from "../app/url";
import { Empty } from "../ui/Empty";
import { Problem } from "../ui/Problem";
import { Waiting } from "../ui/Waiting";
import { type FlowLogs, useFlowLogs } from "./flowLogs";

export interface Records {
  /** The log group that the address names, or the usual one. */
  group: string;
  /** Names of its fields, in order. */
  fields: string[];
  logs: FlowLogs;
}

/** Shows its children once there is a log group with records; `consequence` ends the sentence that says there is none. */
export function WithRecords({ consequence, children }: { consequence: string; children: (records: Records) => ReactNode }) {
  const { params } = usePlace();
  const { value: logs, problem, again } = useFlowLogs(params.get("region") ?? "");
  if (problem) return <Problem of={problem} again={again} />;
  if (!logs) return <Waiting label="Looking for flow logs" />;
  const group = params.get("group") ?? logs.groups[0];
  if (!group) {
    return (
      <Empty command="sudo weir up">
        No flow log writes to a log group, so {consequence}. The page Network makes one for an interface, a subnet or a VPC; this records the
        interfaces of this host:
      </Empty>
    );
  }
  return children({ group, fields: logs.fields(group), logs });
}

/** Chooses among several log groups. */
export function GroupSelect({ group, logs: { groups } }: Pick<Records, "group" | "logs">) {
  if (groups.length < 2) return null;
  return (
    <Select size="xs" w={240} aria-label="Log group" data={groups} value={group} allowDeselect={false} onChange={(value) => setParams({ group: value ?? undefined })} />
  );
}
