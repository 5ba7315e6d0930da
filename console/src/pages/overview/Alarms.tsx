import { Badge } from "@mantine/core";
import { call } from "../../api/call";
import { usePlace } from "../../app/url";
import { Moment } from "../../time/Moment";
import { Empty } from "../../ui/Empty";
import { Panel } from "../../ui/Panel";
import { Problem } from "../../ui/Problem";
import { useAsked } from "../../ui/useAsked";
import { Waiting } from "../../ui/Waiting";

interface Alarm {
  AlarmName: string;
  StateValue: "OK" | "ALARM" | "INSUFFICIENT_DATA";
  StateReason?: string;
  StateUpdatedTimestamp?: number;
}

interface Described {
  MetricAlarms?: Alarm[];
  CompositeAlarms?: Alarm[];
  LogAlarms?: Alarm[];
}

const COLOR = { ALARM: "red", INSUFFICIENT_DATA: "gray", OK: "green" };
const ORDER = ["ALARM", "INSUFFICIENT_DATA", "OK"];
const TYPES = ["MetricAlarm", "CompositeAlarm", "LogAlarm"];

/** The alarms, those that ring first. */
export function Alarms() {
  const { params } = usePlace();
  const { value, problem, again } = useAsked(`alarms ${params.get("region")} ${params.get("from")} ${params.get("to")}`, (signal) =>
    call<Described>("monitoring", "DescribeAlarms", { AlarmTypes: TYPES }, signal));
  const alarms = [...(value?.MetricAlarms ?? []), ...(value?.CompositeAlarms ?? []), ...(value?.LogAlarms ?? [])];
  alarms.sort((one, other) => ORDER.indexOf(one.StateValue) - ORDER.indexOf(other.StateValue));
  const ringing = alarms.filter(({ StateValue }) => StateValue === "ALARM").length;
  return (
    <Panel title="Alarms" className="third" hint={value && `${ringing} of ${alarms.length} ring`}>
      {problem ? <Problem of={problem} again={again} /> : !value ? <Waiting label="Asking for alarms" /> : alarms.length === 0 ? (
        <Empty command="aws cloudwatch put-metric-alarm --alarm-name refused-ssh --namespace 'VPC Flow logs' --metric-name SSH-rejects --statistic Sum --period 60 --evaluation-periods 1 --threshold 1 --comparison-operator GreaterThanOrEqualToThreshold">
          There is no alarm in this region. This makes one of the metric that `weir up` begins with:
        </Empty>
      ) : (
        <table className="plain">
          <thead className="for-ears"><tr><th>State</th><th>Alarm</th><th>Since</th></tr></thead>
          <tbody>
            {alarms.slice(0, 12).map(({ AlarmName, StateValue, StateReason, StateUpdatedTimestamp }) => (
              <tr key={AlarmName}>
                <td><Badge size="xs" variant="filled" autoContrast color={COLOR[StateValue]}>{StateValue.replace("_", " ")}</Badge></td>
                <td title={StateReason}>{AlarmName}</td>
                <td className="number">{StateUpdatedTimestamp && <Moment at={StateUpdatedTimestamp} />}</td>
              </tr>
            ))}
          </tbody>
        </table>
      )}
    </Panel>
  );
}
