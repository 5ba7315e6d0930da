import { Markdown } from "../../../markdown/Markdown";
import { Empty } from "../../../ui/Empty";
import type { WidgetProps } from "../about";
import { properties, text } from "../body";

export function TextWidget({ widget }: WidgetProps) {
  const markdown = text(properties(widget).markdown) ?? "";
  return markdown.trim() === "" ? <Empty>This text is empty.</Empty> : <Markdown text={markdown} />;
}
