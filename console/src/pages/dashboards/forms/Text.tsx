import { Paper, Text, Textarea } from "@mantine/core";
import { Markdown } from "../../../markdown/Markdown";
import { text } from "../body";
import type { FormProps } from "./form";

export default function TextForm({ of, change }: FormProps) {
  const markdown = text(of.markdown) ?? "";
  return (
    <>
      <Textarea size="xs" label="Text, in Markdown" value={markdown} autosize minRows={5} maxRows={14} classNames={{ input: "mono" }} data-autofocus
        onChange={(event) => change({ markdown: event.currentTarget.value })} />
      <Text size="xs" c="dimmed">As it is shown; HTML is text like any other:</Text>
      <Paper withBorder p="xs"><Markdown text={markdown} /></Paper>
    </>
  );
}
