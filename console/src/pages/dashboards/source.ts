// The query of a log widget: `SOURCE 'group' | SOURCE 'other' | fields @message`.

export interface LogQuery {
  /** None if the query finds them by the beginning of their names. */
  groups: string[];
  query: string;
}

const SOURCE = /^\s*SOURCE\s+((?:'[^']*'|"[^"]*"|`[^`]*`)(?:\s*,\s*(?:'[^']*'|"[^"]*"|`[^`]*`))*)\s*(?:\||$)/i;

export function parseSource(text: string): LogQuery {
  const groups: string[] = [];
  let query = text;
  for (let found = SOURCE.exec(query); found; found = SOURCE.exec(query)) {
    groups.push(...[...(found[1] ?? "").matchAll(/['"`]([^'"`]*)['"`]/g)].map(([, name]) => name ?? ""));
    query = query.slice(found[0].length);
  }
  return { groups, query: query.trim() };
}

export function writeSource({ groups, query }: LogQuery): string {
  return [...groups.map((name) => `SOURCE '${name}'`), query].join(" | ");
}
