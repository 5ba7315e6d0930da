// Which traffic a rule is about, as people write it, and as EC2 takes it: protocol, ports, far side.

import { portName, protocolName } from "../../../record/protocols";

/** A text that the reader wrote and that means nothing; the message says what would. */
export class Mistake extends Error {}

/** What a rule is about, as it stands in a form. */
export interface Traffic {
  /** A key of `TYPES`. */
  type: string;
  /** Ports, or type and code of ICMP, or a protocol's number. */
  detail: string;
}

/** As EC2 has it: `tcp`, `udp`, `icmp`, `icmpv6`, a number, or `-1`. */
export interface Matches {
  protocol: string;
  /** First port, or the ICMP type; -1 for all. */
  from: number;
  /** Last port, or the ICMP code. */
  to: number;
}

interface Type {
  protocol: string;
  /** The port that is meant; none where the reader writes something. */
  port?: number;
  /** What the reader writes. */
  asks?: "ports" | "icmp" | "protocol";
}

export const TYPES: Record<string, Type> = {
  "All traffic": { protocol: "-1" },
  SSH: { protocol: "tcp", port: 22 },
  HTTP: { protocol: "tcp", port: 80 },
  HTTPS: { protocol: "tcp", port: 443 },
  "DNS (UDP)": { protocol: "udp", port: 53 },
  RDP: { protocol: "tcp", port: 3389 },
  MySQL: { protocol: "tcp", port: 3306 },
  PostgreSQL: { protocol: "tcp", port: 5432 },
  TCP: { protocol: "tcp", asks: "ports" },
  UDP: { protocol: "udp", asks: "ports" },
  ICMP: { protocol: "icmp", asks: "icmp" },
  ICMPv6: { protocol: "icmpv6", asks: "icmp" },
  "Other protocol": { protocol: "", asks: "protocol" },
};

/** What is asked for, and how it is written. */
export const ASKS = {
  ports: { label: "Ports", hint: "22 or 1024-65535; all when empty" },
  icmp: { label: "Type and code", hint: "8 or 3/4; all when empty" },
  protocol: { label: "Protocol number", hint: "47" },
};

const NUMBERS: Record<string, string> = { 1: "icmp", 6: "tcp", 17: "udp", 58: "icmpv6" };
const NAMES = Object.fromEntries(Object.entries(NUMBERS).map(([number, name]) => [name, number]));

/** `6` is `tcp`; what has no name stays a number. */
export function nameOf(protocol: string): string {
  return NUMBERS[protocol] ?? protocol;
}

/** `tcp` is `6`, as network ACLs have it. */
export function numberOf(protocol: string): string {
  return NAMES[protocol] ?? protocol;
}

function whole(text: string, most: number, mistake: string): number {
  const number = /^\d{1,5}$/.test(text) ? Number(text) : NaN;
  if (!(number <= most)) throw new Mistake(mistake);
  return number;
}

/** Reads what stands in a form. */
export function read({ type, detail }: Traffic): Matches {
  const { protocol, port, asks } = TYPES[type] ?? { protocol: "-1" };
  const text = detail.replace(/\s/g, "");
  if (port !== undefined) return { protocol, from: port, to: port };
  if (asks === "protocol") return { protocol: String(whole(text, 255, `"${detail}" is no protocol: write its number, 0 to 255.`)), from: -1, to: -1 };
  if (asks === "icmp") return icmp(protocol, text, detail);
  if (asks !== "ports") return { protocol, from: -1, to: -1 };
  if (text === "") return { protocol, from: 0, to: 65535 };
  const [first = "", last = first, ...more] = text.split(/[-–]/);
  const mistake = `"${detail}" is no port: write one, such as 22, or a range, such as 1024-65535.`;
  if (more.length > 0) throw new Mistake(mistake);
  return { protocol, from: whole(first, 65535, mistake), to: whole(last, 65535, mistake) };
}

function icmp(protocol: string, text: string, written: string): Matches {
  if (text === "") return { protocol, from: -1, to: -1 };
  const [type = "", code, ...more] = text.split("/");
  const mistake = `"${written}" is no type of ICMP: write its number, such as 8, and behind a / its code.`;
  if (more.length > 0) throw new Mistake(mistake);
  return { protocol, from: whole(type, 255, mistake), to: code === undefined ? -1 : whole(code, 255, mistake) };
}

/** How a form shows what is there. */
export function write({ protocol, from, to }: Matches): Traffic {
  const known = Object.entries(TYPES).find(([, type]) => type.protocol === protocol && type.port === from && from === to);
  if (known) return { type: known[0], detail: "" };
  switch (protocol) {
    case "-1": return { type: "All traffic", detail: "" };
    case "tcp":
    case "udp": return { type: protocol.toUpperCase(), detail: from <= 0 && to === 65535 ? "" : from === to ? String(from) : `${from}-${to}` };
    case "icmp":
    case "icmpv6": return { type: protocol === "icmp" ? "ICMP" : "ICMPv6", detail: from < 0 ? "" : to < 0 ? String(from) : `${from}/${to}` };
    default: return { type: "Other protocol", detail: protocol };
  }
}

/** `TCP`, and `22 ssh`. */
export function inWords({ protocol, from, to }: Matches): { protocol: string; ports: string } {
  if (protocol === "-1") return { protocol: "all", ports: "all" };
  if (protocol === "tcp" || protocol === "udp") {
    const name = portName(String(from));
    const ports = from < 0 || (from === 0 && to === 65535) ? "all" : from === to ? `${from}${name ? ` ${name}` : ""}` : `${from}–${to}`;
    return { protocol: protocol.toUpperCase(), ports };
  }
  if (protocol.startsWith("icmp")) {
    const ports = from < 0 ? "all types" : `type ${from}${to < 0 ? "" : `, code ${to}`}`;
    return { protocol: protocol === "icmp" ? "ICMP" : "ICMPv6", ports };
  }
  return { protocol: protocolName(protocol), ports: "all" };
}

export type Peer = { kind: "ipv4" | "ipv6"; range: string } | { kind: "group" | "prefixList"; id: string };

/** The far side of a rule: a range, an address, `sg-…` or `pl-…`; a name may stand behind an id. */
export function readPeer(text: string): Peer {
  const word = text.trim().split(/\s+/)[0] ?? "";
  if (word === "") throw new Mistake("Write an address, a range such as 10.0.0.0/8, a security group sg-… or a prefix list pl-….");
  if (word.startsWith("sg-")) return { kind: "group", id: word };
  if (word.startsWith("pl-")) return { kind: "prefixList", id: word };
  const kind = word.includes(":") ? "ipv6" : "ipv4";
  return { kind, range: word.includes("/") ? word : `${word}/${kind === "ipv6" ? 128 : 32}` };
}
