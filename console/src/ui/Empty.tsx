import { ActionIcon, Code, CopyButton, Group, Stack, Text, Tooltip } from "@mantine/core";
import type { ReactNode } from "react";
import { CopyIcon } from "./icons";

/** Says that there is nothing, and how to change that. */
export function Empty({ children, command }: { children: ReactNode; command?: string }) {
  return (
    <Stack gap={6} p="sm" className="empty">
      <Text size="sm">{children}</Text>
      {command && <Command text={command} />}
    </Stack>
  );
}

/** A command to copy. */
export function Command({ text }: { text: string }) {
  return (
    <Group gap={4} wrap="nowrap" align="flex-start">
      <Code block className="command" tabIndex={0} role="group" aria-label="Command">{text}</Code>
      <Copy text={text} what="command" />
    </Group>
  );
}

/** Without TLS browsers let pages copy only where they come from this host. */
export const MAY_COPY = "clipboard" in navigator;

/** A button that copies. */
export function Copy({ text, what }: { text: string; what: string }) {
  if (!MAY_COPY) return null;
  return (
    <CopyButton value={text}>
      {({ copied, copy }) => (
        <Tooltip label={copied ? "Copied" : `Copy ${what}`}>
          <ActionIcon size="sm" variant="subtle" color={copied ? "teal" : "gray"} onClick={copy} aria-label={`Copy ${what}`}>
            <CopyIcon />
          </ActionIcon>
        </Tooltip>
      )}
    </CopyButton>
  );
}
