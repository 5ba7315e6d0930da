import { Text } from "@mantine/core";
import { useDebouncedValue } from "@mantine/hooks";
import { useMemo } from "react";
import { metricLines, type MetricLine } from "../../../api/metrics";
import { usePlace } from "../../../app/url";
import { Moment } from "../../../time/Moment";
import type { Range } from "../../../time/range";
import { useRange } from "../../../time/useRange";
import { Empty } from "../../../ui/Empty";
import { metricChart } from "../../../ui/metricChart";
import { Panel } from "../../../ui/Panel";
import { Problem } from "../../../ui/Problem";
import { type Chart, TimeChart } from "../../../ui/TimeChart";
import { useAsked } from "../../../ui/useAsked";
import { Waiting } from "../../../ui/Waiting";
import { inPeriods } from "../graphed";
import { type AlarmDraft, queriesOf, ruleOf } from "./form";
import { type Replay, type Spell, tickOf, wouldHave } from "./replay";
import { Strip } from "./Strip";

const EVERY = 60_000;
/** How long after the last letter the server is asked, in milliseconds. */
const SETTLED = 250;

interface Seen {
  lines: MetricLine[];
  replay?: Replay;
}

/** The metric so far, the threshold over it, and what the alarm would have done. */
export function Preview({ draft }: { draft: AlarmDraft }) {
  const { params } = usePlace();
  const range = useRange(EVERY);
  const [settled] = useDebouncedValue(draft, SETTLED);
  const { metric, statistic, period } = settled;
  const rule = ruleOf(settled);
  const key = metric && JSON.stringify([metric, statistic, period, rule, range, params.get("region")]);
  const { value, problem, again, busy } = useAsked<Seen>(key, async (signal) => {
    const queries = queriesOf(settled);
    const [lines, replay] = await Promise.all([
      metricLines(queries, inPeriods(range, period), signal),
      rule && wouldHave(rule, queries, period, range.start, range.end, signal),
    ]);
    return { lines, replay };
  });
  const chart = useMemo(() => value && chartOf(value.lines, period, range, rule?.threshold, value.replay?.spells ?? []), [value]);
  return (
    <Panel title="So far" className="wide tall" hint={metric ? `${metric.MetricName}, ${statistic} of ${period} s` : undefined}>
      {!metric ? <Empty>Choose a metric: what it was in this range stands here, with the threshold over it.</Empty>
        : problem ? <Problem of={problem} again={again} /> : !chart || !value ? <Waiting label="Asking for data" /> : (
          <div aria-busy={busy}>
            <TimeChart chart={chart} label="The metric so far" height={190} />
            {value.replay && <><Strip spells={value.replay.spells} range={range} label="States that the alarm would have had" /><WouldHave replay={value.replay} range={range} settled={settled} /></>}
            {value.lines.every(({ values }) => values.length === 0) && <Text size="xs" c="dimmed">The metric has no data in this range. One of a metric filter begins with the first line that matches.</Text>}
          </div>
        )}
    </Panel>
  );
}

function WouldHave({ replay: { rings, from }, range, settled: { period, periods } }: { replay: Replay; range: Range; settled: AlarmDraft }) {
  const tick = tickOf(period, periods);
  return (
    <Text size="sm" role="status" mt={4}>
      It would have rung <b>{rings === 1 ? "once" : `${rings} times`}</b> in this range
      {from > range.start + tick && <>, of which the data are fine enough since <Moment at={from} /></>}
      , had it been there from the beginning and Weir run all the time. It is judged every {tick >= 60_000 ? `${Math.round(tick / 6000) / 10} min` : `${tick / 1000} s`}.
    </Text>
  );
}

/** A metric with a threshold; times in alarm are shaded. */
export function chartOf(lines: MetricLine[], period: number, range: Range, threshold: number | undefined, spells: Spell[]): Chart {
  return { ...metricChart(lines, range, { period: () => period * 1000 }), threshold, shaded: spells.filter(({ state }) => state === "ALARM") };
}
