import { Badge } from "@mantine/core";
import type { StateValue } from "../api/alarms";

/** Dark enough to be read at their size. */
export const GREEN = "#237032";
export const ORANGE = "#ad3c05";
const COLOR: Record<StateValue, string> = { ALARM: "red", INSUFFICIENT_DATA: "gray.4", OK: GREEN };
export const STATE_WORDS: Record<StateValue, string> = { ALARM: "In alarm", INSUFFICIENT_DATA: "Insufficient data", OK: "OK" };

export function StateBadge({ of, size = "xs" }: { of: StateValue; size?: "xs" | "sm" | "lg" }) {
  return <Badge size={size} miw="max-content" variant="filled" autoContrast color={COLOR[of]} tt="none">{STATE_WORDS[of]}</Badge>;
}
