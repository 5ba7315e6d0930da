// Networks of addresses: which /8, /16 or /24 an address lies in, and their counterparts of IPv6.

/** How coarse networks are. */
export type Coarse = "8" | "16" | "24";

/** Bits of IPv6 for those of IPv4: an allocation, a site, a subnet. */
const IPV6_BITS: Record<Coarse, number> = { 8: 32, 16: 48, 24: 64 };

export interface Net {
  /** As `10.99.0.0/16`. */
  range: string;
  /** As the filter of Flows has it, `10.99.*`; none for IPv6. */
  pattern?: string;
}

export function networkOf(address: string, coarse: Coarse): Net {
  if (address.includes(":")) return { range: ipv6(address, IPV6_BITS[coarse]) };
  const kept = Number(coarse) / 8;
  const head = address.split(".").slice(0, kept);
  return { range: `${[...head, ...Array<string>(4 - kept).fill("0")].join(".")}/${coarse}`, pattern: `${head.join(".")}.*` };
}

function ipv6(address: string, bits: number): string {
  const kept = groups(address).slice(0, bits / 16).map((group) => group.toString(16));
  while (kept.length > 1 && kept.at(-1) === "0") kept.pop();
  return kept.length === 1 && kept[0] === "0" ? `::/${bits}` : `${kept.join(":")}::/${bits}`;
}

/** The eight numbers of an IPv6 address; the end may be written as IPv4. */
function groups(address: string): number[] {
  const [head = "", tail] = address.split("::");
  const read = (part: string) => part.split(":").filter(Boolean).flatMap((word) => {
    if (!word.includes(".")) return [parseInt(word, 16)];
    const [a = 0, b = 0, c = 0, d = 0] = word.split(".").map(Number);
    return [a * 256 + b, c * 256 + d];
  });
  const [first, last] = [read(head), tail === undefined ? [] : read(tail)];
  const between = tail === undefined ? 0 : Math.max(0, 8 - first.length - last.length);
  return [...first, ...Array<number>(between).fill(0), ...last];
}
