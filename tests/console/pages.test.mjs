// The pages, on real packets.

import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { brush, inspect, launch, NARROW, open, signIn } from "./browser.mjs";
import { Traffic } from "./traffic.mjs";
import { RECORDING, settled, until, Weir } from "./weir.mjs";

/** Most compressed script of the first page. */
const BUDGET = 350_000;
const GROUP = "/weir/flow-logs";

let browser, weir, traffic, page, call;

before(async () => {
  [browser, weir] = await Promise.all([launch(), Weir.start(...RECORDING)]);
  traffic = new Traffic();
  call = await weir.session();
  page = await open(browser, weir);
  await signIn(page, weir.key);
  await until(async () => {
    const { events } = await call("logs", "FilterLogEvents", { logGroupName: GROUP, filterPattern: "REJECT", limit: 5 });
    return events.length > 0;
  }, "a refused connection in the log group", () => weir.said());
});

after(async () => {
  await traffic?.stop();
  await browser?.close();
  await weir?.stop();
});

/** The browser had nothing to complain of: no rule of the page was broken, no script failed. */
async function clean() {
  assert.deepEqual(page.complaints, []);
}

test("a wrong key is told so, the right one opens the overview within the budget", async () => {
  const first = await open(browser, weir);
  const sizes = new Map();
  first.on("response", (response) => {
    if (response.url().endsWith(".js")) sizes.set(response.url(), Number(response.headers()["content-length"]));
  });
  await first.goto("/");
  await first.waitForURL(/\/console\/$/);
  await first.getByLabel("Access key id").fill(weir.key.accessKeyId);
  await first.getByLabel("Secret access key").fill("wrong");
  await first.getByRole("button", { name: "Sign in" }).click();
  await first.getByText("No access key that is in force").waitFor();
  await inspect(first, "sign-in");
  await first.getByLabel("Secret access key").fill(weir.key.secretAccessKey);
  await first.getByRole("button", { name: "Sign in" }).click();
  await first.waitForURL(/\/console\/overview/);
  await first.getByRole("region", { name: "Top talkers" }).getByRole("link", { name: "10.88.9.2" }).waitFor();
  const size = [...sizes.values()].reduce((sum, one) => sum + one, 0);
  assert.ok(sizes.size > 0 && size <= BUDGET, `${size} bytes of script in ${sizes.size} files`);
  assert.deepEqual(first.complaints, []);
  await first.context().close();
});

test("the overview answers what is asked first, and every number leads to its query", async () => {
  await page.goto("/console/overview");
  const panel = (name) => page.getByRole("region", { name, exact: true });
  await panel("Traffic").getByText("REJECT").waitFor();
  await panel("Refused sources, in packets").getByRole("link", { name: "10.88.9.2" }).waitFor();
  await panel("Refused ports, in packets").getByText("ssh").waitFor();
  await panel("Bytes by protocol").getByText("TCP").waitFor();
  await panel("New peers").getByRole("link", { name: "10.88.9.2" }).waitFor();
  await panel("Alarms").getByText("SSH-rejects").waitFor();
  await panel("Recording and delivery").getByText("Interfaces recorded").waitFor();
  await inspect(page, "overview");
  await clean();
  await panel("Refused ports, in packets").getByRole("link", { name: "Query behind" }).click();
  await page.waitForURL(/\/console\/logs\?.*query=/);
  await page.getByRole("region", { name: "Results" }).getByRole("cell", { name: "3389" }).waitFor();
});

test("a brush over the traffic sets the range of every panel", async () => {
  await page.goto("/console/overview?from=15m");
  const chart = page.locator(".u-over");
  await brush(page, chart, 0.4, 0.9);
  const url = new URL(page.url());
  const length = Date.parse(url.searchParams.get("to")) - Date.parse(url.searchParams.get("from"));
  assert.ok(length > 300_000 && length < 600_000, `${length} ms`);
});

test("an error of a query is marked at its place, and the query that is put right answers", async () => {
  await page.goto(`/console/logs?group=${encodeURIComponent(GROUP)}&query=${encodeURIComponent("fields @message\n| filtr action = 1")}`);
  await page.getByRole("alert").getByText("filtr").waitFor();
  const marked = page.locator(".cm-lintRange-error");
  await marked.waitFor();
  await settled(() => marked.textContent(), "filtr");
  const editor = page.getByRole("textbox", { name: "Query of Logs Insights" });
  await editor.click();
  await page.keyboard.press("Control+A");
  await page.keyboard.type("stats count(*) as n by action, bin(10s)");
  await page.keyboard.press("Escape");
  await page.keyboard.press("Control+Enter");
  await page.getByRole("region", { name: "Results" }).getByRole("cell", { name: "REJECT" }).first().waitFor();
  await page.locator(".u-over").waitFor();
  await settled(() => marked.count(), 0);
  await inspect(page, "logs-insights");
  await clean();
});

test("a chart has no number where records had no traffic", async () => {
  const name = "/test/gaps";
  await call("logs", "CreateLogGroup", { logGroupName: name });
  await call("logs", "CreateLogStream", { logGroupName: name, logStreamName: "eni-1" });
  const [before, now] = [Date.now() - 30_000, Date.now()];
  const at = (time) => Math.floor(time / 1000);
  await call("logs", "PutLogEvents", { logGroupName: name, logStreamName: "eni-1", logEvents: [
    { timestamp: before, message: `2 123456789012 eni-1 10.0.0.1 10.0.0.2 1024 443 6 1 60 ${at(before)} ${at(before)} ACCEPT OK` },
    { timestamp: now, message: `2 123456789012 eni-1 - - - - - - - ${at(now)} ${at(now)} - NODATA` },
  ] });
  await page.goto(`/console/logs?from=15m&group=${encodeURIComponent(name)}&query=${encodeURIComponent("stats sum(bytes) as traffic by bin(10s), action")}`);
  const legend = page.locator(".legend");
  await legend.getByText("ACCEPT").waitFor();
  await settled(async () => (await legend.locator("span").allTextContents()).sort(), ["- 0", "ACCEPT 60"]);
  await clean();
});

test("words are completed: commands, and the fields that were found", async () => {
  await page.goto(`/console/logs?group=${encodeURIComponent(GROUP)}`);
  await page.getByRole("tab", { name: "fields" }).click();
  await page.getByRole("button", { name: "dstPort", exact: true }).waitFor();
  const editor = page.getByRole("textbox", { name: "Query of Logs Insights" });
  await editor.click();
  await page.keyboard.press("Control+A");
  await page.keyboard.type("stats count(*) by dstP");
  // Not by a key: the list takes none in the moment after it has opened.
  await page.locator(".cm-tooltip-autocomplete").getByText("dstPort").click();
  await editor.getByText(/by dstPort$/).waitFor();
});

test("samples run at a click, what was asked is in the history, and a query can be saved", async () => {
  await page.goto(`/console/logs?group=${encodeURIComponent(GROUP)}`);
  await page.getByRole("tab", { name: "samples" }).click();
  await page.getByRole("button", { name: "The 20 sources that were refused most often" }).click();
  await page.getByRole("region", { name: "Results" }).getByRole("link", { name: "10.88.9.2" }).waitFor();
  await page.getByRole("button", { name: "Save", exact: true }).click();
  await page.getByRole("textbox", { name: "Name" }).fill("lab/refused");
  await page.getByRole("dialog").getByRole("button", { name: "Save", exact: true }).click();
  await page.getByRole("tab", { name: "saved" }).click();
  await page.getByRole("button", { name: "lab/refused", exact: true }).waitFor();
  const { queryDefinitions } = await call("logs", "DescribeQueryDefinitions", { queryDefinitionNamePrefix: "lab/" });
  assert.match(queryDefinitions[0].queryString, /numRejections/);
  await page.getByRole("tab", { name: "history" }).click();
  await page.getByRole("button", { name: /bin\(10s\)/ }).first().waitFor();
  const download = page.waitForEvent("download");
  await page.getByRole("button", { name: "Save as CSV" }).click();
  const file = await (await download).createReadStream();
  let text = "";
  for await (const chunk of file) text += chunk;
  assert.match(text, /^srcAddr,numRejections\r\n10\.88\.9\.2,\d+\r\n/);
  await clean();
});

test("groups lead to streams, and streams to events", async () => {
  await page.goto("/console/logs?view=groups");
  await page.getByRole("link", { name: GROUP, exact: true }).click();
  await page.getByRole("link", { name: /^eni-0a1b2c3d4e5f60718/ }).click();
  await page.getByRole("cell", { name: /eni-0a1b2c3d4e5f60718 10\.88/ }).first().waitFor();
  await page.getByLabel("Filter pattern").fill('[..., action="REJECT", status]');
  await page.getByRole("button", { name: "Filter" }).click();
  await page.waitForURL(/pattern=/);
  await until(async () => {
    const cells = await page.getByRole("cell", { name: /eni-/ }).allTextContents();
    return cells.length > 0 && cells.every((text) => text.includes("REJECT"));
  }, "refused records alone");
  await inspect(page, "logs-events");
  await clean();
});

test("everything is reached from the keyboard", async () => {
  await page.goto("/console/overview");
  await page.getByRole("region", { name: "In this range" }).waitFor();
  await page.keyboard.press("Tab");
  assert.equal(await page.evaluate(() => document.activeElement.textContent), "Skip to content");
  for (let step = 0; step < 40; step += 1) {
    await page.keyboard.press("Tab");
    if (await page.evaluate(() => document.activeElement.textContent === "Logs")) break;
  }
  await page.keyboard.press("Enter");
  await page.waitForURL(/\/console\/logs/);
});

test("on a telephone the menu opens by its button", async () => {
  await page.setViewportSize(NARROW);
  await page.goto("/console/overview");
  await page.getByRole("button", { name: "Pages" }).click();
  await page.getByRole("link", { name: "Logs", exact: true }).click();
  await page.waitForURL(/\/console\/logs/);
});

test("a key that may only read sees no button that writes", async () => {
  const key = await weir.user("reader", "CloudWatchLogsReadOnlyAccess");
  const reader = await open(browser, weir);
  await signIn(reader, key, `/console/logs?group=${encodeURIComponent(GROUP)}`);
  await reader.getByRole("button", { name: "Run" }).click();
  await reader.getByRole("region", { name: "Results" }).waitFor();
  await reader.getByRole("tab", { name: "saved" }).click();
  await reader.getByRole("button", { name: "lab/refused", exact: true }).waitFor();
  assert.equal(await reader.getByRole("button", { name: "Save", exact: true }).count(), 0);
  assert.equal(await reader.getByRole("button", { name: /^Forget/ }).count(), 0);
  await call("iam", "DeleteAccessKey", { UserName: "reader", AccessKeyId: key.accessKeyId });
  await reader.getByRole("button", { name: "Run" }).click();
  await reader.getByText("Your session has ended").waitFor();
  await reader.context().close();
});
