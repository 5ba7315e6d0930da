import { Select, TextInput } from "@mantine/core";
import { ASKS, type Traffic, TYPES } from "./traffic";

/** Which traffic a rule is about. */
export function TrafficFields({ value, onChange }: { value: Traffic; onChange: (value: Traffic) => void }) {
  const asks = TYPES[value.type]?.asks;
  const { label, hint } = asks ? ASKS[asks] : { label: "Ports", hint: "" };
  const port = TYPES[value.type]?.port;
  return (
    <>
      <Select size="xs" label="Traffic" data={Object.keys(TYPES)} value={value.type} allowDeselect={false} w={150}
        onChange={(type) => type && onChange({ type, detail: "" })} />
      <TextInput size="xs" label={label} w={170} placeholder={hint} disabled={!asks} value={asks ? value.detail : port === undefined ? "all" : String(port)}
        onChange={(event) => onChange({ ...value, detail: event.currentTarget.value })} />
    </>
  );
}
