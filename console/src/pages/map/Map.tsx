import { Group, NativeSelect, Text } from "@mantine/core";
import { useCallback, useMemo } from "react";
import { type Interface, describe, type Subnet } from "../../api/ec2";
import { runInsights } from "../../api/insights";
import { href, setParams, shared, usePlace } from "../../app/url";
import { useQueryLink } from "../../record/about";
import { usePlaces } from "../../record/places";
import { type Records, WithRecords } from "../../record/WithRecords";
import { useRange } from "../../time/useRange";
import { Empty } from "../../ui/Empty";
import { bytes, count, many, percent } from "../../ui/numbers";
import { Panel } from "../../ui/Panel";
import { Problem } from "../../ui/Problem";
import { type Asked, useAsked } from "../../ui/useAsked";
import { Waiting } from "../../ui/Waiting";
import { colorOf, Drawing, STEPS } from "./Drawing";
import { ownersOf } from "./ends";
import { add, type Edge, FAR, type Graph, graphOf, type Grouping, type Line, NEAR, type Node } from "./graph";
import { filterOf, ofEdge, ofLine, ofNode } from "./links";
import { PairTable } from "./PairTable";
import { pairs, RANKS, type Rank, readPairs, readTotals, type Seen, type Sums, TOTALS, type Totals } from "./question";

const EVERY = 60_000;
const TOPS = ["25", "50", "100", "200"];

/** What the address says of the map, or what is usual. */
function useChoice(): Grouping & { rank: Rank; top: number } {
  const { params } = usePlace();
  const one = <T extends string>(name: string, all: readonly T[], usual: T) => all.find((known) => known === params.get(name)) ?? usual;
  return { near: one("near", NEAR, "interface"), far: one("far", FAR, "16"), rank: one("rank", RANKS, "bytes"), top: Number(one("top", TOPS, "50")) };
}

/** Who talks to whom. */
export default function MapPage() {
  return (
    <WithRecords consequence="nobody is known to talk">
      {({ group, fields, logs }) => (
        <>
          <h1 className="for-ears">Map</h1>
          <Choices logs={logs} group={group} />
          <Talk group={group} hasDirection={fields.includes("flow-direction")} />
        </>
      )}
    </WithRecords>
  );
}

function Choices({ logs, group }: Pick<Records, "logs" | "group">) {
  const { near, far, rank, top } = useChoice();
  const set = (name: string) => (event: { currentTarget: { value: string } }) => setParams({ [name]: event.currentTarget.value });
  return (
    <Group gap={8} mb={8} align="flex-end">
      {logs.groups.length > 1 && <NativeSelect size="xs" label="Log group" data={logs.groups} value={group} onChange={set("group")} />}
      <NativeSelect size="xs" label="Ours by" value={near} data={[...NEAR]} onChange={set("near")} />
      <NativeSelect size="xs" label="Far by" value={far} onChange={set("far")}
        data={FAR.map((value) => ({ value, label: value === "address" ? value : `network /${value}` }))} />
      <NativeSelect size="xs" label="Largest by" value={rank} onChange={set("rank")}
        data={RANKS.map((value) => ({ value, label: value === "refused" ? "refused packets" : value }))} />
      <NativeSelect size="xs" label="Drawn" value={String(top)} data={TOPS} onChange={set("top")} />
    </Group>
  );
}

interface Known {
  seen: Seen[];
  totals: Totals;
  interfaces: Interface[];
  subnets: Subnet[];
}

/** What the records say, and whose the addresses are. Without the right to see interfaces, the records alone. */
function useKnown(group: string, rank: Rank, hasDirection: boolean): Asked<Known> {
  const { params } = usePlace();
  const range = useRange(EVERY);
  return useAsked(JSON.stringify([params.get("region"), group, range, rank, hasDirection]), async (signal) => {
    const ask = (query: string) => runInsights({ groups: [group], query, ...range }, signal);
    const [rows, totals, interfaces, subnets] = await Promise.all([
      ask(pairs(rank, hasDirection)), ask(TOTALS), describe("interfaces", signal).catch(() => []), describe("subnets", signal).catch(() => []),
    ]);
    return { seen: readPairs(rows), totals: readTotals(totals), interfaces, subnets };
  });
}

function Talk({ group, hasDirection }: { group: string; hasDirection: boolean }) {
  const { near, far, rank, top } = useChoice();
  const { value, problem, again } = useKnown(group, rank, hasDirection);
  const owners = useMemo(() => value && ownersOf(value.seen, value.interfaces), [value]);
  const places = usePlaces(useMemo(() => (value?.seen ?? []).flatMap(({ from, to }) => [from, to]).filter((address) => !owners?.has(address)), [value, owners])).value;
  const graph = useMemo(() => value && owners && graphOf(value.seen, owners, value.subnets, places ?? new Map(), { near, far }, rank), [value, owners, places, near, far, rank]);
  const lines = useMemo(() => graph?.lines.slice(0, top) ?? [], [graph, top]);
  const { toNode, toLine, toEdge, query } = useWays(group, rank, hasDirection);
  if (problem) return <Problem of={problem} again={again} />;
  if (!value || !graph) return <Waiting label="Looking who talks to whom" />;
  if (graph.lines.length === 0) return <Empty>No traffic was recorded in this range. Choose a longer one above; a record comes when its interval has ended.</Empty>;
  return (
    <div className="map-page">
      <Panel title="Who talks to whom" query={query}>
        <Text size="xs" c="dimmed" role="status">{rest(graph, lines.length, value)}</Text>
        <Drawing lines={lines} toNode={toNode} toLine={toLine} />
        <p className="legend">
          {STEPS.map(([share, words]) => <span key={share}><i style={{ background: colorOf(share) }} />{words}</span>)}
        </p>
      </Panel>
      <Panel title="The same as a table">
        <PairTable edges={graph.edges} toEdge={toEdge} height={640} />
      </Panel>
    </div>
  );
}

/** Where each thing leads. */
function useWays(group: string, rank: Rank, hasDirection: boolean) {
  const { params } = usePlace();
  const link = useQueryLink(group);
  const toNode = useCallback((node: Node) => link(ofNode(node)), [params, group]);
  const toLine = useCallback((line: Line) => link(ofLine(line)), [params, group]);
  const toEdge = useCallback((edge: Edge) => {
    const filter = filterOf(edge);
    return filter ? href("flows", { ...shared(params), group, filter }) : link(ofEdge(edge));
  }, [params, group]);
  return { toNode, toLine, toEdge, query: link(pairs(rank, hasDirection)) };
}

/** What is not drawn: how many, and how much. */
function rest({ lines }: Graph, drawn: number, { seen, totals }: Known): string {
  const left: Sums = { bytes: 0, packets: 0, refused: 0, records: 0 };
  for (const line of lines.slice(drawn)) add(left, line);
  const others = lines.length - drawn;
  const about = ({ bytes: size, packets, refused }: Sums) => `${bytes(size)} (${percent(size, totals.bytes)}), ${percent(refused, packets)} of ${count(packets)} packets refused`;
  const words = [others === 0 ? `${lines.length > 1 ? "All " : ""}${many(lines.length, "pair")}.` : `The ${drawn} largest of ${many(lines.length, "pair")}. The others together: ${about(left)}.`];
  const unread = totals.pairs - seen.length;
  if (unread > 0) {
    const read: Sums = { bytes: 0, packets: 0, refused: 0, records: 0 };
    for (const row of seen) add(read, row);
    const beyond = { bytes: totals.bytes - read.bytes, packets: totals.packets - read.packets, refused: totals.refused - read.refused, records: totals.records - read.records };
    words.push(`${many(unread, "smaller pair")} of addresses were added up only: ${about(beyond)}.`);
  }
  return words.join(" ");
}
