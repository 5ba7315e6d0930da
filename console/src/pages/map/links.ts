// From a node, a line or an edge to its records: a query of Logs Insights, or the filter of Flows.

import type { Edge, Line, Node } from "./graph";

/** Most addresses that a query names; a larger group is named by its range. */
const NAMED = 50;

const FIELDS = "fields @timestamp, interfaceId, srcAddr, srcPort, dstAddr, dstPort, protocol, packets, bytes, action";

function listed(condition: string): string {
  return `${FIELDS}\n| filter ${condition}\n| sort @timestamp desc\n| limit 1000`;
}

function at({ addresses, range, isOurs }: Node, field: "srcAddr" | "dstAddr"): string {
  if (range && (!isOurs || addresses.size > NAMED)) return `isIpInSubnet(${field}, "${range}")`;
  const [first, ...more] = addresses;
  if (more.length === 0) return `${field} = "${first}"`;
  return `${field} in [${[...addresses].map((address) => `"${address}"`).join(", ")}]`;
}

/** All records of a node. */
export function ofNode(node: Node): string {
  return listed(`${at(node, "srcAddr")} or ${at(node, "dstAddr")}`);
}

function between({ from, to }: Edge): string {
  return `${at(from, "srcAddr")} and ${at(to, "dstAddr")}`;
}

/** The records of a line, both ways. */
export function ofLine({ edges }: Line): string {
  return listed(edges.map((edge) => `(${between(edge)})`).join(" or "));
}

export function ofEdge(edge: Edge): string {
  return listed(between(edge));
}

/** The filter of Flows for the same; none where it has no words for it. */
export function filterOf({ from, to }: Edge): string | undefined {
  const term = (field: string, { pattern, addresses }: Node) => {
    const text = pattern ?? (addresses.size === 1 ? [...addresses][0] : undefined);
    return text && `${field}=${text}`;
  };
  const terms = [term("srcaddr", from), term("dstaddr", to)];
  return terms.every(Boolean) ? terms.join(" ") : undefined;
}
