// Rules of security groups: as a form has them, and the operations that add, change and revoke them.

import type { SecurityGroupRule } from "../../../api/ec2";
import { call } from "../../../api/call";
import { type Matches, nameOf, type Peer, read, readPeer, type Traffic, write } from "./traffic";

export interface Draft {
  traffic: Traffic;
  peer: string;
  description: string;
}

export const EMPTY: Draft = { traffic: { type: "SSH", detail: "" }, peer: "", description: "" };

export function matchesOf({ ipProtocol, fromPort, toPort }: SecurityGroupRule): Matches {
  return { protocol: nameOf(ipProtocol), from: fromPort, to: toPort };
}

/** The far side of a rule as text. */
export function peerOf({ cidrIpv4, cidrIpv6, prefixListId, referencedGroupInfo }: SecurityGroupRule): string {
  return cidrIpv4 ?? cidrIpv6 ?? prefixListId ?? referencedGroupInfo?.groupId ?? "";
}

export function draftOf(rule: SecurityGroupRule): Draft {
  return { traffic: write(matchesOf(rule)), peer: peerOf(rule), description: rule.description ?? "" };
}

/** Ports as EC2 takes them: none for protocols without. */
function ports({ protocol, from, to }: Matches) {
  return { IpProtocol: protocol, ...(/^(tcp|udp|icmp|icmpv6)$/.test(protocol) ? { FromPort: from, ToPort: to } : {}) };
}

function described(text: string) {
  return text.trim() ? { Description: text.trim() } : {};
}

function permission(peer: Peer, description: string) {
  const words = described(description);
  switch (peer.kind) {
    case "ipv4": return { IpRanges: [{ CidrIp: peer.range, ...words }] };
    case "ipv6": return { Ipv6Ranges: [{ CidrIpv6: peer.range, ...words }] };
    case "group": return { Groups: [{ GroupId: peer.id, ...words }] };
    case "prefixList": return { PrefixListIds: [{ PrefixListId: peer.id, ...words }] };
  }
}

function changed(peer: Peer) {
  switch (peer.kind) {
    case "ipv4": return { CidrIpv4: peer.range };
    case "ipv6": return { CidrIpv6: peer.range };
    case "group": return { ReferencedGroupId: peer.id };
    case "prefixList": return { PrefixListId: peer.id };
  }
}

const direction = (isEgress: boolean) => (isEgress ? "Egress" : "Ingress");

export async function add(GroupId: string, isEgress: boolean, { traffic, peer, description }: Draft): Promise<unknown> {
  const asked = { ...ports(read(traffic)), ...permission(readPeer(peer), description) };
  return call("ec2", `AuthorizeSecurityGroup${direction(isEgress)}`, { GroupId, IpPermissions: [asked] });
}

export async function change(GroupId: string, SecurityGroupRuleId: string, { traffic, peer, description }: Draft): Promise<unknown> {
  const SecurityGroupRule = { ...ports(read(traffic)), ...changed(readPeer(peer)), ...described(description) };
  return call("ec2", "ModifySecurityGroupRules", { GroupId, SecurityGroupRule: [{ SecurityGroupRuleId, SecurityGroupRule }] });
}

export async function revoke(GroupId: string, isEgress: boolean, SecurityGroupRuleId: string): Promise<unknown> {
  return call("ec2", `RevokeSecurityGroup${direction(isEgress)}`, { GroupId, SecurityGroupRuleId: [SecurityGroupRuleId] });
}
