import { SegmentedControl } from "@mantine/core";
import { useMemo } from "react";
import type { Answer } from "../../api/insights";
import { setParams, usePlace } from "../../app/url";
import { bin, type Range } from "../../time/range";
import { parseUtc } from "../../time/zone";
import { Answered } from "../../ui/Answered";
import { Empty } from "../../ui/Empty";
import { bytes, count } from "../../ui/numbers";
import { Panel } from "../../ui/Panel";
import { type Chart, COLORS, TimeChart } from "../../ui/TimeChart";
import { type About, useAnswer, useQueryLink } from "../../record/about";
import { type Measure, traffic } from "./questions";

const MEASURES: Measure[] = ["bytes", "packets", "records"];

/** Traffic over time, accepted and refused. A brush over it sets the range of every panel. */
export function Traffic(about: About) {
  const { params } = usePlace();
  const measure = MEASURES.find((name) => name === params.get("measure")) ?? "bytes";
  const query = traffic(measure, bin(about.range).text);
  const asked = useAnswer(about, query);
  const link = useQueryLink(about.group)(query);
  const chart = useMemo(() => asked.value && toChart(asked.value, measure, about.range), [asked.value]);
  return (
    <Panel title="Traffic" query={link} className="wide tall" actions={
      <SegmentedControl size="xs" data={MEASURES} value={measure} aria-label="What is counted"
        onChange={(chosen) => setParams({ measure: chosen })} />
    }>
      <Answered asked={{ ...asked, value: chart }} waiting="Counting">
        {(drawn) => (drawn.times.length > 0 ? <TimeChart chart={drawn} label={`Traffic in ${measure}`} />
          : <Empty>No traffic was recorded in this range. Choose a longer one above; a record comes when its interval has ended.</Empty>)}
      </Answered>
    </Panel>
  );
}

function toChart({ rows }: Answer, measure: Measure, range: Range): Chart {
  const times = [...new Set(rows.map((row) => parseUtc(row.t ?? "") ?? 0))].sort((one, other) => one - other);
  const place = new Map(times.map((time, place) => [time, place]));
  const values = (action: string) => {
    const all: number[] = times.map(() => 0);
    for (const row of rows.filter((row) => row.action === action)) {
      all[place.get(parseUtc(row.t ?? "") ?? 0) ?? 0] = Number(row[measure]);
    }
    return all;
  };
  const { milliseconds } = bin(range);
  return {
    times, kind: "stacked", bin: milliseconds, format: measure === "bytes" ? bytes : count, ...range,
    series: [
      { label: "ACCEPT", color: COLORS.accept, values: values("ACCEPT") },
      { label: "REJECT", color: COLORS.reject, values: values("REJECT") },
    ],
  };
}
