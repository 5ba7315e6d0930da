// Entries of network ACLs: as a form has them, and the operations that make, replace and delete them.

import type { AclEntry } from "../../../api/ec2";
import { call } from "../../../api/call";
import { type Matches, Mistake, nameOf, numberOf, read, readPeer, type Traffic, write } from "./traffic";

/** From here on entries are those that no ACL is without. */
export const LAST = 32767;

export interface Draft {
  number: string;
  action: "allow" | "deny";
  traffic: Traffic;
  range: string;
}

export function matchesOf({ protocol, portRange, icmpTypeCode }: AclEntry): Matches {
  const { from, to } = portRange ?? (icmpTypeCode ? { from: icmpTypeCode.type, to: icmpTypeCode.code } : { from: -1, to: -1 });
  return { protocol: nameOf(protocol), from, to };
}

export function draftOf(entry: AclEntry): Draft {
  return { number: String(entry.ruleNumber), action: entry.ruleAction, traffic: write(matchesOf(entry)), range: entry.cidrBlock ?? entry.ipv6CidrBlock ?? "" };
}

/** A draft for the next free number, in steps of 10 as usual. */
export function nextDraft(entries: AclEntry[]): Draft {
  const most = Math.max(90, ...entries.map(({ ruleNumber }) => ruleNumber).filter((number) => number < LAST));
  return { number: String(Math.min(Math.floor(most / 10) * 10 + 10, LAST - 1)), action: "deny", traffic: { type: "SSH", detail: "" }, range: "" };
}

function input(NetworkAclId: string, Egress: boolean, { number, action, traffic, range }: Draft) {
  if (!/^\d{1,5}$/.test(number.trim())) throw new Mistake("Write the number of the entry, from 1 to 32766: the lowest that matches decides.");
  const { protocol, from, to } = read(traffic);
  const peer = readPeer(range);
  if (peer.kind !== "ipv4" && peer.kind !== "ipv6") throw new Mistake("An entry of a network ACL is about a range of addresses, such as 10.0.0.0/8.");
  return {
    NetworkAclId, Egress, RuleNumber: Number(number), RuleAction: action, Protocol: numberOf(protocol),
    ...(peer.kind === "ipv4" ? { CidrBlock: peer.range } : { Ipv6CidrBlock: peer.range }),
    ...(protocol === "tcp" || protocol === "udp" ? { PortRange: { From: from, To: to } } : {}),
    ...(protocol.startsWith("icmp") ? { Icmp: { Type: from, Code: to } } : {}),
  };
}

export async function create(id: string, isEgress: boolean, draft: Draft): Promise<unknown> {
  return call("ec2", "CreateNetworkAclEntry", input(id, isEgress, draft));
}

export async function replace(id: string, isEgress: boolean, draft: Draft): Promise<unknown> {
  return call("ec2", "ReplaceNetworkAclEntry", input(id, isEgress, draft));
}

export async function drop(NetworkAclId: string, Egress: boolean, RuleNumber: number): Promise<unknown> {
  return call("ec2", "DeleteNetworkAclEntry", { NetworkAclId, Egress, RuleNumber });
}
