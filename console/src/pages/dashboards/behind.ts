import { href } from "../../app/url";
import { iso } from "../../time/range";
import { type About, rangeOfWidget } from "./about";
import { asWidget, properties, text } from "./body";
import { parseSource } from "./source";

/** The address of the page where a widget's query is asked, changed, and asked again. */
export function behind(widget: unknown, { range }: About): string | undefined {
  if (asWidget(widget).type !== "log") return undefined;
  const of = properties(widget);
  const { groups, query } = parseSource(text(of.query) ?? "");
  const { start, end } = rangeOfWidget(widget, range);
  return query ? href("logs", { group: groups.join(","), query, region: text(of.region), from: iso(start), to: iso(end) }) : undefined;
}
