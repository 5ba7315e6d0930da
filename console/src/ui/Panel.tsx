import { Group, Paper, Text, Title } from "@mantine/core";
import type { ReactNode } from "react";
import { Link } from "../app/link";

/** A part of a page, with a title and where its numbers come from. */
export function Panel({ title, query, hint, actions, children, className }: {
  title: string;
  /** Address of the query behind it. */
  query?: string;
  hint?: ReactNode;
  actions?: ReactNode;
  children: ReactNode;
  className?: string;
}) {
  return (
    <Paper withBorder component="section" aria-label={title} className={`panel ${className ?? ""}`}>
      <Group justify="space-between" gap="0 10px" className="panel-head">
        <Title order={2} size="h6">{title}</Title>
        <Group gap="xs" wrap="nowrap" maw="100%">
          {hint && <Text size="xs" c="dimmed">{hint}</Text>}
          {actions}
          {query && <Link to={query} size="xs" aria-label={`Query behind ${title}`}>Query</Link>}
        </Group>
      </Group>
      <div className="panel-body">{children}</div>
    </Paper>
  );
}
