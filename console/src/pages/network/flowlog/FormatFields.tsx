import { Button, Chip, Group, Radio, Stack, Text } from "@mantine/core";
import { useSession } from "../../../app/session";
import { type Field, FIELDS } from "../../../record/fields";
import { Copy } from "../../../ui/Empty";
import { formatOf } from "./draft";
import type { SectionProps } from "./Wizard";

const USUAL = FIELDS.filter(({ version }) => version === 2).map(({ name }) => name);
const VERSIONS = [...new Set(FIELDS.map(({ version }) => version))];

/** Which fields a record has, in which order, and how one looks. */
export function FormatFields({ draft, set, problemAt }: SectionProps) {
  const isOwn = draft.fields.length > 0;
  const fields = isOwn ? draft.fields : USUAL;
  const choose = (names: string[]) => set({ fields: names });
  return (
    <Stack gap="sm">
      <Radio.Group label="Log record format" value={isOwn ? "custom" : "default"} size="xs" error={problemAt("format")}
        onChange={(chosen) => choose(chosen === "custom" ? USUAL : [])}>
        <Group gap="md" mt={4}>
          <Radio size="xs" value="default" label="AWS default format" />
          <Radio size="xs" value="custom" label="Custom format" />
        </Group>
      </Radio.Group>
      {isOwn && VERSIONS.map((version) => (
        <div key={version ?? 0} role="group" aria-label={version ? `Fields of version ${version}` : "Fields of Weir"}>
          <Text size="xs" c="dimmed" mb={4}>{version ? `Version ${version}` : "Of Weir alone"}</Text>
          <Chip.Group multiple value={draft.fields} onChange={(chosen) => choose(ordered(draft.fields, chosen))}>
            <Group gap={4}>
              {FIELDS.filter((field) => field.version === version).map(({ name, words }) => <Chip key={name} size="xs" value={name} title={words}>{name}</Chip>)}
            </Group>
          </Chip.Group>
        </div>
      ))}
      {isOwn && <Group gap={8}><Button size="compact-xs" variant="default" onClick={() => choose(FIELDS.map(({ name }) => name))}>All fields</Button></Group>}
      <Preview fields={fields} />
    </Stack>
  );
}

/** Fields stay in their order; a new one comes last. */
function ordered(before: string[], chosen: string[]): string[] {
  return [...before.filter((name) => chosen.includes(name)), ...chosen.filter((name) => !before.includes(name))];
}

function Preview({ fields }: { fields: string[] }) {
  const { account, region } = useSession();
  const known = new Map(FIELDS.map((field) => [field.name, field]));
  const version = Math.max(2, ...fields.map((name) => known.get(name)?.version ?? 2));
  const value = ({ name, sample = "-" }: Field) => ({ version: String(version), "account-id": account, region })[name] ?? sample;
  const line = fields.map((name) => value(known.get(name) ?? { name, words: "" })).join(" ");
  return (
    <div>
      <Group gap={4}><Text size="xs" c="dimmed">The format, and how a record looks</Text><Copy text={formatOf(fields)} what="format" /></Group>
      <p className="mono">{formatOf(fields)}</p>
      <p className="mono" role="status" aria-label="Preview of a record">{line}</p>
    </div>
  );
}
