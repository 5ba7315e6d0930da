import type { ReactNode } from "react";
import { Problem } from "./Problem";
import type { Asked } from "./useAsked";
import { Waiting } from "./Waiting";

interface Props<T> {
  asked: Pick<Asked<T>, "value" | "problem" | "again">;
  /** What is waited for, for those who listen. */
  waiting: string;
  /** In place of a list with nothing in it. */
  empty?: ReactNode;
  children: (value: T) => ReactNode;
}

/** What was answered; until then that it is waited for, or what went wrong. */
export function Answered<T>({ asked: { value, problem, again }, waiting, empty, children }: Props<T>) {
  if (problem !== undefined) return <Problem of={problem} again={again} />;
  if (value === undefined) return <Waiting label={waiting} />;
  return <>{empty !== undefined && Array.isArray(value) && value.length === 0 ? empty : children(value)}</>;
}
