import { Group, Select, Text } from "@mantine/core";
import { call } from "../../../api/call";
import { Link, LinkButton } from "../../../app/link";
import { useMay } from "../../../app/session";
import { href, setParams, shared, usePlace } from "../../../app/url";
import { Answered } from "../../../ui/Answered";
import { type Column, DataGrid } from "../../../ui/DataGrid";
import { Empty } from "../../../ui/Empty";
import { Sure } from "../../../ui/Sure";
import { useAsked } from "../../../ui/useAsked";
import { logGroups } from "../../logs/groups";
import { alarmLink } from "../alarms/form";
import { writeGraph } from "../graphed";
import { draftOf, type MetricFilter, metricFilters } from "./filter";

const PUT = "aws logs put-metric-filter --log-group-name VPCFlowLogs --filter-name dest-port-22-rejects --filter-pattern '[version, account, eni, source, destination, "
  + "srcport, destport=\"22\", protocol=\"6\", packets, bytes, windowstart, windowend, action=\"REJECT\", flowlogstatus]' "
  + "--metric-transformations 'metricName=SSH-rejects,metricNamespace=VPC Flow Logs,metricValue=1'";

/** What makes metrics of lines. */
export function FilterList() {
  const { params } = usePlace();
  const group = params.get("group");
  const filters = useAsked(`filters ${params.get("region")} ${group}`, (signal) => metricFilters(group, signal));
  const groups = useAsked(`groups ${params.get("region")}`, logGroups);
  const [mayPut] = useMay([{ service: "logs", operation: "PutMetricFilter", input: { logGroupName: group ?? "*" } }]);
  const names = [...new Set([...(group ? [group] : []), ...(groups.value ?? []).map(({ logGroupName }) => logGroupName)])];
  return (
    <>
      <Group gap={6} mb={6} justify="space-between">
        <Select size="xs" w={280} aria-label="Log group" placeholder="All log groups" clearable searchable clearButtonProps={{ "aria-label": "All log groups" }} data={names} value={group}
          onChange={(value) => setParams({ group: value ?? undefined })} />
        {mayPut && <LinkButton size="xs" to={href("metrics/filters", { ...shared(params), new: JSON.stringify(group ? { group } : {}) })}>Create metric filter</LinkButton>}
      </Group>
      <Answered asked={filters} waiting="Asking for metric filters" empty={(
        <Empty command={PUT}>There is no metric filter here. One counts the lines of a log group that match a pattern. Create one above, or with:</Empty>
      )}>
        {(found) => <Rows filters={found} again={filters.again} />}
      </Answered>
    </>
  );
}

function Rows({ filters, again }: { filters: MetricFilter[]; again: () => void }) {
  const { params } = usePlace();
  const [mayPut, mayDelete, mayAlarm] = useMay([
    { service: "logs", operation: "PutMetricFilter" }, { service: "logs", operation: "DeleteMetricFilter" }, { service: "monitoring", operation: "PutMetricAlarm" },
  ]);
  const metric = ({ metricTransformations: [first] }: MetricFilter) => ({ Namespace: first?.metricNamespace ?? "", MetricName: first?.metricName ?? "" });
  const keys = ({ metricTransformations: [first] }: MetricFilter) => Object.keys(first?.dimensions ?? {});
  // Of a filter with dimensions a metric for each of their values is there: they are chosen in the list.
  const toMetric = (row: MetricFilter) => href("metrics", {
    ...shared(params), ...(keys(row).length ? { namespace: metric(row).Namespace, search: metric(row).MetricName } : { graph: writeGraph([{ metric: metric(row), stat: "Sum" }]) }),
  });
  const toGroup = (logGroupName: string) => href("logs", { ...shared(params), view: "groups", group: logGroupName });
  const columns: Column<MetricFilter>[] = [
    { name: "Filter name", width: 180, text: ({ filterName }) => filterName },
    { name: "Log group", width: 150, text: ({ logGroupName }) => logGroupName, show: ({ logGroupName }) => <Link to={toGroup(logGroupName)}>{logGroupName}</Link> },
    { name: "Metric", width: 200, text: (row) => `${metric(row).Namespace} ${metric(row).MetricName}`, show: (row) => <Link to={toMetric(row)}>{metric(row).Namespace} {metric(row).MetricName}</Link> },
    { name: "Value", width: 70, text: ({ metricTransformations: [first] }) => first?.metricValue ?? "" },
    {
      name: "Actions", width: 240, text: () => "",
      show: (row) => (
        <Group gap={4} wrap="nowrap">
          {mayAlarm && keys(row).length === 0 && <LinkButton size="compact-xs" variant="default" aria-label={`Create alarm on ${row.filterName}`} to={href("metrics/alarms", { ...shared(params), ...alarmLink({ metric: metric(row) }) })}>Create alarm</LinkButton>}
          {mayPut && <LinkButton size="compact-xs" variant="default" aria-label={`Change ${row.filterName}`} to={href("metrics/filters", { ...shared(params), new: JSON.stringify(draftOf(row)) })}>Change</LinkButton>}
          {mayDelete && (
            <Sure size="compact-xs" label="Delete" name={`Delete ${row.filterName}`} done={again}
              act={() => call("logs", "DeleteMetricFilter", { logGroupName: row.logGroupName, filterName: row.filterName })}>
              Lines of {row.logGroupName} are no longer counted. What was counted stays.
            </Sure>
          )}
        </Group>
      ),
    },
    { name: "Filter pattern", width: 640, text: ({ filterPattern }) => filterPattern || "(every line)", className: () => "mono" },
  ];
  return (
    <>
      <DataGrid label="Metric filters" columns={columns} rows={filters} height={560} file="metric-filters" rowKey={({ logGroupName, filterName }) => `${logGroupName}:${filterName}`} />
      <Text size="xs" c="dimmed" mt={4}>A metric filter counts lines from when it was made on; its metric begins with the first line that matches.</Text>
    </>
  );
}
