// Dashboards: bodies as AWS clients put and get them, looked at and changed.

import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { brush, inspect, launch, NARROW, open, signIn, WIDE } from "./browser.mjs";
import { Traffic } from "./traffic.mjs";
import { RECORDING, settled, until, Weir } from "./weir.mjs";

const GROUP = "/weir/flow-logs";
const METRIC = ["VPC Flow logs", "SSH-rejects"];
const HOSTILE = "# Lab *one*\n\nSee [the flows](/console/flows), **not** <b>this</b>.\n\n"
  + "<img src=x onerror=\"document.title='run'\"> [run](javascript:document.title='run')\n\n- one\n- two\n\n| port | name |\n|---:|---|\n| 22 | `ssh` |\n";

let browser, weir, traffic, page, call;

before(async () => {
  [browser, weir] = await Promise.all([launch(), Weir.start(...RECORDING)]);
  traffic = new Traffic();
  call = await weir.session();
  page = await open(browser, weir);
  await signIn(page, weir.key, "/console/dashboards");
  await until(async () => {
    const { Metrics } = await call("monitoring", "ListMetrics", { Namespace: METRIC[0] });
    return Metrics.some(({ MetricName }) => MetricName === METRIC[1]);
  }, "a value of the metric of refused connections", () => weir.said());
});

after(async () => {
  await traffic?.stop();
  await browser?.close();
  await weir?.stop();
});

const put = (name, body) => call("monitoring", "PutDashboard", { DashboardName: name, DashboardBody: JSON.stringify(body) });
const get = async (name) => JSON.parse((await call("monitoring", "GetDashboard", { DashboardName: name })).DashboardBody);
const widget = (name) => page.getByRole("region", { name, exact: true }).first();
const button = (name) => page.getByRole("button", { name, exact: true });

test("a dashboard is created, filled from its forms, and kept as PutDashboard has it", async () => {
  await page.getByText("There is no dashboard yet").waitFor();
  await page.getByLabel("Name of a new dashboard").fill("made-here");
  await button("Create").click();
  await page.waitForURL(/\/console\/dashboards\/made-here\?.*edit=yes/);
  await button("Add a widget").click();
  await page.getByRole("menuitem", { name: "Metric" }).click();
  const dialog = page.getByRole("dialog");
  await dialog.getByLabel("Title").fill("Refused SSH");
  await dialog.getByRole("combobox", { name: "Add a metric" }).fill("SSH");
  await page.getByRole("option", { name: METRIC.join(" › ") }).click();
  await dialog.getByRole("button", { name: "Apply" }).click();
  await widget("Refused SSH").locator(".u-over").waitFor();
  await button("Add a widget").click();
  await page.getByRole("menuitem", { name: "Text" }).click();
  await dialog.getByLabel("Text, in Markdown").fill("## Notes\n\nby hand");
  await dialog.getByRole("button", { name: "Apply" }).click();
  await button("Save").click();
  await page.getByText("not saved").waitFor({ state: "detached" });
  const body = await get("made-here");
  assert.deepEqual(body.widgets.map(({ type, x, y, width, height }) => [type, x, y, width, height]), [["metric", 0, 0, 12, 6], ["text", 12, 0, 6, 3]]);
  assert.deepEqual(body.widgets[0].properties.metrics, [METRIC]);
  assert.equal(body.widgets[1].properties.markdown, "## Notes\n\nby hand");
});

const WHOLE = {
  start: "-PT3H", periodOverride: "inherit",
  widgets: [
    { type: "text", x: 0, y: 0, width: 24, height: 5, properties: { markdown: HOSTILE } },
    { type: "metric", x: 0, y: 5, width: 12, height: 6, properties: {
      title: "Refused", metrics: [[...METRIC, { id: "m1", label: "SSH" }], [{ expression: "m1 * 2", label: "Twice" }]], stat: "Sum", period: 60, view: "timeSeries",
      annotations: { horizontal: [{ value: 3, label: "Too many" }] }, liveData: true,
    } },
    { type: "log", x: 12, y: 5, width: 12, height: 6, properties: {
      title: "By port", query: `SOURCE '${GROUP}' | filter action = "REJECT" | stats sum(packets) as packets by dstPort | sort packets desc`, view: "table", region: "us-east-1",
    } },
    { type: "alarm", x: 0, y: 11, width: 6, height: 4, properties: { title: "Alarms", alarms: ["arn:aws:cloudwatch:us-east-1:123456789012:alarm:SSH-rejects", "arn:aws:cloudwatch:us-east-1:123456789012:alarm:gone"] } },
    { type: "log", x: 6, y: 11, width: 6, height: 5, properties: { title: "Verdicts", query: `SOURCE "${GROUP}" | stats count(*) as n by action`, view: "pie" } },
    { type: "metric", x: 12, y: 11, width: 6, height: 4, properties: { title: "Now", metrics: [METRIC], stat: "Sum", period: 60, view: "gauge", yAxis: { left: { min: 0, max: 50 } } } },
    { type: "metric", x: 18, y: 11, width: 6, height: 4, properties: { title: "Number", metrics: [METRIC], stat: "Sum", view: "singleValue", setPeriodToTimeRange: true } },
    { type: "explorer", x: 0, y: 16, width: 8, height: 4, properties: { labels: [{ key: "a" }] }, own: { kept: [1, 2.5, null] } },
  ],
};

test("every kind of widget is drawn; what is not known is kept, and said", async () => {
  await put("whole", WHOLE);
  await page.goto("/console/dashboards");
  await page.getByRole("link", { name: "whole" }).click();
  await page.waitForURL(/from=3h/);
  await widget("Refused").locator(".u-over").waitFor();
  await widget("Refused").getByText("Twice").waitFor();
  await widget("By port").getByRole("cell", { name: "3389" }).waitFor();
  await widget("Alarms").getByRole("row", { name: /SSH-rejects/ }).waitFor();
  await widget("Alarms").getByRole("row", { name: "gone there is no such alarm" }).waitFor();
  await widget("Verdicts").getByRole("row", { name: /REJECT/ }).waitFor();
  const color = await widget("Verdicts").getByRole("row", { name: /REJECT/ }).locator("i").evaluate((swatch) => getComputedStyle(swatch).backgroundColor);
  assert.equal(color, "rgb(232, 89, 12)", "what is refused has one colour on every page");
  await widget("Now").getByRole("img", { name: /between 0 and 50/ }).waitFor();
  await widget("Number").locator(".figure-value").waitFor();
  await page.getByText('Widgets of the type "explorer" are not drawn here').waitFor();
  await page.getByText("2 parts of this dashboard are kept as written").click();
  await page.getByText("/widgets/1/properties/liveData").waitFor();
  await page.getByText("/widgets/7 (explorer)").waitFor();
  await page.getByText("2 parts of this dashboard are kept as written").click();
  await inspect(page, "dashboard");
  await page.getByRole("link", { name: "Metrics behind Refused" }).click();
  await page.waitForURL(/\/console\/metrics\?/);
  await page.getByRole("table", { name: "Graphed metrics" }).getByRole("row", { name: /SSH-rejects/ }).waitFor();
  assert.deepEqual(page.complaints, []);
});

test("Markdown makes text, lists and tables; HTML stays text and no script runs", async () => {
  await page.goto("/console/dashboards/whole");
  const text = page.locator(".markdown");
  await text.getByText("<b>this</b>").waitFor();
  await text.getByText(`<img src=x onerror="document.title='run'">`).waitFor();
  assert.equal(await text.locator("img, b, script").count(), 0);
  await settled(() => text.locator("li").count(), 2);
  assert.deepEqual(await text.locator("a").evaluateAll((links) => links.map((link) => link.getAttribute("href"))), ["/console/flows"]);
  await text.getByRole("cell", { name: "ssh" }).waitFor();
  assert.match(await page.title(), /Weir/);
});

test("a widget is dragged and resized by the pointer, and what is in its way makes room", async () => {
  await page.goto("/console/dashboards/whole?edit=yes");
  await widget("Refused").locator(".u-over").waitFor();
  const step = (await page.locator(".canvas").evaluate((grid) => grid.clientWidth + 8)) / 24;
  const drag = async (name, columns, rows) => {
    const { x, y, width, height } = await button(name).boundingBox();
    await page.mouse.move(x + width / 2, y + height / 2);
    await page.mouse.down();
    await page.mouse.move(x + width / 2 + columns * step, y + height / 2 + rows * 48, { steps: 8 });
    await page.mouse.up();
  };
  await drag("Move Refused", 6, 0);
  await drag("Resize Refused", -2, 1);
  await button("Save").click();
  await page.getByText("not saved").waitFor({ state: "detached" });
  const { widgets, ...rest } = await get("whole");
  const at = (place) => { const { x, y, width, height } = widgets[place]; return [x, y, width, height]; };
  assert.deepEqual(at(1), [6, 5, 10, 7]);
  assert.deepEqual(at(2), [12, 12, 12, 6], "what was in the way lies below where the widget was dropped");
  assert.deepEqual(rest, { start: "-PT3H", periodOverride: "inherit" });
  assert.deepEqual(widgets[7].own, WHOLE.widgets[7].own);
  assert.deepEqual(widgets[1].properties, WHOLE.widgets[1].properties, "properties that are not known too");
});

test("a widget is moved and resized by the arrow keys, and Escape lets go of one that is dragged", async () => {
  await put("keys", { widgets: [{ type: "text", x: 0, y: 0, width: 6, height: 4, properties: { markdown: "# Keys" } }, { type: "text", properties: { markdown: "# Other" } }] });
  await page.goto("/console/dashboards/keys?edit=yes");
  await button("Move Keys").focus();
  for (const key of ["ArrowRight", "ArrowRight", "ArrowDown"]) await page.keyboard.press(key);
  await button("Resize Keys").focus();
  for (const key of ["ArrowRight", "ArrowUp"]) await page.keyboard.press(key);
  await page.getByRole("status").getByText("Keys: column 3, row 2, 7 wide, 3 high").waitFor({ state: "attached" });
  const { x, y } = await button("Move Other").boundingBox();
  await page.mouse.move(x + 5, y + 5);
  await page.mouse.down();
  await page.mouse.move(x + 300, y + 200, { steps: 4 });
  await page.keyboard.press("Escape");
  await page.mouse.up();
  await inspect(page, "dashboard-edit");
  await button("Save").click();
  await page.getByText("not saved").waitFor({ state: "detached" });
  const { widgets } = await get("keys");
  assert.deepEqual(widgets[0], { type: "text", x: 2, y: 1, width: 7, height: 3, properties: { markdown: "# Keys" } });
  assert.deepEqual(widgets[1], { type: "text", x: 6, y: 5, width: 6, height: 6, properties: { markdown: "# Other" } }, "pushed down, and not where it was dragged before Escape");
  assert.deepEqual(page.complaints, []);
});

test("what the server finds odd is shown with its place, and a body that it refuses is not kept", async () => {
  await put("odd", { widgets: [] });
  await page.goto("/console/dashboards/odd?edit=yes");
  const apply = async (text) => {
    await button("Source").click();
    const dialog = page.getByRole("dialog");
    await dialog.getByRole("textbox", { name: "Body of the dashboard" }).fill(text);
    await dialog.getByRole("button", { name: "Apply" }).click();
  };
  await apply('{"widgets": [{"type": "pie", "properties": {}}]}');
  await button("Save").click();
  await page.getByRole("alert").getByText("/widgets/0/type: Should be one of metric, text, log, alarm").waitFor();
  assert.equal((await get("odd")).widgets[0].type, "pie");
  await apply(JSON.stringify({ widgets: Array.from({ length: 501 }, () => ({ type: "text", properties: { markdown: "x" } })) }));
  await button("Save").click();
  await page.getByRole("alert").getByText("Should NOT have more than 500 items").first().waitFor();
  assert.equal((await get("odd")).widgets.length, 1);
  await button("Discard").click();
  await button("Source").click();
  await page.getByRole("dialog").getByRole("textbox").fill("[]");
  await page.getByRole("dialog").getByRole("button", { name: "Apply" }).click();
  await page.getByRole("alert").getByText("The body must be a JSON object").waitFor();
});

test("a dashboard is asked anew by itself, and the brush over one widget sets the range of all", async () => {
  await page.goto("/console/dashboards/whole?from=15m&refresh=10s");
  const over = widget("Refused").locator(".u-over");
  await over.waitFor();
  // Asked anew meanwhile, and still dragged.
  await brush(page, over, 0.3, 0.8, async () => {
    await page.waitForResponse(/GetMetricData/);
    await page.waitForTimeout(500);
  });
  await page.getByRole("combobox", { name: "Refresh" }).click();
  await page.getByRole("option", { name: "No refresh" }).click();
  await page.waitForURL((url) => !url.searchParams.has("refresh"));
});

test("on a telephone the widgets stand one under the other", async () => {
  await page.setViewportSize(NARROW);
  await page.goto("/console/dashboards/whole?edit=yes");
  await widget("Refused").waitFor();
  const widths = await page.locator(".canvas-place").evaluateAll((places) => places.map((place) => place.getBoundingClientRect().width));
  assert.ok(widths.every((width) => width > 340), `${widths}`);
  assert.equal(await page.getByRole("button", { name: /^Move / }).count(), 0);
  await page.setViewportSize(WIDE);
});

test("a key that may only read looks at dashboards and changes none", async () => {
  const reader = await open(browser, weir);
  await signIn(reader, await weir.user("watcher", "CloudWatchReadOnlyAccess"), "/console/dashboards");
  await reader.getByRole("link", { name: "whole" }).waitFor();
  assert.equal(await reader.getByRole("button", { name: /^(Create|Delete)/ }).count(), 0);
  await reader.goto("/console/dashboards/whole?edit=yes");
  await reader.getByRole("region", { name: "Alarms" }).getByRole("row", { name: /SSH-rejects/ }).waitFor();
  const writing = reader.getByRole("button", { name: /^(Edit|Save$|Add|Move|Resize|Remove)/ });
  assert.deepEqual(await writing.evaluateAll((buttons) => buttons.map((button) => button.ariaLabel ?? button.textContent)), []);
  await reader.context().close();
});

test("dashboards are listed, and deleted after one more question", async () => {
  await page.goto("/console/dashboards");
  const list = page.getByRole("region", { name: "Dashboards" });
  await list.getByRole("link", { name: "whole" }).waitFor();
  await inspect(page, "dashboards");
  await page.getByRole("button", { name: "Delete odd" }).click();
  await page.getByRole("dialog").getByRole("button", { name: "Delete", exact: true }).click();
  await list.getByRole("link", { name: "odd" }).waitFor({ state: "detached" });
  const { DashboardEntries } = await call("monitoring", "ListDashboards", {});
  assert.deepEqual(DashboardEntries.map(({ DashboardName }) => DashboardName), ["keys", "made-here", "whole"]);
  assert.deepEqual(page.complaints, []);
});
