import { href } from "../../app/url";
import { iso } from "../../time/range";
import { writeGraph } from "../metrics/graphed";
import { type About, rangeOfWidget } from "./about";
import { asWidget, type Members, properties, text } from "./body";
import { rowsOf } from "./metrics";
import { parseSource } from "./source";

/** The address of the page where what a widget shows is asked, changed, and asked again. */
export function behind(widget: unknown, { range }: About): string | undefined {
  const of = properties(widget);
  const { start, end } = rangeOfWidget(widget, range);
  const when = { region: text(of.region), from: iso(start), to: iso(end) };
  switch (asWidget(widget).type) {
    case "log": {
      const { groups, query } = parseSource(text(of.query) ?? "");
      return query ? href("logs", { group: groups.join(","), query, ...when }) : undefined;
    }
    case "metric": {
      const graph = graphOf(of);
      return graph ? href("metrics", { graph, ...when }) : undefined;
    }
    default: return undefined;
  }
}

/** The metrics of a widget, as the page of metrics has them. It knows no expressions. */
function graphOf(of: Members): string | undefined {
  const { queries } = rowsOf(of, 60, false);
  return writeGraph(queries.flatMap(({ MetricStat }) => (MetricStat ? [{ metric: MetricStat.Metric, stat: MetricStat.Stat }] : [])));
}
