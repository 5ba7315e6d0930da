import { Button, Group, Popover, SegmentedControl, Stack, Text, TextInput } from "@mantine/core";
import { type FormEvent, useState } from "react";
import { setParams, usePlace } from "../app/url";
import { ReloadIcon } from "../ui/icons";
import { CHOICES, isRelative, iso, resolve, USUAL } from "./range";
import { shown, useZone, type Zone } from "./zone";

/** Says which time every panel is about, and changes it. */
export function TimePicker() {
  const { params } = usePlace();
  const zone = useZone();
  const [open, setOpen] = useState(false);
  const from = params.get("from");
  const range = resolve(from, params.get("to"), Date.now());
  const label = isRelative(from) ? `Last ${from ?? USUAL}` : `${shown(range.start, zone).slice(5, 16)} – ${shown(range.end, zone).slice(5, 16)}`;
  return (
    <Group gap={4} wrap="nowrap">
      <Popover opened={open} onChange={setOpen} position="bottom-end" trapFocus withinPortal>
        <Popover.Target>
          <Button size="compact-sm" variant="default" onClick={() => setOpen(!open)} aria-haspopup="dialog">{label}</Button>
        </Popover.Target>
        <Popover.Dropdown aria-label="Time range">
          <Stack gap="xs">
            <SegmentedControl size="xs" data={CHOICES} value={isRelative(from) ? (from ?? USUAL) : ""} aria-label="Back from now"
              onChange={(choice) => { setParams({ from: choice, to: undefined }); setOpen(false); }} />
            <Absolute start={range.start} end={range.end} zone={zone} done={() => setOpen(false)} />
          </Stack>
        </Popover.Dropdown>
      </Popover>
      <Button size="compact-sm" variant="default" aria-label="Ask anew" onClick={() => dispatchEvent(new Event(ASK_ANEW))}>
        <ReloadIcon />
      </Button>
    </Group>
  );
}

/** Told to the window when the reader wants newer numbers. */
export const ASK_ANEW = "weir:anew";

function Absolute({ start, end, zone, done }: { start: number; end: number; zone: Zone; done: () => void }) {
  const [from, setFrom] = useState(shown(start, zone));
  const [to, setTo] = useState(shown(end, zone));
  const [wrong, setWrong] = useState("");
  const read = (text: string) => Date.parse(text.trim().replace(" ", "T") + (zone === "UTC" ? "Z" : ""));

  function submit(event: FormEvent) {
    event.preventDefault();
    const [first, last] = [read(from), read(to)];
    if (Number.isNaN(first) || Number.isNaN(last)) return setWrong("Write both times as 2026-11-22 05:51:00.");
    if (last <= first) return setWrong("The end must be after the start.");
    setParams({ from: iso(first), to: iso(last) });
    return done();
  }

  return (
    <form onSubmit={submit}>
      <Stack gap={6}>
        <Group gap={6} grow>
          <TextInput size="xs" label="From" value={from} onChange={(event) => setFrom(event.currentTarget.value)} />
          <TextInput size="xs" label="Until" value={to} onChange={(event) => setTo(event.currentTarget.value)} />
        </Group>
        {wrong && <Text size="xs" c="red" role="alert">{wrong}</Text>}
        <Group justify="space-between">
          <Text size="xs" c="dimmed">in {zone === "UTC" ? "UTC" : "your zone"}</Text>
          <Button size="compact-xs" type="submit">Show</Button>
        </Group>
      </Stack>
    </form>
  );
}
