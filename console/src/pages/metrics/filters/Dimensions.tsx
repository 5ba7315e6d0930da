import { ActionIcon, Autocomplete, Button, Group, TextInput } from "@mantine/core";
import type { PartProps } from "./FilterForm";

/** A metric filter takes so many. */
const MOST = 3;

/** A metric for each value of a field. */
export function Dimensions({ draft: { dimensions }, set, fields }: PartProps & { fields: string[] }) {
  const change = (place: number, to: [string, string][]) => set({ dimensions: [...dimensions.slice(0, place), ...to, ...dimensions.slice(place + 1)] });
  return (
    <>
      {dimensions.map(([name, field], place) => (
        <Group key={place} gap={6} wrap="nowrap" align="flex-end">
          <TextInput size="xs" flex={1} label={`Dimension ${place + 1}`} required maxLength={255} value={name} onChange={(event) => change(place, [[event.currentTarget.value, field]])} />
          <Autocomplete size="xs" flex={1} label="has the value of" required data={fields} placeholder="$field" value={field} onChange={(chosen) => change(place, [[name, chosen]])} />
          <ActionIcon size="md" variant="subtle" color="gray" aria-label={`Take dimension ${place + 1} off`} onClick={() => change(place, [])}>×</ActionIcon>
        </Group>
      ))}
      {dimensions.length < MOST && <Group><Button size="compact-xs" variant="default" onClick={() => set({ dimensions: [...dimensions, ["", ""]] })}>Add a dimension</Button></Group>}
    </>
  );
}
