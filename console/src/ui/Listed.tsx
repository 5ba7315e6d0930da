import type { ReactNode } from "react";
import { Answered } from "./Answered";
import { Empty } from "./Empty";
import type { Asked } from "./useAsked";

/** A list at the side of a page. */
export function Listed<T>({ asked, empty, children }: { asked: Asked<T[]>; empty: string; children: (items: T[]) => ReactNode }) {
  return (
    <Answered asked={asked} waiting="Asking" empty={<Empty>{empty}</Empty>}>
      {(items) => <ul className="side-list">{children(items)}</ul>}
    </Answered>
  );
}
