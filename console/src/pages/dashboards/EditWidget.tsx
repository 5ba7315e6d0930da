import { Button, Group, Modal, Tabs, Textarea, TextInput } from "@mantine/core";
import { lazy, Suspense, useState } from "react";
import { Problem } from "../../ui/Problem";
import { Waiting } from "../../ui/Waiting";
import { asWidget, isMembers, properties, text, type Widget, withProperties } from "./body";
import type { FormProps } from "./forms/form";

const FORMS: Record<string, ReturnType<typeof lazy<(props: FormProps) => React.JSX.Element>>> = {
  metric: lazy(() => import("./forms/Metric")),
  log: lazy(() => import("./forms/Log")),
  text: lazy(() => import("./forms/Text")),
  alarm: lazy(() => import("./forms/Alarms")),
};

/** Changes one widget: by a form for what is usual, by its JSON for everything. */
export function EditWidget({ widget, keep, close }: { widget: unknown; keep: (widget: unknown) => void; close: () => void }) {
  const [draft, setDraft] = useState<Widget>(asWidget(widget));
  const [json, setJson] = useState<string>();
  const [problem, setProblem] = useState<unknown>();
  const type = text(draft.type) ?? "";
  const Form = FORMS[type];
  const change = (more: Record<string, unknown>) => setDraft((last) => withProperties(last, more));
  /** True if the JSON, where it was written, is a widget. */
  const take = (): Widget | undefined => {
    if (json === undefined) return draft;
    try {
      const read: unknown = JSON.parse(json);
      if (!isMembers(read)) throw new Error("A widget is a JSON object.");
      setDraft(read);
      setJson(undefined);
      setProblem(undefined);
      return read;
    } catch (error) {
      setProblem(error);
      return undefined;
    }
  };
  const done = () => {
    const taken = take();
    if (!taken) return;
    keep(taken);
    close();
  };
  return (
    <Modal opened onClose={close} title="Widget" size="xl" closeButtonProps={{ "aria-label": "Close" }}>
      <Tabs defaultValue={Form ? "form" : "json"} keepMounted={false} onChange={() => take()}>
        <Tabs.List mb="xs">
          {Form && <Tabs.Tab value="form" py={6}>Widget</Tabs.Tab>}
          <Tabs.Tab value="json" py={6}>JSON</Tabs.Tab>
        </Tabs.List>
        {Form && (
          <Tabs.Panel value="form" className="stack">
            {type !== "text" && <TextInput size="xs" label="Title" value={text(properties(draft).title) ?? ""} onChange={(event) => change({ title: event.currentTarget.value || undefined })} />}
            <Suspense fallback={<Waiting label="Loading the form" />}><Form of={properties(draft)} change={change} /></Suspense>
          </Tabs.Panel>
        )}
        <Tabs.Panel value="json">
          <Textarea aria-label="JSON of the widget" value={json ?? JSON.stringify(draft, null, 2)} autosize minRows={10} maxRows={24} spellCheck={false} classNames={{ input: "mono" }}
            onChange={(event) => setJson(event.currentTarget.value)} />
        </Tabs.Panel>
      </Tabs>
      {problem !== undefined && <Problem of={problem} />}
      <Group justify="flex-end" mt="sm" gap="xs">
        <Button size="xs" variant="default" onClick={close}>Cancel</Button>
        <Button size="xs" onClick={done}>Apply</Button>
      </Group>
    </Modal>
  );
}
