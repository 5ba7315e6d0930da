// The language of Logs Insights: its colours, and what completes a word.

import { type CompletionContext, type CompletionResult } from "@codemirror/autocomplete";
import { LanguageSupport, StreamLanguage } from "@codemirror/language";

export const COMMANDS = [
  "accum", "addtotals", "appendcols", "autoregress", "countFrequent", "dedup", "diff", "display", "expand", "fields", "filldown", "fillmissing",
  "filter", "join", "limit", "outlier", "parse", "pattern", "sessionize", "sort", "SOURCE", "stats", "unnest", "where",
];
const WORDS = ["and", "or", "not", "in", "like", "as", "by", "asc", "desc", "on", "into", "with", "for", "true", "false", "null"];
export const FUNCTIONS = [
  "abs", "avg", "bin", "ceil", "coalesce", "concat", "count", "count_distinct", "datefloor", "dateceil", "earliest", "floor", "fromMillis",
  "greatest", "histogram", "isIpInSubnet", "isIpv4InSubnet", "isIpv6InSubnet", "isValidIp", "isblank", "isempty", "ispresent", "latest", "least",
  "log", "ltrim", "max", "median", "min", "pct", "rate", "replace", "rtrim", "sortsFirst", "sortsLast", "sqrt", "stddev", "strcontains", "strlen",
  "substr", "sum", "tolower", "toMillis", "topk", "toupper", "trim", "urldecode", "values",
];

const commands = new Set(COMMANDS.map((name) => name.toLowerCase()));
const words = new Set(WORDS);
const functions = new Set(FUNCTIONS.map((name) => name.toLowerCase()));

const stream = StreamLanguage.define<{ isStart: boolean }>({
  name: "insights",
  startState: () => ({ isStart: true }),
  languageData: { commentTokens: { line: "#" }, closeBrackets: { brackets: ["(", "[", "\"", "'", "`"] } },
  token(text, state) {
    if (text.eatSpace()) return null;
    if (text.match(/^#.*/)) return "comment";
    if (text.match(/^\|/)) {
      state.isStart = true;
      return "operator";
    }
    const isStart = state.isStart;
    state.isStart = false;
    if (text.match(/^"(?:[^"\\]|\\.)*"?/) || text.match(/^'(?:[^'\\]|\\.)*'?/)) return "string";
    if (text.match(/^`[^`]*`?/)) return "special(variableName)";
    if (text.match(/^\/(?:[^/\\\n]|\\.)+\//)) return "regexp";
    if (text.match(/^\d+(?:\.\d+)?(?:ms|[smhdw]|mo|q|y)?\b/)) return "number";
    const word = text.match(/^@?[A-Za-z_][\w.]*/) as RegExpMatchArray | null;
    if (!word) {
      text.next();
      return null;
    }
    const name = word[0].toLowerCase();
    if (isStart && commands.has(name)) return "keyword";
    if (functions.has(name) && text.match(/^\s*\(/, false)) return "standard(name)";
    return words.has(name) ? "keyword" : "special(variableName)";
  },
});

/** The language; `fields` are those that were found in the log groups. */
export function insights(fields: string[]): LanguageSupport {
  const option = (type: string) => (label: string) => ({ label, type });
  const usual = [...fields.map(option("variable")), ...FUNCTIONS.map((name) => ({ label: name, type: "function", apply: `${name}(` })), ...WORDS.map(option("keyword"))];
  const complete = (context: CompletionContext): CompletionResult | null => {
    const word = context.matchBefore(/@?[\w.]*/);
    if (!word || (word.from === word.to && !context.explicit)) return null;
    const before = context.state.sliceDoc(0, word.from).trimEnd();
    const isStart = before === "" || before.endsWith("|");
    return { from: word.from, options: isStart ? COMMANDS.map(option("keyword")) : usual, validFor: /^@?[\w.]*$/ };
  };
  return new LanguageSupport(stream, [stream.data.of({ autocomplete: complete })]);
}
