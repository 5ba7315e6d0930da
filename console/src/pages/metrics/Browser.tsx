import { Group, Select, TextInput } from "@mantine/core";
import { useMemo } from "react";
import { type Dimension, listMetrics, type Metric } from "../../api/metrics";
import { setParams, usePlace } from "../../app/url";
import { useRange } from "../../time/useRange";
import { Answered } from "../../ui/Answered";
import { type Column, DataGrid } from "../../ui/DataGrid";
import { Empty } from "../../ui/Empty";
import { useAsked } from "../../ui/useAsked";
import { Graph } from "./Graph";
import { type Graphed, isSame, keyOf, readGraph, writeGraph } from "./graphed";

/** How often the list and the graph are asked for anew while the range ends now, in milliseconds. */
const EVERY = 30_000;
const PUT = "aws cloudwatch put-metric-data --namespace lab --metric-name tries --value 1";

/** All metrics, and a graph of those that are chosen. */
export default function Browser() {
  const { params } = usePlace();
  const range = useRange(EVERY);
  const asked = useAsked(`metrics ${params.get("region")} ${range.end}`, listMetrics);
  const graph = useMemo(() => readGraph(params.get("graph")), [params]);
  return (
    <div className="stack">
      <Graph graph={graph} range={range} />
      <Answered asked={asked} waiting="Asking for metrics" empty={(
        <Empty command={PUT}>
          No metric had data in the last two weeks. A metric filter makes one of the lines of a log group when they match: see Metric filters above. This
          sends a number:
        </Empty>
      )}>
        {(metrics) => <MetricList metrics={metrics} graph={graph} />}
      </Answered>
    </div>
  );
}

function dimensionText(dimensions: Dimension[] = []): string {
  return dimensions.map(({ Name, Value }) => `${Name}=${Value}`).join(", ");
}

function MetricList({ metrics, graph }: { metrics: Metric[]; graph: Graphed[] }) {
  const { params } = usePlace();
  const namespace = params.get("namespace");
  const search = params.get("search") ?? "";
  const namespaces = [...new Set(metrics.map(({ Namespace }) => Namespace))].sort();
  const words = search.toLowerCase().split(/\s+/).filter(Boolean);
  const text = ({ Namespace, MetricName, Dimensions }: Metric) => `${Namespace} ${MetricName} ${dimensionText(Dimensions)}`.toLowerCase();
  const found = metrics.filter((metric) => (!namespace || metric.Namespace === namespace) && words.every((word) => text(metric).includes(word)));
  const chosen = (metric: Metric) => graph.some((one) => isSame(one.metric, metric));
  const turn = (metric: Metric) => setParams({
    graph: writeGraph(chosen(metric) ? graph.filter((one) => !isSame(one.metric, metric)) : [...graph, { metric, stat: usualStatistic(metric) }]),
  });
  const columns: Column<Metric>[] = [
    {
      name: "Graph", width: 60, text: (row) => (chosen(row) ? "yes" : ""),
      show: (row) => <input type="checkbox" checked={chosen(row)} onChange={() => turn(row)} aria-label={`Graph ${row.MetricName} ${dimensionText(row.Dimensions)}`} />,
    },
    { name: "Namespace", width: 180, text: ({ Namespace }) => Namespace },
    { name: "Metric", width: 220, text: ({ MetricName }) => MetricName },
    { name: "Dimensions", width: 380, text: ({ Dimensions }) => dimensionText(Dimensions) },
  ];
  return (
    <section aria-label="All metrics">
      <Group gap={6} mb={6}>
        <Select size="xs" w={220} aria-label="Namespace" placeholder="All namespaces" clearable data={namespaces} value={namespace}
          clearButtonProps={{ "aria-label": "All namespaces" }} onChange={(value) => setParams({ namespace: value ?? undefined })} />
        <TextInput size="xs" flex={1} miw={160} aria-label="Search metrics" placeholder="Search names and dimensions" value={search}
          onChange={(event) => setParams({ search: event.currentTarget.value }, "replace")} />
      </Group>
      {found.length === 0 ? <Empty>No metric has these words. Search for fewer, or in all namespaces.</Empty>
        : <DataGrid label="Metrics" columns={columns} rows={found} height={420} file="metrics" rowKey={keyOf} />}
    </section>
  );
}

/** What is mostly asked of a metric: how many, or how much. */
function usualStatistic({ MetricName }: Metric): string {
  return /latency|duration|utili[sz]ation|percent|age$/i.test(MetricName) ? "Average" : "Sum";
}
