import { type Alarm, alarmNameOf, loudest } from "../../../api/alarms";
import { Moment } from "../../../time/Moment";
import { Empty } from "../../../ui/Empty";
import { Problem } from "../../../ui/Problem";
import { StateBadge } from "../../../ui/StateBadge";
import { useAsked } from "../../../ui/useAsked";
import { Waiting } from "../../../ui/Waiting";
import type { WidgetProps } from "../about";
import { alarmsOf } from "../alarms";
import { list, properties, text, titleOf } from "../body";


/** How alarms stand. */
export function AlarmsWidget({ widget, about }: WidgetProps) {
  const of = properties(widget);
  const arns = list(of.alarms).flatMap((arn) => text(arn) ?? []);
  const { value, problem, again } = useAsked(arns.length > 0 ? JSON.stringify([arns, about.range]) : null, (signal) => alarmsOf(arns, signal));
  if (arns.length === 0) return <Empty>This widget names no alarm yet. Edit it to choose some.</Empty>;
  if (problem) return <Problem of={problem} again={again} />;
  if (!value) return <Waiting label={`Asking for ${titleOf(widget)}`} />;
  const states = list(of.states);
  const shown = sorted(value, text(of.sortBy)).filter(({ of }) => states.length === 0 || states.includes(of.StateValue));
  const missing = arns.map(alarmNameOf).filter((name) => !value.some(({ of }) => of.AlarmName === name));
  return (
    <>
      {shown.length === 0 && missing.length === 0 && <Empty>None of {value.length} alarms is in a state that this widget shows.</Empty>}
      <table className="plain" aria-label={titleOf(widget)}>
        <tbody>
          {shown.map(({ of: { AlarmArn, AlarmName, StateValue, StateReason, StateUpdatedTimestamp } }) => (
            <tr key={AlarmArn}>
              <td className="narrow"><StateBadge of={StateValue} /></td>
              <th scope="row" title={StateReason}>{AlarmName}</th>
              <td className="number">{StateUpdatedTimestamp !== undefined && <Moment at={StateUpdatedTimestamp} />}</td>
            </tr>
          ))}
          {missing.map((name) => <tr key={name}><td /><th scope="row">{name}</th><td className="number">there is no such alarm</td></tr>)}
        </tbody>
      </table>
    </>
  );
}

/** Those that ring first, or the newest change first. */
function sorted(alarms: Alarm[], by: string | undefined): Alarm[] {
  const newest = ({ of: one }: Alarm, { of: other }: Alarm) => (other.StateUpdatedTimestamp ?? 0) - (one.StateUpdatedTimestamp ?? 0);
  return [...alarms].sort(by === "stateUpdatedTimestamp" || by === "timestamp" ? newest : loudest);
}
