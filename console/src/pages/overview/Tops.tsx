import type { ReactNode } from "react";
import type { Row } from "../../api/insights";
import { Link } from "../../app/link";
import { Address } from "../../record/Address";
import { Country, usePlaces } from "../../record/places";
import { portName, protocolName } from "../../record/protocols";
import { Moment } from "../../time/Moment";
import { Answered } from "../../ui/Answered";
import { Bars } from "../../ui/Bars";
import { Empty } from "../../ui/Empty";
import { bytes, count, many } from "../../ui/numbers";
import { Panel } from "../../ui/Panel";
import { COLORS } from "../../ui/TimeChart";
import { type About, useAnswer, useQueryLink } from "../../record/about";
import { newPeers, PROTOCOLS, REFUSED_PORTS, REFUSED_SOURCES, TALKERS, withTimeBefore } from "./questions";

interface Top {
  about: About;
  title: string;
  query: string;
  /** The member that decides how long a bar is. */
  by: string;
  name: (row: Row) => ReactNode;
  note?: (row: Row) => ReactNode;
  /** The query of one row alone. */
  behind: (row: Row) => string;
  empty: string;
  color?: string;
}

function TopPanel({ about, title, query, by, name, note, behind, empty, color }: Top) {
  const asked = useAnswer(about, query);
  const link = useQueryLink(about.group);
  const places = usePlaces((asked.value?.rows ?? []).map(({ srcAddr = "" }) => srcAddr)).value;
  const shown = (row: Row) => (by === "bytes" ? bytes(Number(row[by])) : count(Number(row[by])));
  return (
    <Panel title={title} query={link(query, about.range)} className="third">
      <Answered asked={{ ...asked, value: asked.value?.rows }} waiting="Counting" empty={<Empty>{empty}</Empty>}>
        {(rows) => (
          <Bars label={title} bars={rows.map((row, place) => ({
            key: String(place), name: <>{name(row)} <Country of={places?.get(row.srcAddr ?? "")} /></>, value: Number(row[by]), note: note?.(row), color,
            shown: <Link to={link(behind(row), about.range)}>{shown(row)}</Link>,
          }))} />
        )}
      </Answered>
    </Panel>
  );
}

const FIELDS = "fields @timestamp, interfaceId, srcAddr, srcPort, dstAddr, dstPort, protocol, packets, bytes, action";
const listed = (condition: string) => `${FIELDS}\n| filter ${condition}\n| sort @timestamp desc\n| limit 1000`;
const records = (row: Row) => many(Number(row.records), "record");

export function Talkers(about: About) {
  return <TopPanel about={about} title="Top talkers" query={TALKERS} by="bytes" note={records} empty="Nobody sent anything in this range."
    name={(row) => <Address of={row.srcAddr ?? ""} group={about.group} />} behind={(row) => listed(`srcAddr = "${row.srcAddr}"`)} />;
}

export function RefusedSources(about: About) {
  return <TopPanel about={about} title="Refused sources, in packets" query={REFUSED_SOURCES} by="packets" note={records} color={COLORS.reject}
    empty="Nothing was refused in this range." name={(row) => <Address of={row.srcAddr ?? ""} group={about.group} />}
    behind={(row) => listed(`action = "REJECT" and srcAddr = "${row.srcAddr}"`)} />;
}

export function RefusedPorts(about: About) {
  const name = ({ dstPort = "", protocol = "" }: Row) => `${protocolName(protocol)} ${dstPort}`;
  return <TopPanel about={about} title="Refused ports, in packets" query={REFUSED_PORTS} by="packets" color={COLORS.reject}
    empty="Nothing was refused in this range." name={name} note={({ dstPort = "" }) => portName(dstPort)}
    behind={(row) => listed(`action = "REJECT" and dstPort = ${row.dstPort} and protocol = ${row.protocol}`)} />;
}

export function Protocols(about: About) {
  return <TopPanel about={about} title="Bytes by protocol" query={PROTOCOLS} by="bytes" empty="Nobody sent anything in this range."
    name={(row) => protocolName(row.protocol ?? "")} note={(row) => many(Number(row.packets), "packet")}
    behind={(row) => listed(`protocol = ${row.protocol}`)} />;
}

export function NewPeers({ group, range }: About) {
  const about = { group, range: withTimeBefore(range) };
  return <TopPanel about={about} title="New peers" query={newPeers(range)} by="bytes" name={(row) => <Address of={row.srcAddr ?? ""} group={group} />}
    empty="Every source of this range was seen in the time before it." note={(row) => <Moment at={Number(row.first) * 1000} short />}
    behind={(row) => listed(`srcAddr = "${row.srcAddr}"`)} />;
}
