import { Breadcrumbs, Button, Group as Row, Text, TextInput } from "@mantine/core";
import { type FormEvent, useEffect, useState } from "react";
import { Link } from "../../app/link";
import { href, setParams, shared, usePlace } from "../../app/url";
import { Moment } from "../../time/Moment";
import { useRange } from "../../time/useRange";
import { shown } from "../../time/zone";
import { Answered } from "../../ui/Answered";
import { type Column, DataGrid } from "../../ui/DataGrid";
import { Empty } from "../../ui/Empty";
import { bytes } from "../../ui/numbers";
import { useAsked } from "../../ui/useAsked";
import { type Group, type LogEvent, logEvents, logGroups, logStreams, MOST_EVENTS, type Stream } from "./groups";

const HEIGHT = 620;

/** From the groups to a group's streams, to the events of one or of all. */
export function Groups() {
  const { params } = usePlace();
  const [group, stream] = [params.get("group"), params.get("stream")];
  const back = { ...shared(params), view: "groups" };
  return (
    <>
      <Breadcrumbs mb={8}>
        <Link to={href("logs", back)} size="sm">All groups</Link>
        {group && <Link to={href("logs", { ...back, group })} size="sm">{group}</Link>}
        {stream && <Text size="sm">{stream === "*" ? "all streams" : stream}</Text>}
      </Breadcrumbs>
      {!group ? <GroupList /> : !stream ? <StreamList group={group} /> : <EventList group={group} stream={stream === "*" ? "" : stream} />}
    </>
  );
}

function time(at: number | undefined) {
  return at === undefined ? "–" : <Moment at={at} />;
}

function GroupList() {
  const { params } = usePlace();
  const asked = useAsked(`groups ${params.get("region")}`, logGroups);
  const to = (name: string, more = {}) => href("logs", { ...shared(params), group: name, ...more });
  const columns: Column<Group>[] = [
    { name: "Log group", width: 300, text: (row) => row.logGroupName, show: (row) => <Link to={to(row.logGroupName, { view: "groups" })}>{row.logGroupName}</Link> },
    { name: "Query", width: 70, text: () => "", show: (row) => <Link to={to(row.logGroupName)} aria-label={`Query ${row.logGroupName}`}>Query</Link> },
    { name: "Bytes", width: 100, isNumber: true, text: (row) => String(row.storedBytes ?? 0), show: (row) => bytes(row.storedBytes ?? 0) },
    { name: "Kept for", width: 100, text: (row) => (row.retentionInDays ? `${row.retentionInDays} days` : "ever") },
    { name: "Metric filters", width: 110, isNumber: true, text: (row) => String(row.metricFilterCount ?? 0), show: (row) => <Link to={href("metrics/filters", { ...shared(params), group: row.logGroupName })} aria-label={`${row.metricFilterCount ?? 0} metric filters of ${row.logGroupName}`}>{row.metricFilterCount ?? 0}</Link> },
    { name: "Made", width: 160, text: (row) => shown(row.creationTime ?? 0, "UTC"), show: (row) => time(row.creationTime) },
  ];
  return (
    <Answered asked={asked} waiting="Asking for log groups" empty={<Empty command="aws logs create-log-group --log-group-name /app">There is no log group in this region.</Empty>}>
      {(rows) => <DataGrid label="Log groups" columns={columns} rows={rows} height={HEIGHT} file="log-groups" />}
    </Answered>
  );
}

function StreamList({ group }: { group: string }) {
  const { params } = usePlace();
  const asked = useAsked(`streams ${params.get("region")} ${group}`, (signal) => logStreams(group, signal));
  const to = (stream: string) => href("logs", { ...shared(params), view: "groups", group, stream });
  const columns: Column<Stream>[] = [
    { name: "Stream", width: 320, text: (row) => row.logStreamName, show: (row) => <Link to={to(row.logStreamName)}>{row.logStreamName}</Link> },
    { name: "First event", width: 160, text: (row) => shown(row.firstEventTimestamp ?? 0, "UTC"), show: (row) => time(row.firstEventTimestamp) },
    { name: "Last event", width: 160, text: (row) => shown(row.lastEventTimestamp ?? 0, "UTC"), show: (row) => time(row.lastEventTimestamp) },
    { name: "Last taken in", width: 160, text: (row) => shown(row.lastIngestionTime ?? 0, "UTC"), show: (row) => time(row.lastIngestionTime) },
  ];
  const note = (count: number) => <>{count} streams. <Link to={to("*")} size="xs">Events of all of them</Link></>;
  return (
    <Answered asked={asked} waiting="Asking for streams" empty={<Empty>This log group has no stream yet: nothing was written to it.</Empty>}>
      {(rows) => <DataGrid label="Streams" columns={columns} rows={rows} height={HEIGHT} file="streams" note={note(rows.length)} />}
    </Answered>
  );
}

function EventList({ group, stream }: { group: string; stream: string }) {
  const { params } = usePlace();
  const range = useRange();
  const pattern = params.get("pattern") ?? "";
  const asked = useAsked(JSON.stringify([group, stream, pattern, range]), (signal) =>
    logEvents(group, stream, pattern, range.start, range.end, signal));
  const columns: Column<LogEvent>[] = [
    { name: "Time", width: 150, text: (row) => shown(row.timestamp, "UTC"), show: (row) => <Moment at={row.timestamp} /> },
    ...(stream ? [] : [{ name: "Stream", width: 200, text: (row: LogEvent) => row.logStreamName ?? "" }]),
    { name: "Message", width: 900, text: (row) => row.message, className: () => "mono" },
  ];
  return (
    <>
      <PatternField value={pattern} busy={asked.busy} />
      <Answered asked={asked} waiting="Reading events" empty={<Empty>No event of this range {pattern ? "has the pattern. Loosen it, or " : "is there. "}choose a longer range above.</Empty>}>
        {(rows) => <DataGrid label="Events" columns={columns} rows={rows} height={HEIGHT} file="events"
          note={rows.length === MOST_EVENTS ? "the first 10,000 events; choose a shorter range for others" : undefined} />}
      </Answered>
    </>
  );
}

function PatternField({ value, busy }: { value: string; busy: boolean }) {
  const [text, setText] = useState(value);
  useEffect(() => setText(value), [value]);
  const submit = (event: FormEvent) => {
    event.preventDefault();
    setParams({ pattern: text });
  };
  return (
    <Row component="form" gap={6} mb={8} onSubmit={submit as never}>
      <TextInput size="xs" flex={1} aria-label="Filter pattern" placeholder='Filter pattern, such as REJECT or [..., action="REJECT", status]' value={text}
        classNames={{ input: "mono" }} onChange={(event) => setText(event.currentTarget.value)} />
      <Button size="xs" type="submit" variant="default" loading={busy}>Filter</Button>
    </Row>
  );
}
