import { Group, Select, TextInput } from "@mantine/core";
import { type Alarm, describeAlarms } from "../../../api/alarms";
import { metricLabel } from "../../../api/metrics";
import { Link, LinkButton } from "../../../app/link";
import { useMay } from "../../../app/session";
import { href, setParams, shared, usePlace } from "../../../app/url";
import { Moment } from "../../../time/Moment";
import { useTurn } from "../../../time/useTurn";
import { shown } from "../../../time/zone";
import { Answered } from "../../../ui/Answered";
import { type Column, DataGrid } from "../../../ui/DataGrid";
import { Empty } from "../../../ui/Empty";
import { useAsked } from "../../../ui/useAsked";
import { alarmLink, signOf } from "./form";
import { STATE_WORDS, StateBadge } from "../../../ui/StateBadge";

/** How often states are asked for, in milliseconds. */
export const EVERY = 3000;
const PUT = "aws cloudwatch put-metric-alarm --alarm-name refused-ssh --namespace 'VPC Flow logs' --metric-name SSH-rejects --statistic Sum --period 60 "
  + "--evaluation-periods 1 --threshold 1 --comparison-operator GreaterThanOrEqualToThreshold";
const KINDS = { metric: "metric", composite: "other alarms", log: "query" };

/** All alarms with their states, as they are now. */
export function AlarmList() {
  const { params } = usePlace();
  const turn = useTurn(EVERY);
  const asked = useAsked(`alarms ${params.get("region")} ${turn}`, (signal) => describeAlarms({}, signal));
  const [mayPut] = useMay([{ service: "monitoring", operation: "PutMetricAlarm" }]);
  const [state, search] = [params.get("state"), params.get("search") ?? ""];
  const found = (asked.value ?? []).filter(({ of }) => (!state || of.StateValue === state) && of.AlarmName.toLowerCase().includes(search.toLowerCase()));
  return (
    <>
      <Group gap={6} mb={6}>
        <Select size="xs" w={160} aria-label="State" placeholder="Every state" clearable clearButtonProps={{ "aria-label": "Every state" }} value={state}
          data={Object.entries(STATE_WORDS).map(([value, label]) => ({ value, label }))} onChange={(chosen) => setParams({ state: chosen ?? undefined })} />
        <TextInput size="xs" flex={1} miw={120} aria-label="Search alarms" placeholder="Search names" value={search} onChange={(event) => setParams({ search: event.currentTarget.value }, "replace")} />
        {mayPut && <LinkButton size="xs" to={href("metrics/alarms", { ...shared(params), ...alarmLink({}) })}>Create alarm</LinkButton>}
      </Group>
      <Answered asked={asked} waiting="Asking for alarms" empty={<Empty command={PUT}>There is no alarm in this region. Create one above, of a metric filter, or with:</Empty>}>
        {() => (found.length === 0 ? <Empty>No alarm is in this state and has these letters in its name.</Empty> : <Rows alarms={found} />)}
      </Answered>
    </>
  );
}

function Rows({ alarms }: { alarms: Alarm[] }) {
  const { params } = usePlace();
  const to = (name: string) => href("metrics/alarms", { ...shared(params), alarm: name });
  const at = ({ of }: Alarm) => of.StateTransitionedTimestamp ?? of.StateUpdatedTimestamp ?? 0;
  const columns: Column<Alarm>[] = [
    { name: "State", width: 130, text: ({ of }) => STATE_WORDS[of.StateValue], show: ({ of }) => <StateBadge of={of.StateValue} /> },
    { name: "Alarm", width: 230, text: ({ of }) => of.AlarmName, show: ({ of }) => <Link to={to(of.AlarmName)}>{of.AlarmName}</Link> },
    { name: "Since", width: 150, text: (row) => shown(at(row), "UTC"), show: (row) => (at(row) ? <Moment at={at(row)} /> : "–") },
    { name: "Watches", width: 100, text: ({ kind }) => KINDS[kind] },
    { name: "Condition", width: 380, text: condition },
    { name: "Actions", width: 150, text: actions, className: ({ of }) => (of.ActionsEnabled === false ? "reject" : "") },
  ];
  const ringing = alarms.filter(({ of }) => of.StateValue === "ALARM").length;
  return <DataGrid label="Alarms" columns={columns} rows={alarms} height={620} file="alarms" rowKey={({ of }) => of.AlarmName} note={`${ringing} of ${alarms.length} in alarm`} />;
}

function actions({ of }: Alarm): string {
  const count = (of.AlarmActions ?? []).length + (of.OKActions ?? []).length + (of.InsufficientDataActions ?? []).length;
  return `${count === 0 ? "none" : count}${of.ActionsEnabled === false ? ", switched off" : ""}`;
}

/** When it rings, in a line. */
export function condition(alarm: Alarm): string {
  if (alarm.kind === "composite") return alarm.of.AlarmRule;
  const { ComparisonOperator, Threshold } = alarm.of;
  const rule = `${signOf(ComparisonOperator)} ${Threshold}`;
  if (alarm.kind === "log") {
    const { QueryResultsToAlarm: m, QueryResultsToEvaluate: n, ScheduledQueryConfiguration: query } = alarm.of;
    return `${query.AggregationExpression} ${rule} for ${m} of ${n} times, ${query.ScheduleConfiguration.ScheduleExpression}`;
  }
  const { Metrics = [], MetricName = "", Namespace = "", Dimensions, EvaluationPeriods, DatapointsToAlarm = EvaluationPeriods, Period } = alarm.of;
  const told = Metrics.find(({ ReturnData }) => ReturnData !== false);
  const what = MetricName ? metricLabel({ MetricName, Namespace, Dimensions }) : (told?.Label ?? told?.Expression ?? "an expression");
  return `${what} ${rule} for ${DatapointsToAlarm} of ${EvaluationPeriods} periods${Period ? ` of ${Period} s` : ""}`;
}
