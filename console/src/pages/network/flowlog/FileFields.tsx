import { Checkbox, Group, Radio, Stack } from "@mantine/core";
import type { SectionProps } from "./Wizard";

const FORMATS = [["plain-text", "Text"], ["parquet", "Parquet"], ["json", "JSON"], ["cef", "CEF"], ["ocsf", "OCSF"]] as const;

/** How the files of a bucket are written, and where they lie. */
export function FileFields({ draft, set }: SectionProps) {
  return (
    <Stack gap="sm">
      <Radio.Group label="Log file format" description="Text and Parquet are those of AWS" value={draft.file} onChange={(file) => set({ file })} size="xs">
        <Group gap="md" mt={4}>{FORMATS.map(([value, label]) => <Radio key={value} size="xs" value={value} label={label} />)}</Group>
      </Radio.Group>
      <Checkbox size="xs" label="Hive-compatible prefixes" description="year=2026/month=11/day=22/ in place of 2026/11/22/" checked={draft.hive}
        onChange={(event) => set({ hive: event.currentTarget.checked })} />
      <Checkbox size="xs" label="Partition by hour" description="Each hour has a prefix of its own below that of the day" checked={draft.hour}
        onChange={(event) => set({ hour: event.currentTarget.checked })} />
    </Stack>
  );
}
