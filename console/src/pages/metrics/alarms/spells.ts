// What happened to an alarm, as times in a state.

import type { HistoryItem, StateValue } from "../../../api/alarms";
import type { Range } from "../../../time/range";
import type { Spell } from "./replay";

interface StateChange {
  oldState?: { stateValue?: StateValue };
  newState?: { stateValue?: StateValue; stateReason?: string };
}

export function changeOf({ HistoryItemType, HistoryData }: HistoryItem): StateChange | undefined {
  if (HistoryItemType !== "StateUpdate") return undefined;
  try {
    return JSON.parse(HistoryData ?? "") as StateChange;
  } catch {
    return undefined;
  }
}

/** The states within a range. `history` is newest first; `now` is the state that it ends in. */
export function spellsOf(history: HistoryItem[], now: StateValue, { start, end }: Range): Spell[] {
  const spells: Spell[] = [];
  let [state, until] = [now as StateValue | undefined, end];
  for (const item of history) {
    const change = changeOf(item);
    const at = item.Timestamp;
    if (!change) continue;
    if (at <= end && state) spells.push({ state, from: at, until });
    until = Math.min(until, at);
    state = change.oldState?.stateValue;
  }
  // Before its first change an alarm was in the state that it was made with, since it was made.
  const made = history.filter(({ HistoryItemType }) => HistoryItemType === "ConfigurationUpdate").at(-1)?.Timestamp ?? until;
  if (state && made < until) spells.push({ state, from: made, until });
  return spells.reverse().filter(({ until }) => until > start).map((spell) => ({ ...spell, from: Math.max(spell.from, start) }));
}
