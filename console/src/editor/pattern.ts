// The language of filter patterns: its colours.

import { LanguageSupport, StreamLanguage } from "@codemirror/language";

const stream = StreamLanguage.define<null>({
  name: "filter-pattern",
  startState: () => null,
  languageData: { closeBrackets: { brackets: ["(", "[", "{", "\""] } },
  token(text) {
    if (text.eatSpace()) return null;
    if (text.match(/^"(?:[^"\\]|\\.)*"?/)) return "string";
    if (text.match(/^%(?:[^%\\]|\\.)*%?/)) return "regexp";
    if (text.match(/^(?:\.\.\.|&&|\|\||[<>!]?=|[<>?-])/)) return "operator";
    if (text.match(/^\$[\w.[\]*'-]*/)) return "special(variableName)";
    if (text.match(/^(?:IS|NOT|EXISTS|TRUE|FALSE|NULL)\b/)) return "keyword";
    if (text.match(/^[\d.*]+(?![\w])/)) return "number";
    if (text.match(/^[\w*]+/)) return "special(variableName)";
    text.next();
    return null;
  },
});

/** What metric filters, subscription filters and searches are written in. */
export function filterPattern(): LanguageSupport {
  return new LanguageSupport(stream);
}
