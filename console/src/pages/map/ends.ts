// Which addresses are those of interfaces, ours, and which are far.

import { addressesOf, type Interface } from "../../api/ec2";
import type { Seen } from "./question";

export interface Owner {
  interfaceId: string;
  /** What EC2 knows of the interface; nothing of one that only records name. */
  known?: Interface;
}

/** The interface that an address belongs to. */
export type Owners = Map<string, Owner>;

/** By what EC2 says, what records say of their direction, and else by what all records of an interface have in common. */
export function ownersOf(seen: Seen[], interfaces: Interface[]): Owners {
  const known = new Map(interfaces.map((it) => [it.networkInterfaceId, it]));
  const owners: Owners = new Map();
  for (const it of interfaces) {
    for (const address of addressesOf(it)) owners.set(address, { interfaceId: it.networkInterfaceId, known: it });
  }
  for (const [interfaceId, rows] of byInterface(seen)) {
    const own = new Set(known.has(interfaceId) ? [] : common(rows, owners));
    for (const { from, to, direction } of rows) {
      if (direction === "egress") own.add(from);
      if (direction === "ingress") own.add(to);
    }
    for (const address of own) {
      if (!owners.has(address)) owners.set(address, { interfaceId, known: known.get(interfaceId) });
    }
  }
  return owners;
}

function byInterface(seen: Seen[]): Map<string, Seen[]> {
  const all = new Map<string, Seen[]>();
  for (const row of seen) {
    const rows = all.get(row.interfaceId);
    if (rows) rows.push(row);
    else all.set(row.interfaceId, [row]);
  }
  return all;
}

/** Of many hosts at once, and no interface's own. */
const MULTICAST = /^(22[4-9]|23\d|255)\.|^ff[0-9a-f]{2}:/i;

/**
 * For each family the address that most rows have: a record always has the interface's own at one end. Where two have it as
 * often, it is the one that EC2 knows, or else the one at which more was refused.
 */
function common(rows: Seen[], owners: Owners): string[] {
  return [false, true].flatMap((isIpv6) => {
    const counts = new Map<string, { rows: number; refused: number }>();
    for (const { from, to, refused } of rows) {
      if (from.includes(":") !== isIpv6) continue;
      for (const address of new Set([to, from].filter((address) => !MULTICAST.test(address)))) {
        const { rows: before, refused: sum } = counts.get(address) ?? { rows: 0, refused: 0 };
        counts.set(address, { rows: before + 1, refused: sum + (address === to ? refused : 0) });
      }
    }
    const most = [...counts.values()].reduce((most, { rows }) => Math.max(most, rows), 0);
    const candidates = [...counts].filter(([, { rows }]) => rows === most);
    if (candidates.length === 0 || candidates.some(([address]) => owners.has(address))) return [];
    const [[own]] = candidates.sort(([, one], [, other]) => other.refused - one.refused) as [[string, unknown]];
    return [own];
  });
}
