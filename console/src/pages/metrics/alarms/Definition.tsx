import { Badge } from "@mantine/core";
import type { ReactNode } from "react";
import { type Alarm, type CompositeAlarm, describeAlarms, type LogAlarm, type MetricAlarm } from "../../../api/alarms";
import { metricLabel, type MetricQuery } from "../../../api/metrics";
import { nameOf } from "../../../api/sns";
import { Link } from "../../../app/link";
import { href, shared, usePlace } from "../../../app/url";
import { Moment } from "../../../time/Moment";
import { Panel } from "../../../ui/Panel";
import { useAsked } from "../../../ui/useAsked";
import { writeGraph } from "../graphed";
import { condition } from "./AlarmList";
import { MISSING } from "./form";
import { StateBadge } from "./StateBadge";

/** What an alarm is. */
export function Definition({ alarm }: { alarm: Alarm }) {
  const { of } = alarm;
  const actions: [string, string[] | undefined][] = [["In alarm", of.AlarmActions], ["OK", of.OKActions], ["Insufficient data", of.InsufficientDataActions]];
  return (
    <Panel title="Definition" className="third">
      <table className="plain" aria-label="Definition">
        <tbody>
          {of.AlarmDescription && <Fact name="Description">{of.AlarmDescription}</Fact>}
          <Fact name="Condition"><span className={alarm.kind === "composite" ? "mono" : undefined}>{condition(alarm)}</span></Fact>
          {alarm.kind === "metric" ? <MetricFacts of={alarm.of} /> : alarm.kind === "log" ? <LogFacts of={alarm.of} /> : <CompositeFacts of={alarm.of} />}
          {actions.map(([name, arns]) => <Fact key={name} name={`Told when ${name}`}><Actions arns={arns ?? []} /></Fact>)}
          <Fact name="Actions">{of.ActionsEnabled === false ? <Badge size="xs" color="orange" autoContrast variant="filled" tt="none">switched off: nobody is told</Badge> : "switched on"}</Fact>
          {of.AlarmConfigurationUpdatedTimestamp !== undefined && <Fact name="Last changed"><Moment at={of.AlarmConfigurationUpdatedTimestamp} /></Fact>}
          <Fact name="ARN"><span className="mono">{of.AlarmArn}</span></Fact>
        </tbody>
      </table>
    </Panel>
  );
}

function Fact({ name, children }: { name: string; children: ReactNode }) {
  return <tr><th scope="row">{name}</th><td>{children}</td></tr>;
}

function Actions({ arns }: { arns: string[] }) {
  const { params } = usePlace();
  if (arns.length === 0) return "nobody";
  return arns.map((arn) => (
    <div key={arn}>{arn.includes(":sns:") ? <Link to={href("metrics/topics", { ...shared(params), topic: arn })} size="sm">{nameOf(arn)}</Link> : <span className="mono">{arn} (only topics are told)</span>}</div>
  ));
}

function missingText(of: { TreatMissingData?: string }): string {
  return MISSING.find(({ value }) => value === (of.TreatMissingData ?? "missing"))?.label ?? "";
}

function MetricFacts({ of }: { of: MetricAlarm }) {
  const { params } = usePlace();
  const { Namespace = "", MetricName = "", Dimensions = [], Metrics = [] } = of;
  const stat = of.Statistic ?? of.ExtendedStatistic ?? "Sum";
  const graph = writeGraph([{ metric: { Namespace, MetricName, Dimensions }, stat }]);
  return (
    <>
      {MetricName && <Fact name="Metric"><Link to={href("metrics", { ...shared(params), graph })} size="sm">{Namespace} {metricLabel({ Namespace, MetricName, Dimensions })}</Link>, {stat}{of.Unit ? `, in ${of.Unit}` : ""}</Fact>}
      {Metrics.map((query) => <Fact key={query.Id} name={query.Id}><span className="mono">{queryText(query)}</span>{query.ReturnData === false ? "" : " (watched)"}</Fact>)}
      <Fact name="Missing data count">{missingText(of)}</Fact>
    </>
  );
}

function queryText({ MetricStat, Expression }: MetricQuery): string {
  return MetricStat ? `${MetricStat.Stat} of ${MetricStat.Metric.Namespace} ${metricLabel(MetricStat.Metric)}, ${MetricStat.Period} s` : (Expression ?? "");
}

function LogFacts({ of }: { of: LogAlarm }) {
  const { params } = usePlace();
  const { QueryString, LogGroupIdentifiers = [] } = of.ScheduledQueryConfiguration;
  return (
    <>
      <Fact name="Query"><Link to={href("logs", { ...shared(params), group: LogGroupIdentifiers.join(","), query: QueryString })} size="sm"><span className="mono">{QueryString}</span></Link></Fact>
      <Fact name="Log groups">{LogGroupIdentifiers.join(", ")}</Fact>
      <Fact name="Missing data count">{missingText(of)}</Fact>
    </>
  );
}

function CompositeFacts({ of }: { of: CompositeAlarm }) {
  const { params } = usePlace();
  const to = (alarm: string) => href("metrics/alarms", { ...shared(params), alarm });
  const children = useAsked(`children ${params.get("region")} ${of.AlarmName} ${of.StateUpdatedTimestamp}`, (signal) => describeAlarms({ ChildrenOfAlarmName: of.AlarmName }, signal));
  return (
    <>
      <Fact name="Of these alarms">
        {(children.value ?? []).map(({ of: { AlarmName, StateValue } }) => <div key={AlarmName}><StateBadge of={StateValue} /> <Link to={to(AlarmName)} size="sm">{AlarmName}</Link></div>)}
      </Fact>
      {of.ActionsSuppressor && <Fact name="Kept silent by"><Link to={to(nameOf(of.ActionsSuppressor))} size="sm">{nameOf(of.ActionsSuppressor)}</Link>, which it waits {of.ActionsSuppressorWaitPeriod} s for, and {of.ActionsSuppressorExtensionPeriod} s after</Fact>}
      {of.ActionsSuppressedBy && <Fact name="Silent now">{of.ActionsSuppressedReason ?? of.ActionsSuppressedBy}</Fact>}
    </>
  );
}
