import { Breadcrumbs, Group, Text } from "@mantine/core";
import { useMemo } from "react";
import { type Alarm, alarmHistory, describeAlarms, type HistoryItem } from "../../../api/alarms";
import { metricLines } from "../../../api/metrics";
import { Link } from "../../../app/link";
import { href, shared, usePlace } from "../../../app/url";
import { Moment } from "../../../time/Moment";
import { useRange } from "../../../time/useRange";
import { useTurn } from "../../../time/useTurn";
import { Empty } from "../../../ui/Empty";
import { Panel } from "../../../ui/Panel";
import { Problem } from "../../../ui/Problem";
import { TimeChart } from "../../../ui/TimeChart";
import { useAsked } from "../../../ui/useAsked";
import { Waiting } from "../../../ui/Waiting";
import { inPeriods } from "../graphed";
import { EVERY } from "./AlarmList";
import { Definition } from "./Definition";
import { Deeds } from "./Deeds";
import { periodOf, queriesOfAlarm } from "./form";
import { History } from "./History";
import { spellsOf } from "./spells";
import { chartOf } from "./Preview";
import { StateBadge } from "../../../ui/StateBadge";
import { Strip } from "./Strip";

/** One alarm: how it stands, how it came to that, and what it watches. */
export function AlarmPage({ name }: { name: string }) {
  const { params } = usePlace();
  const turn = useTurn(EVERY);
  const alarm = useAsked(`alarm ${params.get("region")} ${name} ${turn}`, (signal) => describeAlarms({ AlarmNames: [name] }, signal));
  const history = useAsked(`history ${params.get("region")} ${name} ${turn}`, (signal) => alarmHistory(name, signal));
  const found = alarm.value?.[0];
  if (alarm.problem) return <Problem of={alarm.problem} again={alarm.again} />;
  if (!alarm.value) return <Waiting label="Asking for the alarm" />;
  const back = <Link to={href("metrics/alarms", shared(params))} size="sm">All alarms</Link>;
  if (!found) return <Empty>There is no alarm {name} in this region: it was deleted, or never made. {back}</Empty>;
  const { StateValue, StateReason, StateTransitionedTimestamp } = found.of;
  return (
    <>
      <Breadcrumbs mb={8}>{back}<Text size="sm">{name}</Text></Breadcrumbs>
      <Group justify="space-between" gap="sm" mb={8} align="flex-start">
        <div className="state" role="status">
          <StateBadge of={StateValue} size="lg" />{" "}
          {StateTransitionedTimestamp !== undefined && <Text span size="sm">since <Moment at={StateTransitionedTimestamp} /></Text>}
          <Text size="sm" mt={4}>{StateReason}</Text>
        </div>
        <Deeds alarm={found} done={() => { alarm.again(); history.again(); }} />
      </Group>
      {found.of.EvaluationState === "EVALUATION_FAILURE" && <Problem of={new Error("Its data cannot be computed at the moment, so its state stays as it is. The log of the server says why.")} />}
      <div className="tiles">
        <Course alarm={found} history={history.value ?? []} />
        <Definition alarm={found} />
        <Panel title="History" className="two-thirds">
          {history.problem ? <Problem of={history.problem} again={history.again} /> : !history.value ? <Waiting label="Asking for its history" /> : <History items={history.value} name={name} />}
        </Panel>
      </div>
    </>
  );
}

/** What it watches over time, with its threshold, and the states that it had. */
function Course({ alarm, history }: { alarm: Alarm; history: HistoryItem[] }) {
  const { params } = usePlace();
  const range = useRange(EVERY);
  const spells = spellsOf(history, alarm.of.StateValue, range);
  const strip = <Strip spells={spells} range={range} label="States in this range" />;
  const metric = alarm.kind === "metric" ? alarm.of : undefined;
  const { value, problem, again } = useAsked(metric ? JSON.stringify([metric.AlarmName, metric.AlarmConfigurationUpdatedTimestamp, range, params.get("region")]) : null, (signal) =>
    metric ? metricLines(queriesOfAlarm(metric), inPeriods(range, periodOf(metric)), signal) : Promise.resolve([]));
  const states = JSON.stringify(spells);
  const chart = useMemo(() => value && metric && chartOf(value, periodOf(metric), range, metric.Threshold, spells), [value, states]);
  return (
    <Panel title={metric ? "Metric and states" : "States"} className={metric ? "wide tall" : "wide"}>
      {!metric ? strip : problem ? <Problem of={problem} again={again} /> : !chart ? <Waiting label="Asking for data" /> : <><TimeChart chart={chart} label="What the alarm watches" height={200} />{strip}</>}
    </Panel>
  );
}
