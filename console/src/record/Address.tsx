import { CellLink } from "../app/link";
import { href, shared, usePlace } from "../app/url";

/** What Logs Insights is asked about an address. */
export function aboutAddress(address: string): string {
  return `fields @timestamp, interfaceId, srcAddr, srcPort, dstAddr, dstPort, protocol, packets, bytes, action\n`
    + `| filter srcAddr = "${address}" or dstAddr = "${address}"\n| sort @timestamp desc\n| limit 1000`;
}

/** An address; it leads to its records. */
export function Address({ of, group }: { of: string; group?: string }) {
  const { params } = usePlace();
  if (of === "-" || of === "") return <span className="address">–</span>;
  const to = href("logs", { ...shared(params), group: group ?? params.get("group") ?? undefined, query: aboutAddress(of) });
  return <CellLink to={to} className="address">{of}</CellLink>;
}

const V4 = /^(\d{1,3}\.){3}\d{1,3}$/;
const V6 = /^[0-9a-f]*:[0-9a-f:.]*:[0-9a-f:.]*$/i;

export function isAddress(text: string): boolean {
  return V4.test(text) || (text.length > 2 && V6.test(text));
}
