// An editor for queries, with a language, completion, and errors marked where they are.

import { autocompletion, closeBrackets, closeBracketsKeymap, completionKeymap } from "@codemirror/autocomplete";
import { defaultKeymap, history, historyKeymap } from "@codemirror/commands";
import { bracketMatching, HighlightStyle, syntaxHighlighting } from "@codemirror/language";
import { type Diagnostic, lintGutter, setDiagnostics } from "@codemirror/lint";
import { Compartment, EditorState, type Extension, Prec } from "@codemirror/state";
import { drawSelection, EditorView, keymap, lineNumbers, placeholder } from "@codemirror/view";
import { tags } from "@lezer/highlight";
import { useEffect, useRef } from "react";

/** A place in the text that is wrong, in characters. */
export interface Mistake {
  from: number;
  to: number;
  message: string;
}

interface Props {
  value: string;
  onChange: (value: string) => void;
  /** Ctrl-Enter. */
  onRun: () => void;
  language: Extension;
  label: string;
  hint?: string;
  mistake?: Mistake;
  /** For something of a line or two: without the numbers of lines. */
  isLow?: boolean;
}

const colors = HighlightStyle.define([
  { tag: tags.keyword, class: "tok-keyword" },
  { tag: tags.string, class: "tok-string" },
  { tag: tags.number, class: "tok-number" },
  { tag: tags.comment, class: "tok-comment" },
  { tag: [tags.function(tags.variableName), tags.standard(tags.name)], class: "tok-function" },
  { tag: tags.regexp, class: "tok-string" },
  { tag: tags.special(tags.variableName), class: "tok-field" },
]);

const look = EditorView.theme({
  "&": { fontSize: "0.82rem", backgroundColor: "var(--mantine-color-body)", color: "var(--mantine-color-text)" },
  ".cm-content": { fontFamily: "var(--mantine-font-family-monospace)", caretColor: "var(--mantine-color-text)", minHeight: "5.5em" },
  ".cm-scroller": { maxHeight: "40vh", overflow: "auto" },
  ".cm-gutters": { backgroundColor: "var(--mantine-color-default-hover)", color: "var(--mantine-color-dimmed)", border: "none" },
  "&.cm-focused": { outline: "none" },
  ".cm-cursor": { borderLeftColor: "var(--mantine-color-text)" },
  ".cm-tooltip": { backgroundColor: "var(--mantine-color-body)", color: "var(--mantine-color-text)", border: "1px solid var(--mantine-color-default-border)" },
  ".cm-placeholder": { color: "var(--mantine-color-dimmed)" },
});

const low = EditorView.theme({ ".cm-content": { minHeight: "2.9em" } });

export function Editor({ value, onChange, onRun, language, label, hint, mistake, isLow = false }: Props) {
  const place = useRef<HTMLDivElement>(null);
  const view = useRef<EditorView>(null);
  const speech = useRef(new Compartment());
  const told = useRef({ onChange, onRun });
  told.current = { onChange, onRun };

  useEffect(() => {
    if (!place.current) return undefined;
    const run = () => {
      told.current.onRun();
      return true;
    };
    const made = new EditorView({
      parent: place.current,
      state: EditorState.create({
        doc: value,
        extensions: [
          isLow ? low : lineNumbers(), history(), drawSelection(), bracketMatching(), closeBrackets(), lintGutter(), autocompletion(),
          syntaxHighlighting(colors), look, EditorView.lineWrapping, placeholder(hint ?? ""),
          Prec.highest(keymap.of([{ key: "Mod-Enter", run }])),
          // Tab leaves the editor, as it leaves every other field.
          keymap.of([...closeBracketsKeymap, ...defaultKeymap, ...historyKeymap, ...completionKeymap]),
          EditorView.contentAttributes.of({ "aria-label": label }),
          EditorView.updateListener.of((update) => update.docChanged && told.current.onChange(update.state.doc.toString())),
          speech.current.of(language),
        ],
      }),
    });
    view.current = made;
    return () => made.destroy();
  }, []);

  useEffect(() => {
    const now = view.current?.state.doc.toString();
    if (now !== undefined && now !== value) view.current?.dispatch({ changes: { from: 0, to: now.length, insert: value } });
  }, [value]);

  useEffect(() => view.current?.dispatch({ effects: speech.current.reconfigure(language) }), [language]);

  useEffect(() => {
    if (!view.current) return;
    view.current.dispatch(setDiagnostics(view.current.state, mistake ? [within(mistake, view.current.state.doc.length)] : []));
  }, [mistake]);

  return <div className="editor" ref={place} />;
}

function within({ from, to, message }: Mistake, length: number): Diagnostic {
  const start = Math.max(0, Math.min(from, length - 1));
  return { from: start, to: Math.min(length, Math.max(to, start + 1)), severity: "error", message };
}
