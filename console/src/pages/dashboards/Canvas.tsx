import { useMediaQuery } from "@mantine/hooks";
import { useMemo, useRef, useState } from "react";
import type { About } from "./about";
import { type Body, boxesOf, titleOf, withBoxes } from "./body";
import { Frame } from "./Frame";
import type { Box } from "./grid";
import { GAP, ROW, useArranging } from "./useArranging";

/** Below it, widgets stand one under the other, as their rows say. */
const NARROW = "(max-width: 900px)";
/** Pixels of a widget's head and its edges. */
const AROUND = 48;

interface Props {
  body: Body;
  about: About;
  /** None if nothing may be changed. */
  change?: (body: Body) => void;
  edit: (which: number) => void;
}

/** The widgets in their grid of 24 columns. */
export function Canvas({ body, about, change, edit }: Props) {
  const grid = useRef<HTMLDivElement>(null);
  const isNarrow = useMediaQuery(NARROW, false, { getInitialValueInEffect: false });
  const settled = useMemo(() => boxesOf(body), [body]);
  const [said, setSaid] = useState("");
  const keep = (boxes: Box[], which: number) => {
    const box = boxes[which];
    if (!box) return;
    change?.(withBoxes(body, boxes));
    setSaid(`${titleOf(body.widgets[which])}: column ${box.x + 1}, row ${box.y + 1}, ${box.width} wide, ${box.height} high`);
  };
  const arranging = useArranging(settled, () => grid.current?.clientWidth ?? 1, keep);
  const { boxes, dragged } = arranging;
  const order = boxes.map((_, place) => place).sort((one, other) => (boxes[one]?.y ?? 0) - (boxes[other]?.y ?? 0) || (boxes[one]?.x ?? 0) - (boxes[other]?.x ?? 0));
  const remove = (which: number) => change?.({ ...body, widgets: body.widgets.filter((_, place) => place !== which) });
  return (
    <>
      <div ref={grid} className="canvas" data-narrow={isNarrow || undefined} data-editing={change ? true : undefined} style={{ gridAutoRows: ROW, gap: GAP }}>
        {order.map((which) => {
          const box = boxes[which];
          if (!box) return null;
          return (
            <div key={which} className="canvas-place" data-dragged={dragged === which || undefined} style={isNarrow ? { gridRow: `span ${box.height}` } : area(box)}>
              <Frame widget={body.widgets[which]} about={about} height={box.height * (ROW + GAP) - GAP - AROUND}
                {...(change ? { edit: () => edit(which), remove: () => remove(which), ...(isNarrow ? {} : { grips: (grip) => arranging.handlers(which, grip) }) } : {})} />
            </div>
          );
        })}
      </div>
      <p className="for-ears" role="status">{said}</p>
    </>
  );
}

function area({ x, y, width, height }: Box) {
  return { gridColumn: `${x + 1} / span ${width}`, gridRow: `${y + 1} / span ${height}` };
}
