import { Button, Group, Stack, Text, TextInput } from "@mantine/core";
import type { SectionProps } from "./Wizard";

/** Tags of the flow log; the tag Name is what it is called. */
export function TagFields({ draft: { tags }, set, problemAt }: SectionProps) {
  const change = (place: number, part: { key?: string; value?: string }) =>
    set({ tags: tags.map((tag, at) => (at === place ? { ...tag, ...part } : tag)) });
  const problem = problemAt("tags");
  return (
    <Stack gap="xs">
      {tags.map(({ key, value }, place) => (
        <Group key={place} gap={8} align="flex-end">
          <TextInput size="xs" label="Key" w={150} value={key} maxLength={127} onChange={(event) => change(place, { key: event.currentTarget.value })} />
          <TextInput size="xs" label="Value" w={200} value={value} maxLength={255} onChange={(event) => change(place, { value: event.currentTarget.value })} />
          <Button size="xs" variant="default" aria-label={`Remove the tag ${key}`} onClick={() => set({ tags: tags.filter((_, at) => at !== place) })}>Remove</Button>
        </Group>
      ))}
      {problem && <Text size="xs" c="red">{problem}</Text>}
      <Group><Button size="compact-xs" variant="default" onClick={() => set({ tags: [...tags, { key: tags.length === 0 ? "Name" : "", value: "" }] })}>Add a tag</Button></Group>
    </Stack>
  );
}
