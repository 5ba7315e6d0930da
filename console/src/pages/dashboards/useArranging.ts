// Widgets are moved and resized: by the pointer, and by the arrow keys.

import { type KeyboardEvent, type PointerEvent, useEffect, useRef, useState } from "react";
import { type Box, COLUMNS, moved } from "./grid";

/** Pixels of a row, and between widgets. */
export const ROW = 40;
export const GAP = 8;

export type Grip = "move" | "resize";

const STEPS: Record<string, [number, number]> = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, -1], ArrowDown: [0, 1] };

interface Dragging {
  which: number;
  grip: Grip;
  /** Where the pointer went down, in pixels of the page. */
  x: number;
  y: number;
}

export interface Arranging {
  /** Where the widgets lie now, while one is dragged too. */
  boxes: Box[];
  dragged?: number;
  handlers: (which: number, grip: Grip) => {
    onPointerDown: (event: PointerEvent<HTMLElement>) => void;
    onPointerMove: (event: PointerEvent<HTMLElement>) => void;
    onPointerUp: () => void;
    onPointerCancel: () => void;
    onKeyDown: (event: KeyboardEvent<HTMLElement>) => void;
  };
}

/** `width` gives the pixels of the grid; `keep` takes the places that were chosen. */
export function useArranging(settled: Box[], width: () => number, keep: (boxes: Box[], which: number) => void): Arranging {
  const [boxes, setBoxes] = useState<Box[]>();
  const dragging = useRef<Dragging>(null);
  const stop = () => {
    dragging.current = null;
    setBoxes(undefined);
  };
  useEffect(() => {
    const escape = (event: globalThis.KeyboardEvent) => event.key === "Escape" && stop();
    addEventListener("keydown", escape);
    return () => removeEventListener("keydown", escape);
  }, []);

  const handlers: Arranging["handlers"] = (which, grip) => ({
    onPointerDown: (event) => {
      if (event.button !== 0) return;
      event.currentTarget.setPointerCapture(event.pointerId);
      dragging.current = { which, grip, x: event.pageX, y: event.pageY };
    },
    onPointerMove: (event) => {
      const from = dragging.current;
      const box = settled[which];
      if (!from || !box || from.which !== which || from.grip !== grip) return;
      const columns = Math.round((event.pageX - from.x) / ((width() + GAP) / COLUMNS));
      const rows = Math.round((event.pageY - from.y) / (ROW + GAP));
      setBoxes(moved(settled, which, changed(box, grip, columns, rows)));
    },
    onPointerUp: () => {
      if (boxes) keep(boxes, which);
      stop();
    },
    onPointerCancel: stop,
    onKeyDown: (event) => {
      const step = STEPS[event.key];
      const box = settled[which];
      if (!step || !box) return;
      event.preventDefault();
      keep(moved(settled, which, changed(box, grip, ...step)), which);
    },
  });
  return { boxes: boxes ?? settled, ...(boxes && dragging.current ? { dragged: dragging.current.which } : {}), handlers };
}

function changed(box: Box, grip: Grip, columns: number, rows: number): Box {
  if (grip === "move") return { ...box, x: box.x + columns, y: box.y + rows };
  return { ...box, width: Math.min(box.width + columns, COLUMNS - box.x), height: box.height + rows };
}
