import { Button, Group, Text, Title } from "@mantine/core";
import { useState } from "react";
import { deleteBucket, list, open, type Folder, type StoredObject } from "../../../api/s3";
import { CellLink, Link } from "../../../app/link";
import { useMay } from "../../../app/session";
import { go, href, shared, usePlace } from "../../../app/url";
import { Moment } from "../../../time/Moment";
import { shown } from "../../../time/zone";
import { type Column, DataGrid } from "../../../ui/DataGrid";
import { Copy, Empty } from "../../../ui/Empty";
import { bytes } from "../../../ui/numbers";
import { Panel } from "../../../ui/Panel";
import { PlainTable } from "../../../ui/PlainTable";
import { Problem } from "../../../ui/Problem";
import { Sure } from "../../../ui/Sure";
import { useDoing } from "../../../ui/useDoing";
import { Waiting } from "../../../ui/Waiting";
import { Delivery } from "../flowlog/words";
import { Thing, useAskedAlong, useNetwork } from "../useNetwork";
import { tableOf, useBucketAddress } from "./address";
import { deliveringTo } from "./Buckets";

/** A bucket: who delivers to it, and its objects, folder by folder. */
export default function BucketPage({ name }: { name: string }) {
  const { params } = usePlace();
  const { flowLogs } = useNetwork();
  const to = useBucketAddress();
  const prefix = params.get("prefix") ?? "";
  const logs = deliveringTo(flowLogs, name);
  const query = `SELECT srcaddr, dstaddr, dstport, action, sum(packets) AS packets\nFROM ${tableOf(name)}\nGROUP BY 1, 2, 3, 4\nORDER BY packets DESC\nLIMIT 20`;
  return (
    <>
      <Group gap={8} mb={8}>
        <Link size="sm" to={to()}>Buckets</Link>
        <Title order={2} size="h5">{name}</Title>
        <Copy text={`s3://${name}/${prefix}`} what="address" />
        <span className="spacer" />
        <Remove name={name} done={() => go(to())} />
      </Group>
      <div className="tiles">
        <Panel title="Objects" className="wide" actions={logs.length > 0 && <Link size="xs" to={href("sql", { ...shared(params), query })}>Its records in SQL</Link>}>
          <Path bucket={name} prefix={prefix} />
          <Objects key={`${name}/${prefix}`} bucket={name} prefix={prefix} />
        </Panel>
        {logs.length > 0 && (
          <Panel title="Flow logs that deliver here" className="wide">
            <PlainTable label="Flow logs that deliver here" heads={["Flow log", "Of", "Traffic", "Delivery"]}>
              {logs.map((log) => (
                <tr key={log.flowLogId}>
                  <td><Thing id={log.flowLogId} /></td><td><Thing id={log.resourceId} /></td><td>{log.trafficType}</td><td><Delivery of={log} /></td>
                </tr>
              ))}
            </PlainTable>
          </Panel>
        )}
      </div>
    </>
  );
}

function Remove({ name, done }: { name: string; done: () => void }) {
  const [may] = useMay([{ service: "s3", operation: "DeleteBucket", input: { Bucket: name } }]);
  if (!may) return null;
  return (
    <Sure label="Delete" name={`Delete ${name}`} act={() => deleteBucket(name)} done={done}>
      An empty bucket is gone then. One with objects stays, and says so.
    </Sure>
  );
}

/** Where the reader is, each folder on the way a link. */
function Path({ bucket, prefix }: { bucket: string; prefix: string }) {
  const to = useBucketAddress();
  const parts = prefix.replace(/\/$/, "").split("/");
  return (
    <nav aria-label="Folders above" className="mono path">
      <CellLink to={to(bucket)}>s3://{bucket}</CellLink>/
      {prefix && parts.map((part, place) => <span key={place}><CellLink to={to(bucket, `${parts.slice(0, place + 1).join("/")}/`)}>{part}</CellLink>/</span>)}
    </nav>
  );
}

type Row = { folder: string } | StoredObject;

const keyOf = (row: Row) => ("folder" in row ? row.folder : row.Key);

function Objects({ bucket, prefix }: { bucket: string; prefix: string }) {
  const to = useBucketAddress();
  const { value, problem, again } = useAskedAlong(`${bucket}/${prefix}`, (signal) => open(bucket, prefix, signal));
  const [more, setMore] = useState<Folder[]>([]);
  const { busy, problem: missing, run } = useDoing();
  if (problem) return <Problem of={problem} again={again} />;
  if (!value) return <Waiting label="Asking for objects" />;
  const pages = [value, ...more];
  const rows = pages.flatMap(({ folders, objects }): Row[] => [...folders.map((folder) => ({ folder })), ...objects]);
  if (rows.length === 0) return <Empty>{prefix ? "There is nothing here." : "The bucket is empty. A flow log that delivers to it fills it; so does aws s3 cp."}</Empty>;
  const next = pages.at(-1)?.next;
  const proceed = () => run(async () => setMore([...more, await list(bucket, prefix, next)]));
  const columns: Column<Row>[] = [
    { name: "Name", width: 560, text: (row) => keyOf(row).slice(prefix.length), className: () => "mono",
      show: (row) => ("folder" in row ? <CellLink to={to(bucket, row.folder)}>{row.folder.slice(prefix.length)}</CellLink> : row.Key.slice(prefix.length)) },
    { name: "Size", width: 90, isNumber: true, text: (row) => ("folder" in row ? "" : String(row.Size)), show: (row) => ("folder" in row ? "" : bytes(row.Size)) },
    { name: "Modified", width: 150, text: (row) => ("folder" in row ? "" : shown(row.LastModified, "UTC")), show: (row) => ("folder" in row ? "" : <Moment at={row.LastModified} />) },
  ];
  return (
    <>
      <DataGrid label="Objects" columns={columns} rows={rows} height={520} file={bucket} rowKey={keyOf} note={next && `The first ${rows.length.toLocaleString("en")} rows`} />
      {missing !== undefined && <Problem of={missing} />}
      {next && <Group gap={8} mt={6}><Button size="xs" variant="default" loading={busy} onClick={() => void proceed()}>More</Button><Text size="xs" c="dimmed">There are more.</Text></Group>}
    </>
  );
}
