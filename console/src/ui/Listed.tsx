import type { ReactNode } from "react";
import { Empty } from "./Empty";
import { Problem } from "./Problem";
import type { Asked } from "./useAsked";
import { Waiting } from "./Waiting";

/** A list at the side of a page. */
export function Listed<T>({ asked, empty, children }: { asked: Asked<T[]>; empty: string; children: (items: T[]) => ReactNode }) {
  const { value, problem, again } = asked;
  if (problem) return <Problem of={problem} again={again} />;
  if (!value) return <Waiting label="Asking" />;
  return value.length === 0 ? <Empty>{empty}</Empty> : <ul className="side-list">{children(value)}</ul>;
}
