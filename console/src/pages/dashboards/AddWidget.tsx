import { Button, Menu } from "@mantine/core";
import { type Body, boxesOf, type Widget } from "./body";
import { free } from "./grid";

const KINDS: { label: string; width: number; height: number; make: () => Widget }[] = [
  { label: "Metric", width: 12, height: 6, make: () => ({ type: "metric", properties: { metrics: [], view: "timeSeries", stat: "Sum", period: 60 } }) },
  { label: "Log query", width: 12, height: 6, make: () => ({ type: "log", properties: { query: "", view: "table" } }) },
  { label: "Text", width: 6, height: 3, make: () => ({ type: "text", properties: { markdown: "" } }) },
  { label: "Alarms", width: 6, height: 4, make: () => ({ type: "alarm", properties: { alarms: [] } }) },
];

/** Adds a widget where there is room, to be filled then. */
export function AddWidget({ body, change, added }: { body: Body; change: (body: Body) => void; added: (which: number) => void }) {
  return (
    <Menu position="bottom-end">
      <Menu.Target><Button size="xs" variant="default">Add a widget</Button></Menu.Target>
      <Menu.Dropdown>
        {KINDS.map(({ label, width, height, make }) => (
          <Menu.Item key={label} onClick={() => {
            const { type, ...rest } = make();
            change({ ...body, widgets: [...body.widgets, { type, ...free(boxesOf(body), width, height), width, height, ...rest }] });
            added(body.widgets.length);
          }}>{label}</Menu.Item>
        ))}
      </Menu.Dropdown>
    </Menu>
  );
}
