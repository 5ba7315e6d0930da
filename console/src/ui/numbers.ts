// Numbers as people read them.

const BYTES = ["B", "KiB", "MiB", "GiB", "TiB", "PiB"];

export function bytes(count: number): string {
  let place = 0;
  let rest = count;
  while (rest >= 1024 && place < BYTES.length - 1) {
    rest /= 1024;
    place += 1;
  }
  return `${place === 0 || rest >= 100 ? Math.round(rest) : rest.toFixed(1)} ${BYTES[place]}`;
}

export function count(value: number): string {
  return new Intl.NumberFormat("en", { maximumFractionDigits: 1, notation: value >= 1_000_000 ? "compact" : "standard" }).format(value);
}

/** `1 record`, `2,000 records`. */
export function many(number: number, word: string): string {
  return `${count(number)} ${word}${number === 1 ? "" : "s"}`;
}

export function percent(part: number, whole: number): string {
  return whole > 0 ? `${((100 * part) / whole).toFixed(part / whole < 0.1 ? 1 : 0)} %` : "–";
}

export function dollars(value: number): string {
  return value === 0 ? "$0" : value < 0.01 ? "below $0.01" : `$${value.toFixed(2)}`;
}
