import type { StateValue } from "../../../api/alarms";
import type { Range } from "../../../time/range";
import { shown, useZone } from "../../../time/zone";
import type { Spell } from "./replay";
import { STATE_WORDS } from "../../../ui/StateBadge";

/** States over time, below the chart of what was watched. */
export function Strip({ spells, range, label }: { spells: Spell[]; range: Range; label: string }) {
  const zone = useZone();
  const whole = range.end - range.start;
  const parts: { state: StateValue | ""; length: number; title: string }[] = [];
  let at = range.start;
  for (const { state, from, until } of spells) {
    if (from > at) parts.push({ state: "", length: from - at, title: "not known" });
    parts.push({ state, length: until - Math.max(from, at), title: `${STATE_WORDS[state]}, ${shown(from, zone)} to ${shown(until, zone)}` });
    at = until;
  }
  const share = (wanted: StateValue) => parts.filter(({ state }) => state === wanted).reduce((sum, { length }) => sum + length, 0) / whole;
  const told = (Object.keys(STATE_WORDS) as StateValue[]).filter((state) => share(state) >= 0.0005).map((state) => `${STATE_WORDS[state]} ${Math.round(share(state) * 1000) / 10} %`);
  return (
    <div className="strip">
      <div className="strip-bar" role="img" aria-label={`${label}: ${told.join(", ")}`}>
        {parts.map(({ state, length, title }, place) => <i key={place} data-state={state} title={title} style={{ width: `${(100 * length) / whole}%` }} />)}
      </div>
      <div className="legend" aria-hidden="true">{told.map((text) => <span key={text}>{text}</span>)}</div>
    </div>
  );
}
