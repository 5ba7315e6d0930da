import { Autocomplete, Button, Group, Text } from "@mantine/core";
import { type FormEvent, useEffect, useState } from "react";
import { setParams } from "../../app/url";
import { OPERATORS } from "../../record/filter";
import { type Rec, value } from "../../record/record";

/** Most values that are offered. */
const OFFERED = 30;

/** Takes conditions on any field, and completes names and values. */
export function FilterBar({ filter, fields, rows, mistake }: { filter: string; fields: string[]; rows: Rec[]; mistake?: string }) {
  const [text, setText] = useState(filter);
  useEffect(() => setText(filter), [filter]);
  const submit = (event?: FormEvent) => {
    event?.preventDefault();
    setParams({ filter: text.trim() });
  };
  return (
    <form onSubmit={submit}>
      <Group gap={6} wrap="nowrap" align="flex-start">
        <Autocomplete size="xs" flex={1} aria-label="Filter" value={text} onChange={setText} spellCheck={false} classNames={{ input: "mono" }}
          placeholder="Filter by any field: action=REJECT dstport=22 srcaddr=10.0.* bytes>1000" data={offers(text, fields, rows)}
          filter={({ options }) => options} maxDropdownHeight={260} />
        <Button size="xs" type="submit" variant="default">Filter</Button>
        {filter && <Button size="xs" variant="default" onClick={() => setParams({ filter: undefined })}>Clear</Button>}
      </Group>
      {mistake && <Text size="xs" c="red" role="alert" mt={4}>{mistake}</Text>}
    </form>
  );
}

/** What the last word can become, each with what stands before it. */
export function offers(text: string, fields: string[], rows: Rec[]): string[] {
  const [, before = "", word = ""] = /^(.*\s)?(\S*)$/.exec(text) ?? [];
  const [, field, operator, begun = ""] = /^([a-z0-9-]+)(!=|>=|<=|=|>|<)(.*)$/.exec(word) ?? [];
  if (field && operator && fields.includes(field)) {
    const known = new Map<string, number>();
    for (const row of rows.slice(0, 5000)) {
      const found = value(row, fields, field);
      if (found !== "-" && found.startsWith(begun)) known.set(found, (known.get(found) ?? 0) + 1);
    }
    const often = [...known].sort(([, one], [, other]) => other - one).slice(0, OFFERED);
    return often.filter(([found]) => found !== begun).map(([found]) => `${before}${field}${operator}${found}`);
  }
  const names = fields.filter((name) => name.includes(word));
  return names.map((name) => `${before}${name}${OPERATORS[3]}`);
}
