import { ActionIcon, Paper, Title } from "@mantine/core";
import { memo } from "react";
import { Link } from "../../app/link";
import { EditIcon, GripIcon, ResizeIcon, TrashIcon } from "../../ui/icons";
import type { About } from "./about";
import { asWidget, properties, text, titleOf } from "./body";
import { behind } from "./behind";
import type { Arranging, Grip } from "./useArranging";
import { WidgetContent } from "./widgets/Widget";

interface Props {
  widget: unknown;
  about: About;
  height: number;
  edit?: () => void;
  remove?: () => void;
  /** What makes a button one to move or resize with. */
  grips?: (grip: Grip) => ReturnType<Arranging["handlers"]>;
}

/** A widget with its head; and with what changes it, where it may be changed. */
export function Frame({ widget, about, height, edit, remove, grips }: Props) {
  const title = titleOf(widget);
  const { type } = asWidget(widget);
  const isText = type === "text";
  const word = type === "metric" ? "Metrics" : "Query";
  const query = behind(widget, about);
  return (
    <Paper withBorder={text(properties(widget).background) !== "transparent" || !!edit} component="section" aria-label={title} className="panel widget">
      {(edit || !isText) && (
        <div className="panel-head widget-head">
          {grips && (
            <ActionIcon size="sm" variant="subtle" color="gray" className="grip" aria-label={`Move ${title}`} title="Drag it, or press the arrow keys" {...grips("move")}><GripIcon /></ActionIcon>
          )}
          <Title order={2} size="h6" className="widget-title" title={title}>{title}</Title>
          {query && <Link to={query} size="xs" aria-label={`${word} behind ${title}`}>{word}</Link>}
          {edit && <ActionIcon size="sm" variant="subtle" color="gray" aria-label={`Edit ${title}`} onClick={edit}><EditIcon /></ActionIcon>}
          {remove && <ActionIcon size="sm" variant="subtle" color="red" aria-label={`Remove ${title}`} onClick={remove}><TrashIcon /></ActionIcon>}
        </div>
      )}
      <div className="panel-body widget-body" tabIndex={0} role="group" aria-label={title}><Content widget={widget} about={about} height={isText && !edit ? height + 33 : height} /></div>
      {grips && (
        <ActionIcon size="xs" variant="subtle" color="gray" className="widget-corner" aria-label={`Resize ${title}`} {...grips("resize")}><ResizeIcon /></ActionIcon>
      )}
    </Paper>
  );
}

/** Drawn anew when what it shows changes, not when it is moved. */
const Content = memo(WidgetContent);
