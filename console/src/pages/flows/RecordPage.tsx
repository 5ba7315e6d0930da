import { Badge, Group, Text, Title } from "@mantine/core";
import { useMemo } from "react";
import { Link } from "../../app/link";
import { href, shared, usePlace } from "../../app/url";
import { fieldInWords, flagNames } from "../../record/fields";
import { Address } from "../../record/Address";
import { portName, protocolName } from "../../record/protocols";
import { type Rec, record, value } from "../../record/record";
import { Moment } from "../../time/Moment";
import { Copy, Empty } from "../../ui/Empty";
import { bytes } from "../../ui/numbers";
import { Panel } from "../../ui/Panel";
import { Interface } from "./Interface";
import { Places } from "./Places";
import { Related } from "./Related";
import { Verdict } from "./Verdict";

/** One record: what it says, in words, and what was around it. */
export default function RecordPage({ group, fields }: { group: string; fields: string[] }) {
  const { params } = usePlace();
  const [message, at, stream] = [params.get("message") ?? "", Number(params.get("at")), params.get("stream") ?? ""];
  const one = useMemo(() => record(at, stream, message), [at, stream, message]);
  if (!message || !at) return <Empty>This address names no record. Open one in Flows.</Empty>;
  const of = (name: string) => value(one, fields, name);
  return (
    <>
      <Group gap={8} mb={8}>
        <Link size="sm" to={href("flows", { ...shared(params), group })}>Flows</Link>
        <Title order={1} size="h5">{title(of)}</Title>
        <Badge size="sm" variant="filled" color={of("action") === "REJECT" ? "#c92a2a" : "#1f6f33"}>{of("action")}</Badge>
      </Group>
      <div className="tiles" key={message}>
        <Panel title="Fields" className="half"><Fields one={one} fields={fields} group={group} /></Panel>
        <div className="half stack">
          <Verdict of={of} />
          <Interface id={of("interface-id")} />
          <Places addresses={["srcaddr", "dstaddr", "pkt-srcaddr", "pkt-dstaddr"].map(of)} />
          <Panel title="As it was written" actions={<Copy text={message} what="record" />}>
            <p className="mono">{message}</p>
            <Text size="xs" c="dimmed">Log group {group}, stream {stream}, <Moment at={at} /></Text>
          </Panel>
        </div>
        <Related title="Its other direction" one={one} fields={fields} group={group} kind="reverse" />
        <Related title="Neighbours in time, of the same two addresses" one={one} fields={fields} group={group} kind="neighbours" />
      </div>
    </>
  );
}

function title(of: (name: string) => string): string {
  if (of("srcaddr") === "-") return `No traffic at ${of("interface-id")}`;
  const port = of("dstport") === "-" || of("dstport") === "0" ? "" : ` port ${of("dstport")}`;
  return `${protocolName(of("protocol"))} from ${of("srcaddr")} to ${of("dstaddr")}${port}`;
}

function Fields({ one, fields, group }: { one: Rec; fields: string[]; group: string }) {
  return (
    <table className="plain" aria-label="Fields of the record">
      <tbody>
        {fields.map((name) => (
          <tr key={name}>
            <th scope="row" className="mono narrow">{name}</th>
            <td className="value"><Value name={name} text={value(one, fields, name)} group={group} /></td>
            <td className="said">{fieldInWords(name)}</td>
          </tr>
        ))}
      </tbody>
    </table>
  );
}

function Value({ name, text, group }: { name: string; text: string; group: string }) {
  if (text === "-") return <>–</>;
  if (name.endsWith("addr")) return <Address of={text} group={group} />;
  if (name === "protocol") return <>{text} <b>{protocolName(text)}</b></>;
  if (name.endsWith("port")) return <>{text} {portName(text) && <b>{portName(text)}</b>}</>;
  if (name === "tcp-flags") return <>{text} <b>{flagNames(text)}</b></>;
  if (name === "bytes" && Number(text) >= 1024) return <>{text} ({bytes(Number(text))})</>;
  if (name === "start" || name === "end") return <Moment at={Number(text) * 1000} />;
  return <>{text}</>;
}
