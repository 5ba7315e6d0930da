import { Button, Group, TextInput } from "@mantine/core";
import { type FormEvent, useState } from "react";
import type { Tag } from "../../../api/ec2";
import { call } from "../../../api/call";
import { useMay } from "../../../app/session";
import { Panel } from "../../../ui/Panel";
import { Problem } from "../../../ui/Problem";
import { useDoing } from "../../../ui/useDoing";
import { useNetwork } from "../useNetwork";

/** The tags of a thing. Its name is the tag Name. */
export function Tags({ id, tags }: { id: string; tags: Tag[] }) {
  const { again } = useNetwork();
  const { problem, busy, run } = useDoing();
  const ResourceId = [id];
  const [mayPut, mayDrop] = useMay([{ service: "ec2", operation: "CreateTags", input: { ResourceId } }, { service: "ec2", operation: "DeleteTags", input: { ResourceId } }]);
  const change = async (operation: string, tag: object) => {
    const isDone = await run(() => call("ec2", operation, { ResourceId, Tag: [tag] }));
    if (isDone) again();
    return isDone;
  };
  return (
    <Panel title="Tags" className="half">
      {tags.length > 0 && (
        <table className="plain" aria-label="Tags">
          <tbody>
            {tags.map(({ key, value }) => (
              <tr key={key}>
                <th scope="row">{key}</th>
                <td>{value}</td>
                {mayDrop && <td><Button size="compact-xs" variant="default" onClick={() => void change("DeleteTags", { Key: key })} aria-label={`Remove the tag ${key}`}>Remove</Button></td>}
              </tr>
            ))}
          </tbody>
        </table>
      )}
      {mayPut ? <NewTag isFirst={tags.length === 0} busy={busy} save={(Key, Value) => change("CreateTags", { Key, Value })} /> : tags.length === 0 && "None."}
      {problem !== undefined && <Problem of={problem} />}
    </Panel>
  );
}

function NewTag({ isFirst, busy, save }: { isFirst: boolean; busy: boolean; save: (key: string, value: string) => Promise<boolean> }) {
  const begin = isFirst ? "Name" : "";
  const [tag, setTag] = useState({ key: begin, value: "" });
  async function submit(event: FormEvent) {
    event.preventDefault();
    if (await save(tag.key.trim(), tag.value.trim())) setTag({ key: "", value: "" });
  }
  return (
    <form onSubmit={submit} aria-label="New tag">
      <Group gap={8} align="flex-end">
        <TextInput size="xs" label="Key" w={120} value={tag.key} required maxLength={127} onChange={(event) => setTag({ ...tag, key: event.currentTarget.value })} />
        <TextInput size="xs" label="Value" w={180} value={tag.value} maxLength={255} onChange={(event) => setTag({ ...tag, value: event.currentTarget.value })} />
        <Button size="xs" type="submit" variant="default" loading={busy}>Set tag</Button>
      </Group>
    </form>
  );
}
