// The order of a table that grows in front is that of one that is sorted anew.

import assert from "node:assert/strict";
import { before, test } from "node:test";
import { source } from "./source.mjs";

let sortRows;

before(async () => ({ sortRows } = await source("ui/sort.ts")));

const orderOf = (texts, isDown = false) => sortRows(texts.map((text) => [text]), { text: ([text]) => text, isDown }).keyed.map(({ row: [text] }) => text);

test("numbers are sorted as numbers, also within texts", () => {
  assert.deepEqual(orderOf(["9", "-", "10", "", "1"]), ["-", "", "1", "9", "10"]);
  assert.deepEqual(orderOf(["10.0.0.10", "10.0.0.9", "9.0.0.1", "-"]), ["-", "9.0.0.1", "10.0.0.9", "10.0.0.10"]);
  assert.deepEqual(orderOf(["b", "A", "c"], true), ["c", "b", "A"]);
});

test("rows that come in front, and rows that go at the end", () => {
  let seed = 7;
  const random = (below) => (seed = (seed * 48_271) % 2_147_483_647) % below;
  for (const isDown of [false, true]) {
    for (const kind of [(number) => String(number), (number) => `10.0.0.${number}`, (number) => (number === 0 ? "no number" : String(number))]) {
      const order = { text: ([text]) => text, isDown };
      let rows = [];
      let kept;
      for (let turn = 0; turn < 200; turn += 1) {
        const fresh = Array.from({ length: random(6) }, () => [kind(random(turn < 100 ? 30 : 29) + (turn < 100 ? 1 : 0))]);
        rows = [...fresh, ...rows].slice(0, 60 + random(5));
        // Now and then something else altogether.
        if (random(50) === 0) rows = rows.filter(() => random(3) > 0);
        kept = sortRows(rows, order, kept);
        const anew = sortRows(rows, order);
        assert.ok(kept.keyed.length === anew.keyed.length && kept.keyed.every(({ row }, place) => row === anew.keyed[place].row), `turn ${turn}`);
      }
    }
  }
});
