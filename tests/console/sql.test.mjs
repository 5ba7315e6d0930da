// SQL over delivered objects.

import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { inspect, launch, open, signIn } from "./browser.mjs";
import { holdsFrames } from "./frames.mjs";
import { Traffic } from "./traffic.mjs";
import { RECORDING, settled, until, Weir } from "./weir.mjs";

let browser, weir, traffic, page, call;

before(async () => {
  [browser, weir] = await Promise.all([launch(), Weir.start(...RECORDING)]);
  traffic = new Traffic();
  call = await weir.session();
  await until(async () => (await (await fetch(`${weir.url}/status`)).json()).delivery.records > 10, "delivered records", () => weir.said());
  page = await open(browser, weir);
  await signIn(page, weir.key, "/console/sql");
});

after(async () => {
  await traffic?.stop();
  await browser?.close();
  await weir?.stop();
});

const editor = () => page.getByRole("textbox", { name: "SQL" });
const results = () => page.getByRole("region", { name: "Results" });

async function ask(text) {
  await editor().click();
  await page.keyboard.press("Control+A");
  await page.keyboard.insertText(text);
  await page.keyboard.press("Control+Enter");
}

test("the query that stands there at first answers, and its address leads to the same answer", async () => {
  await page.getByRole("button", { name: "Run" }).click();
  await results().getByRole("link", { name: "10.88.9.2" }).first().waitFor();
  await page.waitForURL(/execution=/);
  await page.reload();
  await results().getByRole("link", { name: "10.88.9.2" }).first().waitFor();
  await inspect(page, "sql");
  assert.deepEqual(page.complaints, []);
});

test("tables and columns are at the side, and complete what is written", async () => {
  await page.getByText(/^vpc_flow_logs/).click();
  await page.getByRole("button", { name: /^dstport int/ }).waitFor();
  await editor().click();
  await page.keyboard.press("Control+A");
  await page.keyboard.type("SELECT * FROM vpc_f");
  await page.locator(".cm-tooltip-autocomplete").getByText("vpc_flow_logs").waitFor();
  await page.keyboard.press("Escape");
});

test("an error is a sentence, and marked at its place", async () => {
  await ask("SELECT action\nFROM vpc_flow_logs\nWHERE nonesuch = 1");
  await page.getByRole("alert").getByText(/nonesuch/).waitFor();
  await page.locator(".cm-lintRange-error").waitFor();
  await settled(() => page.locator(".cm-lintRange-error").textContent(), "nonesuch");
});

test("what a query will read is said before it runs, while typing has paused, and stays out of the history", async () => {
  const history = async () => {
    const { QueryExecutionIds } = await call("athena", "ListQueryExecutions", { WorkGroup: "primary" });
    const { QueryExecutions } = await call("athena", "BatchGetQueryExecution", { QueryExecutionIds });
    return QueryExecutions.map(({ Query }) => Query);
  };
  await editor().click();
  await page.keyboard.press("Control+A");
  await page.keyboard.insertText("SELECT count(*) FROM vpc_flow_logs WHERE bytes > 70");
  await page.getByRole("status").getByText(/^· will read [\d.]+ \w+ of [\d,]+ objects?, at most$/).waitFor();
  assert.equal((await history()).filter((query) => query.includes("bytes > 70")).length, 1);
  const alerts = () => page.getByRole("alert").allTextContents();
  const before = await alerts();
  await page.keyboard.insertText(" AND");
  await page.getByRole("status").getByText(/will read/).waitFor({ state: "detached" });
  await page.waitForTimeout(2500);
  assert.deepEqual(await alerts(), before, "a query that is not whole yet is no error");
  assert.equal(await page.getByRole("status").getByText(/will read/).count(), 0);
  await page.keyboard.insertText(" action = 'REJECT'");
  await page.getByRole("status").getByText(/will read/).waitFor();
  await page.getByRole("tab", { name: "history" }).click();
  await page.getByRole("button", { name: /nonesuch/ }).first().waitFor();
  assert.equal(await page.getByRole("button", { name: /bytes > 70/ }).count(), 0);
  await page.getByRole("tab", { name: "tables" }).click();
});

test("while a query runs it says how much of what it will read has been read", async () => {
  let bytesToRead = 0;
  // A query of a few objects is done before anybody looks: this one is said to run on.
  await page.route("**/console/call/athena/GetQueryExecution", async (route) => {
    const response = await route.fetch();
    const { QueryExecution } = await response.json();
    const Statistics = { ...QueryExecution.Statistics, DataScannedInBytes: bytesToRead / 2 };
    await route.fulfill({ response, json: { QueryExecution: { ...QueryExecution, Statistics, ...(bytesToRead > 0 ? { Status: { ...QueryExecution.Status, State: "RUNNING" } } : {}) } } });
  });
  await editor().click();
  await page.keyboard.press("Control+A");
  await page.keyboard.insertText("SELECT max(bytes) FROM vpc_flow_logs");
  // That of the query before stands there until the page has seen the change.
  await page.getByRole("status").getByText(/will read/).waitFor({ state: "detached" });
  const estimate = await page.getByRole("status").getByText(/will read/).textContent();
  bytesToRead = 512;
  await page.getByRole("button", { name: "Run" }).click();
  const [, size] = /will read ([\d.]+ \w+) of/.exec(estimate);
  await page.getByText(`Running. 256 B of ${size} read.`).waitFor();
  await page.getByRole("progressbar", { name: "Bytes read" }).waitFor();
  // Answers on their way are waited for: taken from its handler, one would be answered twice.
  await page.unrouteAll({ behavior: "wait" });
  await page.getByRole("progressbar", { name: "Bytes read" }).waitFor({ state: "detached" });
});

test("rows are sorted at a click and saved as CSV", async () => {
  await ask("SELECT dstport, count(*) AS n FROM vpc_flow_logs WHERE action = 'REJECT' AND dstport IN (22, 23, 3389) GROUP BY 1 ORDER BY 1");
  await results().getByRole("cell", { name: "3389" }).waitFor();
  const first = () => results().locator("tbody tr:not([aria-hidden]) td").first().textContent();
  await settled(first, "22");
  const head = results().getByRole("columnheader", { name: "dstport" });
  await head.getByRole("button").click();
  await head.getByRole("button").click();
  await settled(() => head.getAttribute("aria-sort"), "descending");
  await settled(first, "3389");
  const download = page.waitForEvent("download");
  await page.getByRole("button", { name: "Save as CSV" }).click();
  let text = "";
  for await (const chunk of await (await download).createReadStream()) text += chunk;
  assert.match(text, /^dstport,n\r\n3389,\d+\r\n23,\d+\r\n22,\d+\r\n$/);
});

test("what was asked is in the history, and what was saved has a name", async () => {
  const named = async () => (await call("athena", "ListNamedQueries", { WorkGroup: "primary" })).NamedQueryIds.length;
  const before = await named();
  await page.getByRole("tab", { name: "history" }).click();
  await page.getByRole("button", { name: /IN \(22, 23, 3389\)/ }).first().waitFor();
  await page.getByRole("button", { name: "Save", exact: true }).click();
  await page.getByRole("textbox", { name: "Name" }).fill("refused ports");
  await page.getByRole("dialog").getByRole("button", { name: "Save", exact: true }).click();
  await page.getByRole("tab", { name: "named" }).click();
  await page.getByRole("button", { name: "refused ports", exact: true }).waitFor();
  assert.equal(await named(), before + 1);
  await page.getByRole("button", { name: "Forget busiest-source" }).click();
  await page.getByRole("alert").getByText("comes with Weir and stays as it is").waitFor();
  await page.getByRole("button", { name: "Forget refused ports" }).click();
  await page.getByRole("button", { name: "refused ports", exact: true }).waitFor({ state: "detached" });
  assert.equal(await named(), before);
});

test("100,000 rows are scrolled", async (about) => {
  await ask("SELECT (y - 1) * 1000 + x AS n, x * y AS product FROM UNNEST(sequence(1, 1000)) AS a(x) CROSS JOIN UNNEST(sequence(1, 100)) AS b(y) ORDER BY 1");
  await page.getByText(/^100,000 rows;/).waitFor({ timeout: 120_000 });
  await holdsFrames(page, about, "100,000 rows are scrolled", () => results().evaluate(async (box) => {
    for (let step = 1; step <= 100; step += 1) {
      box.scrollTop = (box.scrollHeight * step) / 100;
      await new Promise((done) => requestAnimationFrame(done));
    }
  }));
  await results().getByRole("cell", { name: "100000", exact: true }).first().waitFor();
  assert.ok((await results().locator("tbody tr").count()) < 100, "only the rows that are seen are drawn");
});

test("an address alone runs nothing", async () => {
  const ran = async () => (await call("athena", "ListQueryExecutions", { WorkGroup: "primary" })).QueryExecutionIds.length;
  const before = await ran();
  await page.goto(`/console/sql?query=${encodeURIComponent("DROP TABLE vpc_flow_logs")}`);
  await page.getByText("Nothing was asked yet").waitFor();
  assert.match(await editor().textContent(), /DROP TABLE/);
  assert.equal(await ran(), before);
});
