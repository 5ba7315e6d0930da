// From lines to a metric, from a metric to an alarm, from an alarm to whoever is told.

import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { inspect, launch, open, signIn } from "./browser.mjs";
import { Relay } from "./mail.mjs";
import { Traffic } from "./traffic.mjs";
import { RECORDING, settled, until, Weir } from "./weir.mjs";

const GROUP = "/weir/flow-logs";
const NAMESPACE = "VPC Flow Logs";
const PATTERN = '[version, account, eni, source, destination, srcport, destport="22", protocol="6", packets, bytes, windowstart, windowend, action="REJECT", flowlogstatus]';
const LINES = [
  "2 086112738802 eni-0d5d75b41f9befe9e 61.177.172.128 172.31.83.158 39611 22 6 1 40 1563108188 1563108227 REJECT OK",
  "2 086112738802 eni-0d5d75b41f9befe9e 182.68.238.8 172.31.83.158 42227 22 6 1 44 1563109030 1563109067 REJECT OK",
  "2 086112738802 eni-0d5d75b41f9befe9e 42.171.23.181 172.31.83.158 52417 22 6 24 4065 1563191069 1563191121 ACCEPT OK",
  "2 086112738802 eni-0d5d75b41f9befe9e 61.177.172.128 172.31.83.158 39611 80 6 1 40 1563108188 1563108227 REJECT OK",
];
const ALARM = "SSH Rejects";
const TOPIC = "Default_CloudWatch_Alarms_Topic";

let browser, weir, relay, page, call;

before(async () => {
  relay = await Relay.start();
  [browser, weir] = await Promise.all([launch(), Weir.start(...RECORDING, "--smtp-url", relay.url)]);
  call = await weir.session();
  page = await open(browser, weir);
  await signIn(page, weir.key, "/console/metrics/filters?from=15m");
});

after(async () => {
  await browser?.close();
  await weir?.stop();
  relay?.stop();
});

const grid = (name) => page.getByRole("region", { name, exact: true }).last();
const rows = (name) => grid(name).locator("tbody tr:not([aria-hidden])");
const status = (text) => page.getByRole("status").filter({ hasText: text });

async function choose(label, option) {
  await page.getByRole("combobox", { name: label }).click();
  await page.getByRole("option", { name: option, exact: true }).click();
}

async function write(pattern) {
  await page.getByRole("textbox", { name: "Filter pattern" }).click();
  await page.keyboard.press("Control+A");
  await page.keyboard.insertText(pattern);
}

test("a pattern is tried as it is written: matches and fields at once, mistakes at their place", async () => {
  await page.getByRole("link", { name: "Create metric filter" }).click();
  await write(PATTERN);
  const lines = page.getByLabel("Log event messages, one a line");
  await lines.fill(LINES.join(" "));
  await status("4 records stand behind one another").waitFor();
  await page.getByRole("button", { name: "One record a line" }).click();
  await status("2 of 4 lines match").waitFor();
  await settled(async () => (await grid("Results").getByRole("columnheader").allTextContents()).slice(0, 9), ["Line", "Match", "$version", "$account", "$eni", "$source", "$destination", "$srcport", "$destport"]);
  await settled(() => rows("Results").locator("td:nth-child(2)").allTextContents(), ["✓ yes", "✓ yes", "no", "no"]);
  await settled(() => rows("Results").locator("td:nth-child(6)").allTextContents(), ["61.177.172.128", "182.68.238.8", "", ""]);
  await inspect(page, "metric-filter-new");

  const wrong = PATTERN.replace('protocol="6"', 'protocol=="6"');
  await write(wrong);
  const mistake = page.locator(".cm-lintRange-error");
  await mistake.waitFor();
  await settled(() => mistake.textContent(), "=");
  await page.getByRole("alert").getByText(`Character ${wrong.indexOf("==") + 2}: `).waitFor();
  await page.getByText("The pattern cannot be read yet").waitFor();
  await write(PATTERN.replace('action="REJECT"', 'action="ACCEPT"'));
  await status("1 of 4 lines match").waitFor();
  await settled(() => mistake.count(), 0);

  // What is written stands in the address.
  await page.waitForURL(/ACCEPT/);
  await page.reload();
  await status("1 of 4 lines match").waitFor();
  assert.match(await page.getByRole("textbox", { name: "Filter pattern" }).textContent(), /"ACCEPT"/);
  assert.deepEqual(page.complaints, []);
});

test("lines of a stream are tried as well", async () => {
  const traffic = new Traffic();
  try {
    await until(async () => (await call("logs", "FilterLogEvents", { logGroupName: GROUP, filterPattern: PATTERN })).events.length > 0, "a refused SSH connection", () => weir.said());
    await write(PATTERN);
    await choose("Log group", GROUP);
    await choose("Select log data to test", /^eni-0a1b2c3d4e5f60718/);
    const lines = page.getByLabel("Log event messages, one a line");
    await until(async () => (await lines.inputValue()).split("\n").every((line) => line.includes("eni-0a1b2c3d4e5f60718")), "lines of the stream");
    await status(/^[1-9]\d* of \d+ lines match/).waitFor();
  } finally {
    await traffic.stop();
  }
});

test("a metric filter is made, and listed", async () => {
  await page.getByLabel("Filter name").fill("dest-port-22-rejects");
  await page.getByRole("combobox", { name: "Metric namespace" }).fill(NAMESPACE);
  await page.getByRole("textbox", { name: "Metric name" }).fill("SSH-rejects");
  assert.equal(await page.getByRole("combobox", { name: "Metric value" }).inputValue(), "1");
  await page.getByRole("button", { name: "Create metric filter" }).click();
  await rows("Metric filters").filter({ hasText: "dest-port-22-rejects" }).waitFor();
  const { metricFilters } = await call("logs", "DescribeMetricFilters", { logGroupName: GROUP, filterNamePrefix: "dest-port" });
  assert.equal(metricFilters[0].filterPattern, PATTERN);
  assert.deepEqual(metricFilters[0].metricTransformations, [{ metricName: "SSH-rejects", metricNamespace: NAMESPACE, metricValue: "1", unit: "None" }]);
  await inspect(page, "metric-filters");

  // One more, with what the other has not; it is changed, and deleted.
  await call("logs", "PutMetricFilter", { logGroupName: GROUP, filterName: "sizes", filterPattern: PATTERN, metricTransformations: [{ metricName: "sizes", metricNamespace: NAMESPACE, metricValue: "$bytes", dimensions: { from: "$source" }, unit: "Bytes" }] });
  await page.reload();
  await page.getByRole("link", { name: "Change sizes" }).click();
  await page.getByRole("combobox", { name: "Metric value" }).fill("$packets");
  await page.getByRole("button", { name: "Save the metric filter" }).click();
  await rows("Metric filters").filter({ hasText: "$packets" }).waitFor();
  const [changed] = (await call("logs", "DescribeMetricFilters", { logGroupName: GROUP, filterNamePrefix: "sizes" })).metricFilters;
  assert.deepEqual(changed.metricTransformations, [{ metricName: "sizes", metricNamespace: NAMESPACE, metricValue: "$packets", dimensions: { from: "$source" }, unit: "Bytes" }]);
  await page.getByRole("button", { name: "Delete sizes" }).click();
  await page.getByRole("dialog").getByRole("button", { name: "Delete" }).click();
  await rows("Metric filters").filter({ hasText: "sizes" }).waitFor({ state: "detached" });
  assert.deepEqual(page.complaints, []);
});

test("an alarm is made of a metric filter, with a new topic, and a mail is confirmed by its link", async () => {
  await page.getByRole("link", { name: "Create alarm on dest-port-22-rejects" }).click();
  await page.getByText("Whenever SSH-rejects is…").waitFor();
  await choose("Period", "30 seconds");
  await choose("Missing data count…", "as good (not breaching)");
  await page.getByRole("button", { name: "Create new topic" }).click();
  assert.equal(await page.getByRole("textbox", { name: "Create a new topic" }).inputValue(), TOPIC);
  await page.getByLabel("Email endpoints that will receive the notification").fill("ann@example.com");
  await page.getByRole("button", { name: "Create topic", exact: true }).click();
  await page.getByRole("region", { name: "Notification" }).getByText(TOPIC).first().waitFor();
  await page.getByLabel("Alarm name").fill(ALARM);
  await page.getByRole("button", { name: "Create alarm" }).click();
  await page.waitForURL(/alarm=SSH/);
  const [alarm] = (await call("monitoring", "DescribeAlarms", { AlarmNames: [ALARM] })).MetricAlarms;
  assert.deepEqual([alarm.Namespace, alarm.MetricName, alarm.Statistic, alarm.Period, alarm.Threshold, alarm.ComparisonOperator, alarm.TreatMissingData],
    [NAMESPACE, "SSH-rejects", "Sum", 30, 1, "GreaterThanOrEqualToThreshold", "notBreaching"]);
  assert.deepEqual(alarm.AlarmActions.map((arn) => arn.split(":").at(-1)), [TOPIC]);

  await page.getByRole("link", { name: TOPIC }).click();
  await rows("Subscriptions").filter({ hasText: "Pending" }).filter({ hasText: "ann@example.com" }).waitFor();
  await inspect(page, "topic");
  const mail = await until(() => relay.mails.find((text) => text.includes("ConfirmSubscription") || text.includes("confirmation.html")), "the mail to confirm", () => relay.mails.join("\n"));
  const [link] = /http:\S+confirmation\.html\?\S+/.exec(mail);
  assert.ok((await fetch(link.replaceAll("&amp;", "&"))).ok);
  await rows("Subscriptions").filter({ hasText: "Confirmed" }).waitFor();
  assert.deepEqual(page.complaints, []);
});

test("the alarm rings after connections that were refused, and its page shows it by itself", async () => {
  await page.goto(`/console/metrics/alarms?from=15m&alarm=${encodeURIComponent(ALARM)}`);
  const state = page.getByRole("status").first();
  // What was refused before may still ring.
  await until(async () => /^OK/.test(await state.textContent()), "an alarm that is OK", () => weir.said(), 300_000);
  const loads = await page.evaluate(() => performance.getEntriesByType("navigation").length + performance.timeOrigin);
  Traffic.knock();
  await state.getByText("In alarm").waitFor();
  await page.getByText(/^Threshold Crossed: /).first().waitFor();
  await rows("History").filter({ hasText: "Alarm updated from OK to ALARM" }).first().waitFor();
  await rows("History").filter({ hasText: "Successfully executed action" }).first().waitFor();
  await page.getByRole("img", { name: /States in this range: .*In alarm/ }).waitFor();
  assert.equal(await page.evaluate(() => performance.getEntriesByType("navigation").length + performance.timeOrigin), loads, "the page was not loaded anew");
  await until(() => relay.mails.find((text) => text.includes(`ALARM: "${ALARM}"`)), "the mail of the alarm", () => relay.mails.join("\n"));
  await inspect(page, "alarm");
  await page.goto("/console/metrics/alarms");
  await rows("Alarms").filter({ hasText: ALARM }).getByText("In alarm").waitFor();
  await inspect(page, "alarms");
  assert.deepEqual(page.complaints, []);
});

test("an alarm is set for a try, silenced, changed and deleted", async () => {
  const name = "deeds";
  const metric = { Namespace: "lab", MetricName: "heat", Statistic: "Maximum", Period: 60, EvaluationPeriods: 3, DatapointsToAlarm: 2, Threshold: 30, ComparisonOperator: "GreaterThanThreshold", Unit: "Count" };
  await call("monitoring", "PutMetricAlarm", { AlarmName: name, ...metric, OKActions: [`arn:aws:sns:us-east-1:123456789012:${TOPIC}`] });
  const described = async () => (await call("monitoring", "DescribeAlarms", { AlarmNames: [name] })).MetricAlarms[0];
  await page.goto(`/console/metrics/alarms?alarm=${name}`);
  await page.getByRole("button", { name: "Set state" }).click();
  await page.getByRole("menuitem", { name: "In alarm" }).click();
  await page.getByRole("status").first().getByText("In alarm").waitFor();
  await page.getByText("Set by hand in the console, for a try.").first().waitFor();
  await page.getByRole("button", { name: "Switch actions off" }).click();
  await page.getByText("switched off: nobody is told").waitFor();
  assert.equal((await described()).ActionsEnabled, false);
  await page.getByRole("link", { name: "Change" }).click();
  await page.getByLabel("than…").fill("35");
  await page.getByRole("button", { name: "Save the alarm" }).click();
  await page.getByText("heat > 35 for 2 of 3 periods of 60 s").waitFor();
  const changed = await described();
  assert.deepEqual(Object.fromEntries(Object.keys(metric).map((key) => [key, changed[key]])), { ...metric, Threshold: 35 });
  assert.deepEqual([changed.ActionsEnabled, changed.OKActions.length, changed.StateValue], [false, 1, "ALARM"], "what the form does not have stays");
  await page.getByRole("button", { name: "Switch actions on" }).click();
  await page.getByText("switched on").waitFor();
  await page.getByRole("button", { name: `Delete alarm ${name}` }).click();
  await page.getByRole("dialog").getByRole("button", { name: "Delete" }).click();
  await page.waitForURL(/\/alarms$/);
  assert.equal(await described(), undefined);
  await page.goto(`/console/metrics/alarms?alarm=${name}`);
  await page.getByText("There is no alarm deeds in this region").waitFor();
});

test("how often an alarm would have rung is counted as its conditions are written", async () => {
  const now = Math.floor(Date.now() / 60_000) * 60_000;
  // Three times over 5, once over 8; data are good for two more periods.
  const values = [[100, 6], [99, 6], [60, 9], [30, 1], [20, 7], [19, 2], [18, 2], [17, 2], [16, 2]];
  await call("monitoring", "PutMetricData", { Namespace: "lab", MetricData: values.map(([ago, Value]) => ({ MetricName: "tries", Timestamp: now - ago * 60_000, Value })) });
  const metric = { Namespace: "lab", MetricName: "tries", Dimensions: [] };
  await page.goto(`/console/metrics/alarms?from=3h&new=${encodeURIComponent(JSON.stringify({ metric, threshold: 5, missing: "notBreaching" }))}`);
  await status("It would have rung 3 times in this range").waitFor();
  await page.locator(".u-over").waitFor();
  await inspect(page, "alarm-new");
  await page.getByLabel("than…").fill("8");
  await status("It would have rung once in this range").waitFor();
  await page.getByRole("textbox", { name: "out of" }).fill("2");
  await status("It would have rung 0 times in this range").waitFor();
  await page.getByLabel("than…").fill("5");
  await status("It would have rung once in this range").waitFor();
  await page.waitForURL(({ searchParams }) => {
    const { threshold, periods } = JSON.parse(searchParams.get("new"));
    return threshold === 5 && periods === 2;
  });
  await page.reload();
  await status("It would have rung once in this range").waitFor();
  assert.deepEqual(page.complaints, []);
});

test("metrics are found and graphed, several at once, and the address holds it", async () => {
  const data = (name, dimension, Value) => ({ MetricName: name, Dimensions: [{ Name: "side", Value: dimension }], Value });
  await call("monitoring", "PutMetricData", { Namespace: "lab", MetricData: [data("load", "left", 4), data("load", "left", 8), data("load", "right", 2)] });
  await page.goto("/console/metrics?from=15m");
  await page.getByLabel("Search metrics").fill("load right");
  await until(async () => (await rows("Metrics").count()) === 1, "one metric");
  await page.getByLabel("Search metrics").fill("load");
  await page.getByRole("checkbox", { name: "Graph load side=left" }).click();
  await page.getByRole("checkbox", { name: "Graph load side=right" }).click();
  const chosen = page.getByRole("table", { name: "Graphed metrics" }).locator("tbody tr");
  await until(async () => (await chosen.count()) === 2, "two lines");
  await chosen.first().getByText("12", { exact: true }).first().waitFor();
  await page.getByRole("combobox", { name: "Statistic of lab load side=left" }).click();
  await page.getByRole("option", { name: "Average" }).click();
  await chosen.first().getByText("6", { exact: true }).first().waitFor();
  await choose("Period", "5 minutes");
  await page.waitForURL(/period=300/);
  await page.reload();
  await chosen.first().getByText("6", { exact: true }).first().waitFor();
  await settled(() => chosen.count(), 2);
  await inspect(page, "metrics");
  await choose("Namespace", NAMESPACE);
  await page.getByLabel("Search metrics").fill("");
  await rows("Metrics").filter({ hasText: "SSH-rejects" }).first().waitFor();
  await settled(() => rows("Metrics").filter({ hasText: "load" }).count(), 0);
  await page.getByRole("link", { name: "Create alarm on lab load side=left" }).click();
  await page.getByText("Whenever load is…").waitFor();
  assert.deepEqual(page.complaints, []);
});

test("alarms on alarms, on queries and on expressions are shown as they are", async () => {
  await call("monitoring", "PutCompositeAlarm", { AlarmName: "both", AlarmRule: `ALARM("${ALARM}") OR OK("${ALARM}")` });
  await call("monitoring", "PutLogAlarm", {
    AlarmName: "lines", QueryResultsToEvaluate: 1, QueryResultsToAlarm: 1, Threshold: 1, ComparisonOperator: "GreaterThanOrEqualToThreshold",
    ScheduledQueryConfiguration: { QueryString: "filter action = 'REJECT'", LogGroupIdentifiers: [GROUP], ScheduleConfiguration: { ScheduleExpression: "rate(1 minute)", StartTimeOffset: 60 }, AggregationExpression: "count(*)" },
  });
  const stat = { Metric: { Namespace: "lab", MetricName: "tries" }, Period: 60, Stat: "Sum" };
  await call("monitoring", "PutMetricAlarm", { AlarmName: "sum", Threshold: 5, EvaluationPeriods: 1, ComparisonOperator: "LessThanThreshold", Metrics: [{ Id: "m1", MetricStat: stat, ReturnData: false }, { Id: "e1", Expression: "m1 * 2", Label: "twice" }] });
  await page.goto("/console/metrics/alarms");
  await rows("Alarms").filter({ hasText: "both" }).filter({ hasText: "other alarms" }).waitFor();
  await rows("Alarms").filter({ hasText: "lines" }).filter({ hasText: "count(*) ≥ 1 for 1 of 1 times, rate(1 minute)" }).waitFor();
  await page.getByRole("link", { name: "both", exact: true }).click();
  await page.getByRole("status").first().getByText("In alarm").waitFor();
  await page.getByRole("table", { name: "Definition" }).getByRole("link", { name: ALARM }).waitFor();
  assert.equal(await page.getByRole("link", { name: "Change" }).count(), 0);
  await page.goto("/console/metrics/alarms?alarm=lines");
  await page.getByRole("link", { name: "filter action = 'REJECT'" }).waitFor();
  await page.goto("/console/metrics/alarms?from=3h&alarm=sum");
  await page.getByText("twice < 5 for 1 of 1 periods").waitFor();
  await page.locator(".u-over").waitFor();
  assert.deepEqual(page.complaints, []);
});

test("a topic is made, tried and deleted; a queue hears of it", async () => {
  await call("sqs", "CreateQueue", { QueueName: "letters" });
  await page.goto("/console/metrics/topics");
  await page.getByLabel("Name of a new topic").fill("lab");
  await page.getByRole("button", { name: "Create topic" }).click();
  await page.getByText("Nobody has subscribed").waitFor();
  await choose("Protocol", "https");
  await page.getByRole("combobox", { name: "Endpoint" }).fill("http://127.0.0.1:9/");
  await page.getByRole("button", { name: "Subscribe", exact: true }).click();
  await page.getByRole("alert").getByText("Endpoint must match").waitFor();
  await choose("Protocol", "sqs: a queue");
  await page.getByRole("combobox", { name: "Endpoint" }).click();
  await page.getByRole("option", { name: /:letters$/ }).click();
  await page.getByRole("button", { name: "Subscribe", exact: true }).click();
  await rows("Subscriptions").filter({ hasText: ":letters" }).getByText("Confirmed").waitFor();
  await page.getByRole("textbox", { name: "Message" }).fill("Do you hear me?");
  await page.getByRole("button", { name: "Publish" }).click();
  await status("Published as ").waitFor();
  const { QueueUrl } = await call("sqs", "GetQueueUrl", { QueueName: "letters" });
  const { Messages } = await call("sqs", "ReceiveMessage", { QueueUrl, WaitTimeSeconds: 5 });
  assert.equal(JSON.parse(Messages[0].Body).Message, "Do you hear me?");
  await page.getByRole("button", { name: /^Unsubscribe .*:letters/ }).click();
  await page.getByRole("dialog").getByRole("button", { name: "Unsubscribe" }).click();
  await until(async () => (await rows("Subscriptions").filter({ hasText: "Confirmed" }).count()) === 0, "nobody who is told");
  await page.getByRole("button", { name: "Delete topic lab" }).click();
  await page.getByRole("dialog").getByRole("button", { name: "Delete" }).click();
  await rows("Topics").filter({ hasText: TOPIC }).waitFor();
  await settled(() => rows("Topics").filter({ hasText: /^lab/ }).count(), 0);
  await inspect(page, "topics");
  assert.deepEqual(page.complaints, []);
});

test("a key that may only read sees it all, and no button that writes", async () => {
  const reader = await open(browser, weir);
  await signIn(reader, await weir.user("reader", "ReadOnlyAccess"), "/console/metrics/filters");
  const buttons = async (wanted) => {
    await wanted.waitFor();
    await reader.waitForLoadState("networkidle");
    const names = await reader.locator("main").locator("button, a").evaluateAll((all) => all.map((one) => one.getAttribute("aria-label") ?? one.textContent));
    return names.filter((name) => /create|change|delete|set state|switch|subscribe|publish|send/i.test(name));
  };
  assert.deepEqual(await buttons(reader.getByText("dest-port-22-rejects")), []);
  await reader.goto("/console/metrics/alarms");
  assert.deepEqual(await buttons(reader.getByRole("link", { name: ALARM })), []);
  await reader.getByRole("link", { name: ALARM }).click();
  assert.deepEqual(await buttons(reader.getByRole("table", { name: "Definition" })), []);
  await reader.goto("/console/metrics/topics");
  assert.deepEqual(await buttons(reader.getByRole("link", { name: TOPIC })), []);
  await reader.getByRole("link", { name: TOPIC }).click();
  assert.deepEqual(await buttons(reader.getByRole("cell", { name: "ann@example.com" })), []);
  await reader.goto("/console/metrics?graph=" + encodeURIComponent(JSON.stringify([["lab", "tries", {}, "Sum"]])));
  assert.deepEqual(await buttons(reader.getByRole("table", { name: "Graphed metrics" })), []);
  assert.deepEqual(reader.complaints, []);
  await reader.context().close();
});
