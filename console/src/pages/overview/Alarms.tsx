import { describeAlarms } from "../../api/alarms";
import { Link } from "../../app/link";
import { href, shared, usePlace } from "../../app/url";
import { Moment } from "../../time/Moment";
import { Answered } from "../../ui/Answered";
import { Empty } from "../../ui/Empty";
import { Panel } from "../../ui/Panel";
import { StateBadge } from "../../ui/StateBadge";
import { useAsked } from "../../ui/useAsked";

/** The alarms, those that ring first. */
export function Alarms() {
  const { params } = usePlace();
  const asked = useAsked(`alarms ${params.get("region")} ${params.get("from")} ${params.get("to")}`, (signal) => describeAlarms({}, signal));
  const ringing = asked.value?.filter(({ of }) => of.StateValue === "ALARM").length;
  const to = (alarm: string) => href("metrics/alarms", { ...shared(params), alarm });
  return (
    <Panel title="Alarms" className="third" hint={asked.value && `${ringing} of ${asked.value.length} ring`}>
      <Answered asked={asked} waiting="Asking for alarms" empty={(
        <Empty command="aws cloudwatch put-metric-alarm --alarm-name refused-ssh --namespace 'VPC Flow logs' --metric-name SSH-rejects --statistic Sum --period 60 --evaluation-periods 1 --threshold 1 --comparison-operator GreaterThanOrEqualToThreshold">
          There is no alarm in this region. This makes one of the metric that `weir up` begins with:
        </Empty>
      )}>
        {(alarms) => <table className="plain">
          <thead className="for-ears"><tr><th>State</th><th>Alarm</th><th>Since</th></tr></thead>
          <tbody>
            {alarms.slice(0, 12).map(({ of: { AlarmName, StateValue, StateReason, StateUpdatedTimestamp } }) => (
              <tr key={AlarmName}>
                <td className="narrow"><StateBadge of={StateValue} /></td>
                <td title={StateReason}><Link to={to(AlarmName)} size="sm">{AlarmName}</Link></td>
                <td className="number">{StateUpdatedTimestamp && <Moment at={StateUpdatedTimestamp} />}</td>
              </tr>
            ))}
          </tbody>
        </table>}
      </Answered>
    </Panel>
  );
}
