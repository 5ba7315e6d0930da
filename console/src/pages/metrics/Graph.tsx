import { ActionIcon, Group, Select, Text } from "@mantine/core";
import { useMemo } from "react";
import { metricLabel, type MetricLine, periodFor, STATISTICS } from "../../api/metrics";
import { LinkButton } from "../../app/link";
import { useMay } from "../../app/session";
import { href, setParams, shared, usePlace } from "../../app/url";
import type { Range } from "../../time/range";
import { Empty } from "../../ui/Empty";
import { metricChart } from "../../ui/metricChart";
import { count } from "../../ui/numbers";
import { Panel } from "../../ui/Panel";
import { Problem } from "../../ui/Problem";
import { PALETTE, TimeChart } from "../../ui/TimeChart";
import { useAsked } from "../../ui/useAsked";
import { Waiting } from "../../ui/Waiting";
import { alarmLink } from "./alarms/form";
import { graphData, type Graphed, PERIODS, writeGraph } from "./graphed";

/** The metrics that were chosen, over time. */
export function Graph({ graph, range }: { graph: Graphed[]; range: Range }) {
  const { params } = usePlace();
  const asked = Number(params.get("period"));
  const period = asked || periodFor(range);
  const text = writeGraph(graph);
  const { value, problem, again } = useAsked(text ? JSON.stringify([text, period, range, params.get("region")]) : null, (signal) => graphData(graph, period, range, signal));
  const chart = useMemo(() => value && metricChart(value, range, { period: () => period * 1000 }), [value]);
  return (
    <Panel title="Graph" className="tall" actions={
      <Select size="xs" w={130} aria-label="Period" value={asked ? String(asked) : "auto"} allowDeselect={false}
        data={[{ value: "auto", label: `auto (${PERIODS.find(({ value }) => Number(value) === periodFor(range))?.label})` }, ...PERIODS]}
        onChange={(chosen) => setParams({ period: chosen === "auto" || chosen === null ? undefined : chosen })} />
    }>
      {graph.length === 0 ? <Empty>Choose metrics in the list below. They stand in the address of this page: send it to somebody.</Empty>
        : problem ? <Problem of={problem} again={again} /> : !chart ? <Waiting label="Asking for data" /> : <TimeChart chart={chart} label="Metrics" height={220} />}
      {graph.length > 0 && <Chosen graph={graph} results={value ?? []} period={period} />}
    </Panel>
  );
}

/** What is graphed: of each its statistic, and what it came to. */
function Chosen({ graph, results, period }: { graph: Graphed[]; results: MetricLine[]; period: number }) {
  const { params } = usePlace();
  const [mayAlarm] = useMay([{ service: "monitoring", operation: "PutMetricAlarm" }]);
  const change = (place: number, to: Graphed[]) => setParams({ graph: writeGraph([...graph.slice(0, place), ...to, ...graph.slice(place + 1)]) });
  return (
    <table className="plain below middle" aria-label="Graphed metrics">
      <thead><tr><th>Metric</th><th>Statistic</th><th className="number wide-only">Least</th><th className="number wide-only">Most</th><th className="number wide-only">Sum</th><th><span className="for-ears">Actions</span></th></tr></thead>
      <tbody>
        {graph.map(({ metric, stat }, place) => {
          const values = results.find(({ id }) => id === `m${place}`)?.values ?? [];
          const figure = (of: (values: number[]) => number) => (values.length ? count(of(values)) : "–");
          const name = `${metric.Namespace} ${metricLabel(metric)}`;
          return (
            <tr key={place}>
              <th scope="row"><i className="swatch" style={{ background: PALETTE[place % PALETTE.length] }} aria-hidden="true" />{metricLabel(metric)} <Text span size="xs" c="dimmed">{metric.Namespace}</Text></th>
              <td><Select size="xs" w={120} data={[...new Set([...STATISTICS, stat])]} value={stat} allowDeselect={false} aria-label={`Statistic of ${name}`} onChange={(chosen) => change(place, [{ metric, stat: chosen ?? stat }])} /></td>
              <td className="number wide-only">{figure((all) => all.reduce((one, other) => Math.min(one, other)))}</td>
              <td className="number wide-only">{figure((all) => all.reduce((one, other) => Math.max(one, other)))}</td>
              <td className="number wide-only">{figure((all) => all.reduce((one, other) => one + other))}</td>
              <td>
                <Group gap={4} justify="flex-end" wrap="nowrap">
                  {mayAlarm && <LinkButton size="compact-xs" variant="default" to={href("metrics/alarms", { ...shared(params), ...alarmLink({ metric, statistic: stat, period: Math.max(60, period) }) })} aria-label={`Create alarm on ${name}`}>Create alarm</LinkButton>}
                  <ActionIcon size="sm" variant="subtle" color="gray" aria-label={`Take ${name} off`} onClick={() => change(place, [])}>×</ActionIcon>
                </Group>
              </td>
            </tr>
          );
        })}
      </tbody>
    </table>
  );
}
