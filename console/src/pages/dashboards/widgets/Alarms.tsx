import { Badge } from "@mantine/core";
import { Moment } from "../../../time/Moment";
import { Empty } from "../../../ui/Empty";
import { Problem } from "../../../ui/Problem";
import { useAsked } from "../../../ui/useAsked";
import { Waiting } from "../../../ui/Waiting";
import type { WidgetProps } from "../about";
import { type Alarm, describeAlarms, nameOf, regionOf } from "../alarms";
import { list, properties, text, titleOf } from "../body";

const COLOR = { ALARM: "red", INSUFFICIENT_DATA: "gray", OK: "green" };
const ORDER = ["ALARM", "INSUFFICIENT_DATA", "OK"];

/** How alarms stand. */
export function AlarmsWidget({ widget, about }: WidgetProps) {
  const of = properties(widget);
  const arns = list(of.alarms).flatMap((arn) => text(arn) ?? []);
  const { value, problem, again } = useAsked(arns.length > 0 ? JSON.stringify([arns, about.range]) : null, async (signal) => {
    const regions = [...new Set(arns.map(regionOf))];
    return (await Promise.all(regions.map((region) => describeAlarms(arns.filter((arn) => regionOf(arn) === region), signal, region)))).flat();
  });
  if (arns.length === 0) return <Empty>This widget names no alarm yet. Edit it to choose some.</Empty>;
  if (problem) return <Problem of={problem} again={again} />;
  if (!value) return <Waiting label={`Asking for ${titleOf(widget)}`} />;
  const states = list(of.states);
  const shown = sorted(value, text(of.sortBy)).filter(({ StateValue }) => states.length === 0 || states.includes(StateValue));
  const missing = arns.map(nameOf).filter((name) => !value.some(({ AlarmName }) => AlarmName === name));
  return (
    <>
      {shown.length === 0 && missing.length === 0 && <Empty>None of {value.length} alarms is in a state that this widget shows.</Empty>}
      <table className="plain" aria-label={titleOf(widget)}>
        <tbody>
          {shown.map(({ AlarmArn, AlarmName, StateValue, StateReason, StateUpdatedTimestamp }) => (
            <tr key={AlarmArn}>
              <td className="narrow"><Badge size="xs" miw="max-content" variant="filled" autoContrast color={COLOR[StateValue]}>{StateValue.replace("_", " ")}</Badge></td>
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
  const newest = (one: Alarm, other: Alarm) => (other.StateUpdatedTimestamp ?? 0) - (one.StateUpdatedTimestamp ?? 0);
  const loudest = (one: Alarm, other: Alarm) => ORDER.indexOf(one.StateValue) - ORDER.indexOf(other.StateValue);
  return [...alarms].sort(by === "stateUpdatedTimestamp" || by === "timestamp" ? newest : loudest);
}
