import { Text } from "@mantine/core";
import type { ReactNode } from "react";

/** One number with its name. */
export function Figure({ name, children, note, tone }: { name: string; children: ReactNode; note?: ReactNode; tone?: "bad" | "good" }) {
  return (
    <div className="figure" data-tone={tone}>
      <Text size="xs" c="dimmed">{name}</Text>
      <div className="figure-value">{children}</div>
      {note && <Text size="xs" c="dimmed">{note}</Text>}
    </div>
  );
}
