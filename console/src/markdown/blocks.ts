// Markdown, taken apart into blocks. HTML is text like any other.

export type Block =
  | { kind: "heading"; level: number; text: string }
  | { kind: "paragraph"; text: string }
  | { kind: "code"; text: string }
  | { kind: "rule" }
  | { kind: "quote"; blocks: Block[] }
  | { kind: "list"; first?: number; items: Block[][] }
  | { kind: "table"; head: string[]; rows: string[][]; aligns: Align[] };

export type Align = "left" | "center" | "right" | undefined;

const FENCE = /^ {0,3}(`{3,}|~{3,})/;
const HEADING = /^ {0,3}(#{1,6})(?:\s(.*))?$/;
const RULE = /^ {0,3}(?:(?:-\s*){3,}|(?:\*\s*){3,}|(?:_\s*){3,})$/;
const QUOTE = /^ {0,3}>\s?/;
const ITEM = /^( *)(?:([-*+])|(\d{1,9})[.)])(\s+|$)/;
const DIVIDER = /^\s*\|?(?:\s*:?-+:?\s*\|)+\s*(?::?-+:?)?\s*\|?\s*$/;
/** Quotes and lists within each other, at most: a text may be hostile. */
const DEEPEST = 12;

export function blocksOf(text: string): Block[] {
  return read(text.replaceAll("\r\n", "\n").replaceAll("\t", "    ").split("\n"), 0);
}

function read(lines: string[], depth: number): Block[] {
  const blocks: Block[] = [];
  for (let at = 0; at < lines.length;) {
    const line = lines[at] ?? "";
    const [block, used] = line.trim() === "" ? [undefined, 1] : next(lines, at, depth);
    if (block) blocks.push(block);
    at += Math.max(1, used);
  }
  return blocks;
}

/** The block that begins at a line, and how many lines it has. */
function next(lines: string[], at: number, depth: number): [Block, number] {
  const line = lines[at] ?? "";
  if (FENCE.test(line)) return fenced(lines, at);
  const [, marks, heading = ""] = HEADING.exec(line) ?? [];
  if (marks) return [{ kind: "heading", level: marks.length, text: heading.trim().replace(/\s#+$/, "") }, 1];
  if (RULE.test(line)) return [{ kind: "rule" }, 1];
  if (depth < DEEPEST && QUOTE.test(line)) return quoted(lines, at, depth);
  if (depth < DEEPEST && ITEM.test(line)) return listed(lines, at, depth);
  if (line.includes("|") && DIVIDER.test(lines[at + 1] ?? "")) return table(lines, at);
  return paragraph(lines, at, depth);
}

function fenced(lines: string[], at: number): [Block, number] {
  const fence = (FENCE.exec(lines[at] ?? "")?.[1] ?? "```").slice(0, 3);
  const end = lines.findIndex((line, place) => place > at && line.trim().startsWith(fence));
  const last = end < 0 ? lines.length : end;
  return [{ kind: "code", text: lines.slice(at + 1, last).join("\n") }, last - at + 1];
}

function quoted(lines: string[], at: number, depth: number): [Block, number] {
  let end = at;
  while (end < lines.length && QUOTE.test(lines[end] ?? "")) end += 1;
  return [{ kind: "quote", blocks: read(lines.slice(at, end).map((line) => line.replace(QUOTE, "")), depth + 1) }, end - at];
}

/** Items of one kind, one after the other; what stands further in belongs to its item. */
function listed(lines: string[], at: number, depth: number): [Block, number] {
  const [, indent = "", bullet, first] = ITEM.exec(lines[at] ?? "") ?? [];
  const items: string[][] = [];
  let end = at;
  let inner = 0;
  for (; end < lines.length; end += 1) {
    const line = lines[end] ?? "";
    const [whole, space = "", otherBullet, number] = ITEM.exec(line) ?? [];
    const isItem = whole !== undefined && space.length < Math.max(inner, indent.length + 1);
    if (isItem) {
      if (otherBullet !== bullet || (number === undefined) !== (first === undefined)) break;
      inner = whole.length;
      items.push([line.slice(whole.length)]);
    } else if (line.trim() === "") {
      if (!/^ {2,}\S/.test(lines[end + 1] ?? "") && !ITEM.test(lines[end + 1] ?? "")) break;
      items.at(-1)?.push("");
    } else if (line.startsWith("  ") || !begins(line)) {
      items.at(-1)?.push(line.slice(Math.min(inner, line.length - line.trimStart().length)));
    } else break;
  }
  const made = items.map((item) => read(item, depth + 1));
  return [{ kind: "list", ...(first === undefined ? {} : { first: Number(first) }), items: made }, end - at];
}

function begins(line: string): boolean {
  return FENCE.test(line) || HEADING.test(line) || RULE.test(line) || QUOTE.test(line) || ITEM.test(line);
}

function table(lines: string[], at: number): [Block, number] {
  const cells = (line: string) => line.trim().replace(/^\|/, "").replace(/(?<!\\)\|$/, "").split(/(?<!\\)\|/).map((cell) => cell.trim().replaceAll("\\|", "|"));
  let end = at + 2;
  while (end < lines.length && (lines[end] ?? "").includes("|")) end += 1;
  const aligns = cells(lines[at + 1] ?? "").map((cell): Align => {
    if (cell.endsWith(":")) return cell.startsWith(":") ? "center" : "right";
    return cell.startsWith(":") ? "left" : undefined;
  });
  return [{ kind: "table", head: cells(lines[at] ?? ""), rows: lines.slice(at + 2, end).map(cells), aligns }, end - at];
}

function paragraph(lines: string[], at: number, depth: number): [Block, number] {
  let end = at + 1;
  while (end < lines.length && (lines[end] ?? "").trim() !== "" && (depth >= DEEPEST || !begins(lines[end] ?? ""))) end += 1;
  return [{ kind: "paragraph", text: lines.slice(at, end).map((line) => line.trimStart()).join("\n") }, end - at];
}
