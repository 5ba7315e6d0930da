// From when until when: `3h` back from now, or two times.

export interface Range {
  /** Unix milliseconds. */
  start: number;
  end: number;
}

const UNITS: Record<string, number> = { s: 1000, m: 60_000, h: 3_600_000, d: 86_400_000 };

export const USUAL = "1h";
export const CHOICES = ["15m", "1h", "3h", "12h", "1d", "3d", "7d", "30d"];

/** Milliseconds of `90s`, `15m`, `3h`, `7d`. */
export function duration(text: string): number | undefined {
  const [, count, unit] = /^(\d{1,6})([smhd])$/.exec(text) ?? [];
  return count && unit ? Number(count) * (UNITS[unit] ?? 0) : undefined;
}

/** What `from` and `to` of an address mean. */
export function resolve(from: string | null, to: string | null, now: number): Range {
  const back = duration(from ?? USUAL);
  if (back !== undefined) return { start: now - back, end: now };
  const start = Date.parse(from ?? "");
  const end = to ? Date.parse(to) : now;
  if (Number.isNaN(start) || Number.isNaN(end) || end <= start) return { start: now - (duration(USUAL) ?? 0), end: now };
  return { start, end };
}

/** Whether a range moves on with the clock. */
export function isRelative(from: string | null): boolean {
  return duration(from ?? USUAL) !== undefined;
}

/** The width of a bin, so that a chart has about so many of them. */
export function bin(range: Range, most = 90): { text: string; milliseconds: number } {
  const steps = ["1s", "5s", "10s", "30s", "1m", "5m", "10m", "30m", "1h", "3h", "6h", "1d"];
  const found = steps.find((step) => (range.end - range.start) / (duration(step) ?? 1) <= most) ?? "1d";
  return { text: found, milliseconds: duration(found) ?? 1 };
}

export function iso(time: number): string {
  return new Date(time).toISOString().replace(".000Z", "Z");
}
