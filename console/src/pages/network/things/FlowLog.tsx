import { Text } from "@mantine/core";
import type { FlowLog } from "../../../api/ec2";
import { fieldInWords } from "../../../record/fields";
import { fieldsOf } from "../../../record/flowLogs";
import { Moment } from "../../../time/Moment";
import { Copy } from "../../../ui/Empty";
import { Panel } from "../../../ui/Panel";
import { Facts } from "../../../ui/PlainTable";
import { Destination } from "../flowlog/Destination";
import { Delivery, interval, remedy } from "../flowlog/words";
import { Thing } from "../useNetwork";

const TRAFFIC: Record<string, string> = { ALL: "all", ACCEPT: "what was accepted", REJECT: "what was refused" };

export function FlowLogParts({ of }: { of: FlowLog }) {
  const { destinationOptions: options } = of;
  const help = remedy(of.deliverLogsErrorMessage);
  return (
    <>
      <Panel title="Flow log" className="half">
        <Facts label="Flow log" facts={[
          ["Status", of.flowLogStatus],
          ["Delivery", <><Delivery of={of} />{help && <Text size="xs">{help}</Text>}</>],
          ["Records", <Thing id={of.resourceId} />],
          ["Traffic", TRAFFIC[of.trafficType] ?? of.trafficType],
          ["Longest interval", interval(of.maxAggregationInterval)],
          ["To", <Destination of={of} />],
          ["Role", of.deliverLogsPermissionArn],
          ["File format", options?.fileFormat],
          ["Prefixes", options && (options.hiveCompatiblePartitions ? "key=value, as Hive has them" : "plain")],
          ["Partitions", options && (options.perHourPartition ? "by hour" : "by day")],
          ["Made", <Moment at={of.creationTime} />],
        ]} />
      </Panel>
      <Panel title="Format" className="half" actions={<Copy text={of.logFormat} what="format" />}>
        <table className="plain" aria-label="Fields of its records">
          <tbody>
            {fieldsOf(of.logFormat).map((name) => <tr key={name}><th scope="row" className="mono">{name}</th><td className="said">{fieldInWords(name)}</td></tr>)}
          </tbody>
        </table>
      </Panel>
    </>
  );
}
