// What is being written in a form, kept in the address as it is written.

import { useCallback, useEffect, useRef, useState } from "react";
import { setParams, usePlace } from "./url";

/** How long after the last letter the address follows, in milliseconds: browsers take only so many changes of it. */
const SETTLED = 300;

/** The parameter `name` of the address, as JSON: what differs from `usual`. */
export function useDraft<T extends object>(name: string, usual: T): [T, (change: Partial<T>) => void] {
  const { params } = usePlace();
  const text = params.get(name) ?? "";
  const written = useRef(text);
  const [draft, setDraft] = useState<T>(() => ({ ...usual, ...read<T>(text) }));
  useEffect(() => {
    if (text === written.current) return;
    written.current = text;
    setDraft({ ...usual, ...read<T>(text) });
  }, [text]);
  useEffect(() => {
    const timer = setTimeout(() => {
      const now = JSON.stringify(Object.fromEntries(Object.entries(draft).filter(([key, value]) => JSON.stringify(value) !== JSON.stringify(usual[key as keyof T]))));
      if (now === written.current || (now === "{}" && !read(written.current))) return;
      written.current = now;
      setParams({ [name]: now }, "replace");
    }, SETTLED);
    return () => clearTimeout(timer);
  }, [draft]);
  return [draft, useCallback((change) => setDraft((last) => ({ ...last, ...change })), [])];
}

function read<T>(text: string): Partial<T> | undefined {
  try {
    const found: unknown = JSON.parse(text);
    return found && typeof found === "object" && !Array.isArray(found) ? (found as Partial<T>) : undefined;
  } catch {
    return undefined;
  }
}
