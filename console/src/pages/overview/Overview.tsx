import { Group, Select } from "@mantine/core";
import { setParams, usePlace } from "../../app/url";
import { useFlowLogs } from "../../record/flowLogs";
import { useRange } from "../../time/useRange";
import { Empty } from "../../ui/Empty";
import { Problem } from "../../ui/Problem";
import { Waiting } from "../../ui/Waiting";
import { Alarms } from "./Alarms";
import { Delivery } from "./Delivery";
import { NewPeers, Protocols, RefusedPorts, RefusedSources, Talkers } from "./Tops";
import { Totals } from "./Totals";
import { Traffic } from "./Traffic";

/** How often the panels are asked anew while the range ends now, in milliseconds. */
const EVERY = 60_000;

/** What goes on, with no query written. */
export default function Overview() {
  const { params } = usePlace();
  const range = useRange(EVERY);
  const logs = useFlowLogs(params.get("region") ?? "");
  if (logs.problem) return <Problem of={logs.problem} again={logs.again} />;
  if (!logs.value) return <Waiting label="Looking for flow logs" />;
  const group = params.get("group") ?? logs.value.groups[0];
  if (!group) {
    return (
      <Empty command="sudo weir up">
        No flow log writes to a log group, so there is nothing to show. `weir up` without `--log-group none` records this host
        into one; `aws ec2 create-flow-logs` makes one for an interface, a subnet or a VPC.
      </Empty>
    );
  }
  const about = { group, range };
  return (
    <>
      <h1 className="for-ears">Overview</h1>
      {logs.value.groups.length > 1 && (
        <Group mb={8}>
          <Select size="xs" w={280} aria-label="Log group" data={logs.value.groups} value={group} allowDeselect={false}
            onChange={(value) => setParams({ group: value ?? undefined })} />
        </Group>
      )}
      <div className="tiles">
        <Totals {...about} />
        <Traffic {...about} />
        <Talkers {...about} />
        <RefusedSources {...about} />
        <RefusedPorts {...about} />
        <Protocols {...about} />
        <NewPeers {...about} />
        <Alarms />
        <Delivery />
      </div>
    </>
  );
}
