// The grid of a dashboard: where widgets lie, and who makes room when one moves. Nothing is moved that is not in the way.

export const COLUMNS = 24;
/** What a widget has that does not say. Source: Dashboard Body Structure and Syntax, CloudWatch API reference. */
export const USUAL = { width: 6, height: 6 };
const MOST_HEIGHT = 1000;

export interface Box {
  x: number;
  y: number;
  width: number;
  height: number;
}

/** What a widget says of its place. */
export type Wish = Partial<Record<keyof Box, unknown>>;

/** Rows that are drawn, at most: what says it lies further down lies there. */
const LAST_ROW = 10_000;

/** A place for each: where it wants to be, and the next free one for those that do not say. */
export function place(wishes: Wish[]): Box[] {
  const taken = new Taken();
  return wishes.map((wish) => {
    const width = within(wish.width, 1, COLUMNS) ?? USUAL.width;
    const height = within(wish.height, 1, MOST_HEIGHT) ?? USUAL.height;
    const [x, y] = [within(wish.x, 0, COLUMNS - 1), within(wish.y, 0, Number.MAX_SAFE_INTEGER)];
    const at = x === undefined || y === undefined ? taken.free(width, height) : { x, y: Math.min(y, LAST_ROW) };
    const box = { ...at, width: Math.min(width, COLUMNS - at.x), height };
    taken.take(box);
    return box;
  });
}

function within(value: unknown, least: number, most: number): number | undefined {
  return typeof value === "number" && Number.isInteger(value) && value >= least && value <= most ? value : undefined;
}

/** The first place, row by row, that has room. */
export function free(boxes: Box[], width: number, height: number): { x: number; y: number } {
  const taken = new Taken();
  boxes.forEach((box) => taken.take(box));
  return taken.free(width, height);
}

/** Which cells have a widget: a bit for each column. */
class Taken {
  private readonly rows = new Map<number, number>();

  take({ x, y, width, height }: Box): void {
    for (let row = y; row < y + height; row += 1) this.rows.set(row, (this.rows.get(row) ?? 0) | bits(x, width));
  }

  free(width: number, height: number): { x: number; y: number } {
    for (let y = 0; ; y += 1) {
      for (let x = 0; x + width <= COLUMNS; x += 1) {
        if (this.isFree(bits(x, width), y, height)) return { x, y };
      }
    }
  }

  private isFree(wanted: number, y: number, height: number): boolean {
    for (let row = y; row < y + height; row += 1) {
      if (((this.rows.get(row) ?? 0) & wanted) !== 0) return false;
    }
    return true;
  }
}

function bits(x: number, width: number): number {
  return ((1 << width) - 1) << x;
}

function overlap(one: Box, other: Box): boolean {
  return one.x < other.x + other.width && other.x < one.x + one.width && one.y < other.y + other.height && other.y < one.y + one.height;
}

/** A box that lies in the grid: as wide and as far to the right as it can be. */
export function fitted({ x, y, width, height }: Box): Box {
  const wide = Math.max(1, Math.min(width, COLUMNS));
  return {
    x: Math.max(0, Math.min(x, COLUMNS - wide)), y: Math.max(0, y), width: wide, height: Math.max(1, Math.min(height, MOST_HEIGHT)),
  };
}

/** One of them goes to another place, or gets another size. What is in its way goes down, and what is in the way of that. */
export function moved(boxes: Box[], which: number, to: Box): Box[] {
  const all = boxes.map((box, place) => (place === which ? fitted(to) : box));
  const waiting = [which];
  for (let place = waiting.shift(); place !== undefined; place = waiting.shift()) {
    const settled = all[place];
    if (!settled) continue;
    all.forEach((box, other) => {
      if (other === place || other === which || !overlap(box, settled)) return;
      all[other] = { ...box, y: settled.y + settled.height };
      waiting.push(other);
    });
  }
  return all;
}
