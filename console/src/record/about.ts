// Records of a log group in a time range: how a page asks about them, and where a query leads.

import { type Answer, runInsights } from "../api/insights";
import { href, shared, usePlace } from "../app/url";
import { iso, type Range } from "../time/range";
import { type Asked, useAsked } from "../ui/useAsked";

export interface About {
  group: string;
  range: Range;
}

/** The answer to a question about records. */
export function useAnswer({ group, range }: About, query: string): Asked<Answer> {
  const key = JSON.stringify([group, range, query]);
  return useAsked(key, (signal) => runInsights({ groups: [group], query, ...range }, signal));
}

/** Makes the addresses of queries: the page where a query is asked, changed, and asked again. */
export function useQueryLink(group: string): (query: string, range?: Range) => string {
  const { params } = usePlace();
  return (query, range) => href("logs", {
    ...shared(params), group, query, ...(range ? { from: iso(range.start), to: iso(range.end) } : {}),
  });
}
