// The whole lab through the pages alone: from a flow log to the mail that says that SSH was refused, and to the queries that say by whom.

import assert from "node:assert/strict";
import { createServer } from "node:net";
import { after, before, test } from "node:test";
import { launch, open, signIn } from "./browser.mjs";
import { Relay } from "./mail.mjs";
import { Traffic } from "./traffic.mjs";
import { ENFORCING, settled, until, Weir } from "./weir.mjs";

const GROUP = "VPCFlowLogs";
const BUCKET = "lab-flow-logs";
const ALARM = "SSH Rejects";
const PATTERN = '[version, account, eni, source, destination, srcport, destport="22", protocol="6", packets, bytes, windowstart, windowend, action="REJECT", flowlogstatus]';
const LINES = [
  "2 086112738802 eni-0d5d75b41f9befe9e 61.177.172.128 172.31.83.158 39611 22 6 1 40 1563108188 1563108227 REJECT OK",
  "2 086112738802 eni-0d5d75b41f9befe9e 182.68.238.8 172.31.83.158 42227 22 6 1 44 1563109030 1563109067 REJECT OK",
  "2 086112738802 eni-0d5d75b41f9befe9e 42.171.23.181 172.31.83.158 52417 22 6 24 4065 1563191069 1563191121 ACCEPT OK",
  "2 086112738802 eni-0d5d75b41f9befe9e 61.177.172.128 172.31.83.158 39611 80 6 1 40 1563108188 1563108227 REJECT OK",
];

let browser, weir, relay, page, ssh;

before(async () => {
  relay = await Relay.start();
  ssh = createServer((socket) => socket.end()).listen(22, "10.88.9.1");
  [browser, weir] = await Promise.all([launch(), Weir.start(...ENFORCING, "--smtp-url", relay.url)]);
  page = await open(browser, weir);
});

after(async () => {
  await browser?.close();
  await weir?.stop();
  relay?.stop();
  ssh?.close();
});

const go = (name) => page.getByRole("navigation").getByRole("link", { name, exact: true }).click();
const tab = (name) => page.getByRole("tab", { name, exact: true }).click();
const panel = (name) => page.getByRole("region", { name, exact: true });
const rows = (name) => panel(name).last().locator("tbody tr:not([aria-hidden])");
const status = (text) => page.getByRole("status").filter({ hasText: text });
const form = () => page.getByRole("form", { name: "Create a flow log" });

async function choose(label, option) {
  await page.getByRole("combobox", { name: label }).click();
  await page.getByRole("option", { name: option }).first().click();
}

async function write(editor, text) {
  await page.getByRole("textbox", { name: editor }).click();
  await page.keyboard.press("Control+A");
  await page.keyboard.insertText(text);
}

test("sign in, and give the interface a security group without SSH", async () => {
  await signIn(page, weir.key);
  await go("Network");
  await until(() => Traffic.knock(), "SSH to be let in", () => weir.said());
  await page.goto("/console/network?view=groups");
  await page.getByRole("button", { name: "New security group" }).click();
  const making = page.getByRole("dialog");
  await making.getByLabel("Name").fill("HTTPOnly");
  await making.getByLabel("Description").fill("no SSH");
  await making.getByRole("button", { name: "Make it" }).click();
  await making.waitFor({ state: "detached" });
  await tab("Interfaces");
  await page.getByRole("row", { name: /10\.88\.9\.1/ }).getByRole("link", { name: /^eni-/ }).click();
  const groups = page.getByRole("form", { name: /^Security groups of eni-/ });
  const chosen = groups.getByRole("combobox");
  await chosen.click();
  await page.keyboard.press("Backspace");
  await chosen.fill("HTTPOnly");
  await page.getByRole("option", { name: /HTTPOnly/ }).click();
  await page.keyboard.press("Escape");
  await groups.getByRole("button", { name: "Save" }).click();
  await until(() => !Traffic.knock(), "SSH to be refused", () => weir.said());
});

test("create a flow log to a bucket, which the form makes", async () => {
  await tab("VPCs");
  await page.getByRole("link", { name: /^vpc-/ }).first().click();
  await panel("Flow logs").getByRole("link", { name: "Create a flow log" }).click();
  await form().getByRole("radio", { name: "1 s", exact: true }).check();
  await form().getByRole("radio", { name: "Send to an S3 bucket" }).check();
  await form().getByRole("button", { name: "New bucket" }).click();
  await form().getByLabel("Name of the new bucket").fill(BUCKET);
  await form().getByRole("button", { name: "Create bucket" }).click();
  await until(async () => (await form().getByRole("combobox", { name: "S3 bucket ARN" }).inputValue()) === `arn:aws:s3:::${BUCKET}`, "the bucket's ARN");
  await form().getByRole("button", { name: "Create the flow log" }).click();
  await panel("Flow log").getByRole("link", { name: `s3://${BUCKET}` }).waitFor();
  await panel("Flow log").getByText("ACTIVE").waitFor();
});

test("create a flow log to a log group, with a role that the page makes", async () => {
  await tab("VPCs");
  await page.getByRole("link", { name: /^vpc-/ }).first().click();
  await panel("Flow logs").getByRole("link", { name: "Create a flow log" }).click();
  await form().getByRole("radio", { name: "1 s", exact: true }).check();
  await form().getByRole("radio", { name: "Send to CloudWatch Logs" }).check();
  await form().getByLabel("Destination log group").fill(GROUP);
  await form().getByRole("button", { name: "Make the role flow-logs" }).click();
  await until(async () => (await form().getByLabel("IAM role").inputValue()).endsWith(":role/flow-logs"), "the role");
  await form().getByRole("button", { name: "Create the flow log" }).click();
  await panel("Flow log").getByRole("link", { name: GROUP }).waitFor();
  await until(async () => {
    Traffic.knock();
    await page.goto("/console/logs?view=groups");
    return page.getByRole("link", { name: GROUP, exact: true }).waitFor({ timeout: 2000 }).then(() => true, () => false);
  }, "the log group", () => weir.said());
});

test("test a pattern on four lines, of which two match, and make it a metric filter", async () => {
  await page.goto("/console/metrics/filters?from=15m");
  await page.getByRole("link", { name: "Create metric filter" }).click();
  await choose("Log group", GROUP);
  await write("Filter pattern", PATTERN);
  await page.getByLabel("Log event messages, one a line").fill(LINES.join("\n"));
  await status("2 of 4 lines match").waitFor();
  await settled(() => rows("Results").locator("td:nth-child(2)").allTextContents(), ["✓ yes", "✓ yes", "no", "no"]);
  await page.getByLabel("Filter name").fill("dest-port-22-rejects");
  await page.getByRole("combobox", { name: "Metric namespace" }).fill("VPC Flow Logs");
  await page.getByRole("textbox", { name: "Metric name" }).fill("SSH-rejects");
  await page.getByRole("button", { name: "Create metric filter" }).click();
  await rows("Metric filters").filter({ hasText: "dest-port-22-rejects" }).waitFor();
});

test("make an alarm of it, with a topic, and confirm the mail by its link", async () => {
  await page.getByRole("link", { name: "Create alarm on dest-port-22-rejects" }).click();
  await choose("Period", "1 minute");
  await page.getByRole("button", { name: "Create new topic" }).click();
  await page.getByLabel("Email endpoints that will receive the notification").fill("ann@example.com");
  await page.getByRole("button", { name: "Create topic", exact: true }).click();
  await panel("Notification").getByText("Default_CloudWatch_Alarms_Topic").first().waitFor();
  await page.getByLabel("Alarm name").fill(ALARM);
  await page.getByRole("button", { name: "Create alarm" }).click();
  await page.waitForURL(/alarm=SSH/);

  const mail = await until(() => relay.mails.find((text) => text.includes("confirmation.html")), "the mail to confirm", () => relay.mails.join("\n"));
  const [link] = /http:\S+confirmation\.html\?\S+/.exec(mail);
  const reader = await browser.newPage();
  await reader.goto(link.replaceAll("&amp;", "&"));
  await reader.getByText(/confirmed/i).first().waitFor();
  await reader.close();
  await page.getByRole("link", { name: "Default_CloudWatch_Alarms_Topic" }).click();
  await rows("Subscriptions").filter({ hasText: "ann@example.com" }).filter({ hasText: "Confirmed" }).waitFor();
});

test("the alarm rings after connections that were really refused, and its mail comes", async () => {
  await page.goto(`/console/metrics/alarms?from=15m&alarm=${encodeURIComponent(ALARM)}`);
  const state = page.getByRole("status").first();
  await until(async () => {
    assert.equal(Traffic.knock(), false, "SSH is refused");
    return (await state.textContent()).includes("In alarm");
  }, "an alarm that rings", () => weir.said(), 300_000);
  await page.getByText(/^Threshold Crossed: /).first().waitFor();
  await until(() => relay.mails.find((text) => text.includes(`ALARM: "${ALARM}"`)), "the mail of the alarm", () => relay.mails.join("\n"));
});

test("a sample of Logs Insights names who was refused", async () => {
  await page.goto(`/console/logs?group=${GROUP}`);
  await tab("samples");
  await page.getByRole("button", { name: "The 20 sources that were refused most often" }).click();
  await panel("Results").getByRole("link", { name: "10.88.9.2" }).waitFor();
});

test("SQL over the bucket counts the same connections", async () => {
  await go("Network");
  await tab("Buckets");
  await page.getByRole("link", { name: BUCKET }).click();
  await panel("Objects").last().getByRole("link", { name: /^AWSLogs\// }).waitFor();
  await page.getByRole("link", { name: "Its records in SQL" }).click();
  await write("SQL", `SELECT srcaddr, count(*) AS refused FROM ${BUCKET.replaceAll("-", "_")} WHERE action = 'REJECT' AND dstport = 22 GROUP BY 1`);
  await until(async () => {
    await page.getByRole("button", { name: "Run" }).click();
    return panel("Results").getByRole("link", { name: "10.88.9.2" }).waitFor({ timeout: 10_000 }).then(() => true, () => false);
  }, "a delivered record", () => weir.said(), 120_000);
  assert.deepEqual(page.complaints, []);
});
