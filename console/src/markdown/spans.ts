// What stands within a line of Markdown.

export type Span =
  | { kind: "text"; text: string }
  | { kind: "code"; text: string }
  | { kind: "strong" | "emphasis" | "deleted"; spans: Span[] }
  | { kind: "link"; to: string; spans: Span[]; look: "link" | "button" | "primary" }
  | { kind: "break" };

/** An image is a link to it: the page fetches nothing from elsewhere. */
const LINK = /^!?\[((?:[^[\]\\]|\\.)*)\]\(\s*<?([^\s<>()]*(?:\([^\s<>()]*\)[^\s<>()]*)*)>?(?:\s+"[^"]*")?\s*\)/;
const BARE = /^https?:\/\/[^\s<>"']*[^\s<>"'.,;:!?)]/;
const BREAK = /^(?: {2,}|\\)\n/;
const ESCAPE = /^\\([!-/:-@[-`{-~])/;
const AROUND = { "**": "strong", "__": "strong", "~~": "deleted", "*": "emphasis", _: "emphasis" } as const;
/** Letters between two marks, at most: looking for the second costs time. */
const LONGEST = 2000;
/** Where something may begin. */
const PLAIN = /^(?:[^\\`*_~![\nh ]+|h(?!ttps?:\/\/)| (?! *\n))+/;

export function spansOf(text: string): Span[] {
  const spans: Span[] = [];
  for (let rest = text, before = ""; rest !== "";) {
    const [span, length] = next(rest, before);
    const last = spans.at(-1);
    if (span.kind === "text" && last?.kind === "text") last.text += span.text;
    else spans.push(span);
    before = rest[length - 1] ?? "";
    rest = rest.slice(length);
  }
  return spans;
}

function next(rest: string, before: string): [Span, number] {
  const [plain] = PLAIN.exec(rest) ?? [];
  if (plain) return [{ kind: "text", text: plain }, plain.length];
  const [escape, sign] = ESCAPE.exec(rest) ?? [];
  if (escape && sign) return [{ kind: "text", text: sign }, escape.length];
  const [line] = BREAK.exec(rest) ?? [];
  if (line) return [{ kind: "break" }, line.length];
  const [ticks] = /^`+/.exec(rest) ?? [];
  if (ticks) return code(rest, ticks);
  const [link, label = "", to = ""] = LINK.exec(rest) ?? [];
  if (link) return [linked(label, to, link), link.length];
  const [bare] = BARE.exec(rest) ?? [];
  if (bare) return [linked(bare, bare, bare), bare.length];
  return around(rest, before) ?? [{ kind: "text", text: rest[0] ?? "" }, 1];
}

/** Up to as many ticks again. */
function code(rest: string, ticks: string): [Span, number] {
  const size = ticks.length;
  for (const { 0: found, index } of rest.slice(size, size + LONGEST).matchAll(/`+/g)) {
    if (found.length === size) return [{ kind: "code", text: rest.slice(size, size + index) }, index + 2 * size];
  }
  return [{ kind: "text", text: ticks }, size];
}

/** What stands between two equal marks; an underscore within a word is none. */
function around(rest: string, before: string): [Span, number] | undefined {
  for (const [mark, kind] of Object.entries(AROUND)) {
    const size = mark.length;
    if (!rest.startsWith(mark) || /^(?:\s|$)/.test(rest.slice(size, size + 1)) || (mark.startsWith("_") && /\w/.test(before))) continue;
    const end = closing(rest.slice(0, LONGEST), mark);
    if (end > 0) return [{ kind, spans: spansOf(rest.slice(size, end)) }, end + size];
  }
  return undefined;
}

function closing(text: string, mark: string): number {
  const size = mark.length;
  for (let at = text.indexOf(mark, size + 1); at > 0; at = text.indexOf(mark, at + 1)) {
    const [before = "", after = ""] = [text[at - 1], text[at + size]];
    // Two of a sign are another mark than one.
    if (size === 1 && (after === mark || before === mark)) continue;
    if (!/[\s\\]/.test(before) && !(mark.startsWith("_") && /\w/.test(after))) return at;
  }
  return -1;
}

/** `[button:Text](…)` and `[button:primary:Text](…)` are CloudWatch's own. What leads to no page is text. */
function linked(label: string, to: string, written: string): Span {
  if (!isSafe(to)) return { kind: "text", text: written };
  const [, primary, name] = /^button:(primary:)?(.*)$/.exec(label) ?? [];
  if (name) return { kind: "link", to, spans: [{ kind: "text", text: name }], look: primary ? "primary" : "button" };
  return { kind: "link", to, spans: label === to ? [{ kind: "text", text: label }] : spansOf(label), look: "link" };
}

/** Pages and mail; nothing that runs. */
export function isSafe(to: string): boolean {
  return /^(?:https?:\/\/|mailto:|#|\/(?!\/))/i.test(to);
}
