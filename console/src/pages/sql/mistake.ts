import type { Mistake } from "../../editor/Editor";
import { sentence } from "../../ui/Problem";

/** Where an error says `line 2:8`, or `line 2, column 8`, in the text that was asked. */
export function mistakeOf(problem: unknown, text: string | undefined): Mistake | undefined {
  if (problem === undefined || text === undefined) return undefined;
  const message = sentence(problem);
  const [, line, column] = /line (\d+)(?::|, column )(\d+)/i.exec(message) ?? [];
  if (!line || !column) return undefined;
  const lines = text.split("\n");
  const before = lines.slice(0, Number(line) - 1).reduce((sum, one) => sum + one.length + 1, 0);
  const from = before + Number(column) - 1;
  const [word = ""] = /^[\w.]+/.exec(text.slice(from)) ?? [];
  return { from, to: from + Math.max(1, word.length), message };
}
