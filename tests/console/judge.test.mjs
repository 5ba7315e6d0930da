// What an alarm would have done is told by the rule of the server: both are held against one table of cases.

import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { before, test } from "node:test";
import { source } from "./source.mjs";

const CASES = join(process.env.WEIR_SOURCES, "crates/watch/tests/alarm/missing-data.txt");
const TREATMENTS = ["missing", "ignore", "breaching", "notBreaching"];
const VALUES = { 0: 0, X: 3 };
const RULE = { comparison: "GreaterThanOrEqualToThreshold", threshold: 1, periods: 1, datapoints: 1, missing: "missing" };
const MINUTE = 60_000;

let judge, rangeOf, replay, tickOf, spellsOf, filter;

before(async () => {
  ({ judge, rangeOf } = await source("pages/metrics/alarms/judge.ts"));
  ({ replay, tickOf } = await source("pages/metrics/alarms/replay.ts"));
  ({ spellsOf } = await source("pages/metrics/alarms/spells.ts"));
  filter = await source("pages/metrics/filters/filter.ts");
});

test("missing data are judged as the server does it", () => {
  let rows = 0;
  for (const line of readFileSync(CASES, "utf8").split("\n")) {
    if (line === "" || line.startsWith("#")) continue;
    const [of, letters, , ...expected] = line.split("|").map((cell) => cell.trim());
    const points = letters.split(" ");
    // What nobody watched is not known of data that were recorded.
    if (points.includes("u")) continue;
    const [datapoints, periods] = of.split(" of ").map(Number);
    assert.equal(points.length, rangeOf(periods), line);
    TREATMENTS.forEach((missing, place) => {
      const found = judge({ ...RULE, periods, datapoints, missing }, (ago) => VALUES[points.at(-ago)]);
      assert.equal(found ?? "keep", expected[place], `${line}, ${missing}`);
    });
    rows += 1;
  }
  assert.equal(rows, 20);
});

test("each operator breaches on its side", () => {
  const expected = {
    GreaterThanOrEqualToThreshold: ["OK", "ALARM", "ALARM"], GreaterThanThreshold: ["OK", "OK", "ALARM"],
    LessThanThreshold: ["ALARM", "OK", "OK"], LessThanOrEqualToThreshold: ["ALARM", "ALARM", "OK"],
  };
  for (const [comparison, states] of Object.entries(expected)) {
    assert.deepEqual([0, 1, 2].map((value) => judge({ ...RULE, comparison }, () => value)), states, comparison);
  }
});

test("an alarm rings each time that its state becomes ALARM, and not while it stays so", () => {
  const values = new Map([[2, 5], [3, 5], [7, 0], [8, 1], [9, 0], [10, 0], [20, 4]].map(([minute, value]) => [minute * MINUTE, value]));
  const run = (rule) => replay({ ...RULE, ...rule }, MINUTE, MINUTE, 0, 30 * MINUTE, (start) => values.get(start));
  const { rings, spells } = run({ missing: "notBreaching" });
  assert.equal(rings, 3);
  // The newest point counts for two more periods; then the missing ones are fine.
  assert.deepEqual(spells.map(({ state, from, until }) => [state, from / MINUTE, until / MINUTE]), [
    ["OK", 0, 3], ["ALARM", 3, 7], ["OK", 7, 9], ["ALARM", 9, 10], ["OK", 10, 21], ["ALARM", 21, 24], ["OK", 24, 30],
  ]);
  assert.equal(run({ missing: "notBreaching", threshold: 4 }).rings, 2);
  assert.equal(run({ missing: "notBreaching", threshold: 4, periods: 2, datapoints: 2 }).rings, 1);
  assert.equal(run({ missing: "breaching" }).rings, 3);
  assert.equal(run({ missing: "missing" }).rings, 3, "becoming insufficient is no ring");
  assert.deepEqual(run({ missing: "missing" }).spells.at(-1), { state: "INSUFFICIENT_DATA", from: 24 * MINUTE, until: 30 * MINUTE });
});

test("spans longer than a minute slide with the minutes", () => {
  const values = new Map([[3, 5]].map(([minute, value]) => [minute * MINUTE, value]));
  const valueAt = (start) => [...values].filter(([at]) => at >= start && at < start + 5 * MINUTE).map(([, value]) => value)[0];
  const { spells } = replay({ ...RULE, missing: "notBreaching" }, 5 * MINUTE, tickOf(300, 1), 0, 30 * MINUTE, valueAt);
  assert.deepEqual(spells.find(({ state }) => state === "ALARM"), { state: "ALARM", from: 4 * MINUTE, until: 19 * MINUTE });
  assert.deepEqual([tickOf(10, 1), tickOf(60, 1), tickOf(300, 3), tickOf(3600, 1), tickOf(86_400, 2)], [10_000, MINUTE, MINUTE, MINUTE, 60 * MINUTE]);
});

test("the history of an alarm is its states over time", () => {
  const update = (minute, from, to) => ({ Timestamp: minute * MINUTE, HistoryItemType: "StateUpdate", HistorySummary: "", HistoryData: JSON.stringify({ oldState: { stateValue: from }, newState: { stateValue: to } }) });
  const history = [update(20, "ALARM", "OK"), update(15, "OK", "ALARM"), { Timestamp: 14 * MINUTE, HistoryItemType: "Action", HistorySummary: "" }, update(5, "INSUFFICIENT_DATA", "OK"), { Timestamp: 2 * MINUTE, HistoryItemType: "ConfigurationUpdate", HistorySummary: "" }];
  const told = (start, end) => spellsOf(history, "OK", { start: start * MINUTE, end: end * MINUTE }).map(({ state, from, until }) => [state, from / MINUTE, until / MINUTE]);
  assert.deepEqual(told(0, 30), [["INSUFFICIENT_DATA", 2, 5], ["OK", 5, 15], ["ALARM", 15, 20], ["OK", 20, 30]]);
  assert.deepEqual(told(10, 17), [["OK", 10, 15], ["ALARM", 15, 17]]);
  assert.deepEqual(spellsOf([], "ALARM", { start: 0, end: MINUTE }), []);
});

test("records behind one another are told apart, other lines are left alone", () => {
  const record = (port) => `2 086112738802 eni-0d5d75b41f9befe9e 61.177.172.128 172.31.83.158 39611 ${port} 6 1 40 1563108188 1563108227 REJECT OK`;
  assert.equal(filter.apart(`${record(22)} ${record(80)} ${record(23)}\n${record(25)}`), [22, 80, 23, 25].map(record).join("\n"));
  assert.equal(filter.apart(`${record(22)}\n${record(80)}`), undefined);
  assert.equal(filter.apart(`${record(22)} more`), undefined);
  assert.equal(filter.apart("a b c d e f g h i j k l m n o p q r s t u v w x y z 1 2"), undefined);
});
