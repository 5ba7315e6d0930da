// Rows in the order of a column. A long table that grows in front, as a live tail does, is not sorted anew each time.

/** What a row is sorted by: all of a table are numbers, or all are texts. */
interface Keyed<Row> {
  row: Row;
  key: number | string;
}

export interface Sorted<Row> {
  /** As they came. */
  rows: Row[];
  /** In order. */
  keyed: Keyed<Row>[];
  isByNumber: boolean;
}

export interface Order<Row> {
  text: (row: Row) => string;
  isNumber?: boolean;
  isDown: boolean;
}

const NOTHING = new Set(["", "-"]);

/** Sorts rows; `before` is what the same order gave the last time. Rows that are alike stay in the order in which they came. */
export function sortRows<Row>(rows: Row[], order: Order<Row>, before?: Sorted<Row>): Sorted<Row> {
  return (before && grown(rows, order, before)) ?? anew(rows, order);
}

function anew<Row>(rows: Row[], order: Order<Row>): Sorted<Row> {
  const texts = rows.map(order.text);
  const isByNumber = order.isNumber === true || texts.every(isNumber);
  const keyed = rows.map((row, place): Keyed<Row> => ({ row, key: keyOf(texts[place] ?? "", isByNumber) }));
  return { rows, isByNumber, keyed: keyed.sort(comparing(order)) };
}

/** None when it is not the rows of before, with others in front and without some at the end. */
function grown<Row>(rows: Row[], order: Order<Row>, { rows: last, keyed, isByNumber }: Sorted<Row>): Sorted<Row> | undefined {
  const count = last[0] === undefined ? -1 : rows.indexOf(last[0]);
  if (count < 0 || count > rows.length / 4 || rows.length - count > last.length) return undefined;
  for (let place = count; place < rows.length; place += 1) if (rows[place] !== last[place - count]) return undefined;
  const texts = rows.slice(0, count).map(order.text);
  if (isByNumber && !order.isNumber && !texts.every(isNumber)) return undefined;
  const compare = comparing(order);
  const fresh = texts.map((text, place) => ({ row: rows[place] as Row, key: keyOf(text, isByNumber) })).sort(compare);
  const gone = new Set(last.slice(rows.length - count));
  const left = gone.size === 0 ? keyed : keyed.filter(({ row }) => !gone.has(row));
  return { rows, isByNumber, keyed: merged(fresh, left, compare) };
}

/** Both are in order; what is in `fresh` goes before what is alike in `left`. */
function merged<Row>(fresh: Keyed<Row>[], left: Keyed<Row>[], compare: (one: Keyed<Row>, other: Keyed<Row>) => number): Keyed<Row>[] {
  const all = new Array<Keyed<Row>>(fresh.length + left.length);
  let [from, end] = [0, 0];
  const take = (until: number) => { while (from < until) all[end++] = left[from++] as Keyed<Row>; };
  for (const one of fresh) {
    let [low, high] = [from, left.length];
    while (low < high) {
      const middle = (low + high) >> 1;
      if (compare(left[middle] as Keyed<Row>, one) < 0) low = middle + 1;
      else high = middle;
    }
    take(low);
    all[end++] = one;
  }
  take(left.length);
  return all;
}

function isNumber(text: string): boolean {
  return NOTHING.has(text) || !Number.isNaN(Number(text));
}

/** Numbers within a text count as such: `10.0.0.9` is before `10.0.0.10`. */
function keyOf(text: string, isByNumber: boolean): number | string {
  return isByNumber ? Number(text) || 0 : text.toLowerCase().replace(/\d+/g, (digits) => digits.padStart(12, "0"));
}

function comparing<Row>({ isDown }: Order<Row>): (one: Keyed<Row>, other: Keyed<Row>) => number {
  const sign = isDown ? -1 : 1;
  return ({ key: one }, { key: other }) => (one === other ? 0 : one < other ? -sign : sign);
}
