import { Badge } from "@mantine/core";
import type { ReactNode } from "react";
import { type Alarm, alarmNameOf, type CompositeAlarm, describeAlarms, type LogAlarm, type MetricAlarm } from "../../../api/alarms";
import { metricLabel, type MetricQuery } from "../../../api/metrics";
import { nameOf } from "../../../api/sns";
import { Link } from "../../../app/link";
import { href, type Params, shared, usePlace } from "../../../app/url";
import { Moment } from "../../../time/Moment";
import { useTurn } from "../../../time/useTurn";
import { Panel } from "../../../ui/Panel";
import { Facts } from "../../../ui/PlainTable";
import { ORANGE, StateBadge } from "../../../ui/StateBadge";
import { useAsked } from "../../../ui/useAsked";
import { writeGraph } from "../graphed";
import { condition, EVERY } from "./AlarmList";
import { MISSING } from "./form";

type Fact = [name: string, value: ReactNode];

/** What an alarm is. */
export function Definition({ alarm }: { alarm: Alarm }) {
  const { params } = usePlace();
  const here = shared(params);
  const { of } = alarm;
  const about = alarm.kind === "metric" ? metricFacts(alarm.of, here) : alarm.kind === "log" ? logFacts(alarm.of, here) : compositeFacts(alarm.of, here);
  return (
    <Panel title="Definition" className="third thing">
      <Facts label="Definition" facts={[
        ["Description", of.AlarmDescription],
        ["Condition", <span className={alarm.kind === "composite" ? "mono" : undefined}>{condition(alarm)}</span>],
        ...about,
        ["In alarm", <Told arns={of.AlarmActions} here={here} />],
        ["OK again", <Told arns={of.OKActions} here={here} />],
        ["Insufficient data", <Told arns={of.InsufficientDataActions} here={here} />],
        ["Actions", of.ActionsEnabled === false ? <Badge size="xs" color={ORANGE} autoContrast variant="filled" tt="none">switched off: nobody is told</Badge> : "switched on"],
        ["Last changed", of.AlarmConfigurationUpdatedTimestamp && <Moment at={of.AlarmConfigurationUpdatedTimestamp} />],
        ["ARN", <span className="mono thing">{of.AlarmArn}</span>],
      ]} />
    </Panel>
  );
}

/** Who is told when a state comes. */
function Told({ arns = [], here }: { arns?: string[]; here: Params }) {
  if (arns.length === 0) return "nobody is told";
  return arns.map((arn) => (
    <div key={arn}>{arn.includes(":sns:") ? <>tells <Link to={href("metrics/topics", { ...here, topic: arn })} size="sm">{nameOf(arn)}</Link></> : <span className="mono">{arn} (only topics are told)</span>}</div>
  ));
}

function missing({ TreatMissingData = "missing" }: { TreatMissingData?: string }): Fact {
  return ["Missing data count", MISSING.find(({ value }) => value === TreatMissingData)?.label];
}

function metricFacts(of: MetricAlarm, here: Params): Fact[] {
  const { Namespace = "", MetricName = "", Dimensions = [], Metrics = [] } = of;
  const stat = of.Statistic ?? of.ExtendedStatistic ?? "Sum";
  const graph = writeGraph([{ metric: { Namespace, MetricName, Dimensions }, stat }]);
  const one = MetricName && <><Link to={href("metrics", { ...here, graph })} size="sm">{Namespace} {metricLabel({ Namespace, MetricName, Dimensions })}</Link>, {stat}{of.Unit ? `, in ${of.Unit}` : ""}</>;
  return [["Metric", one], ...Metrics.map((query): Fact => [query.Id, <><span className="mono">{queryText(query)}</span>{query.ReturnData === false ? "" : " (watched)"}</>]), missing(of)];
}

function queryText({ MetricStat, Expression }: MetricQuery): string {
  return MetricStat ? `${MetricStat.Stat} of ${MetricStat.Metric.Namespace} ${metricLabel(MetricStat.Metric)}, ${MetricStat.Period} s` : (Expression ?? "");
}

function logFacts(of: LogAlarm, here: Params): Fact[] {
  const { QueryString, LogGroupIdentifiers = [] } = of.ScheduledQueryConfiguration;
  const query = <Link to={href("logs", { ...here, group: LogGroupIdentifiers.join(","), query: QueryString })} size="sm"><span className="mono">{QueryString}</span></Link>;
  return [["Query", query], ["Log groups", LogGroupIdentifiers.join(", ")], missing(of)];
}

function compositeFacts(of: CompositeAlarm, here: Params): Fact[] {
  const { ActionsSuppressor: silencer } = of;
  const link = silencer && <Link to={href("metrics/alarms", { ...here, alarm: alarmNameOf(silencer) })} size="sm">{alarmNameOf(silencer)}</Link>;
  return [
    ["Of these alarms", <Children of={of} here={here} />],
    ["Kept silent by", link && <>{link}, which it waits {of.ActionsSuppressorWaitPeriod} s for, and {of.ActionsSuppressorExtensionPeriod} s after</>],
    ["Silent now", of.ActionsSuppressedBy && (of.ActionsSuppressedReason ?? of.ActionsSuppressedBy)],
  ];
}

function Children({ of, here }: { of: CompositeAlarm; here: Params }) {
  const { params } = usePlace();
  const turn = useTurn(EVERY);
  const { value = [] } = useAsked(`children ${params.get("region")} ${of.AlarmName} ${turn}`, (signal) => describeAlarms({ ChildrenOfAlarmName: of.AlarmName }, signal));
  return value.map(({ of: { AlarmName, StateValue } }) => (
    <div key={AlarmName}><StateBadge of={StateValue} /> <Link to={href("metrics/alarms", { ...here, alarm: AlarmName })} size="sm">{AlarmName}</Link></div>
  ));
}
