// The network: who may talk to whom, changed in the pages, and what that does to real connections.

import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { createServer } from "node:net";
import { after, before, test } from "node:test";
import { join } from "node:path";
import { gunzipSync } from "node:zlib";
import { inspect, launch, open, signIn } from "./browser.mjs";
import { Traffic } from "./traffic.mjs";
import { ENFORCING, PROGRAM, settled, until, Weir } from "./weir.mjs";

const GROUP = "/weir/flow-logs";
let browser, weir, page, call, ssh, eni, vpc;

before(async () => {
  [browser, weir] = await Promise.all([launch(), Weir.start(...ENFORCING)]);
  call = await weir.session();
  ssh = createServer((socket) => socket.end()).listen(22, "10.88.9.1");
  page = await open(browser, weir);
  await signIn(page, weir.key, "/console/network");
  const filter = [{ Name: "addresses.private-ip-address", Value: ["10.88.9.1"] }];
  const found = await until(async () => (await call("ec2", "DescribeNetworkInterfaces", { Filter: filter })).networkInterfaceSet[0], "the interface");
  eni = found.networkInterfaceId;
  vpc = found.vpcId;
});

after(async () => {
  ssh?.close();
  await browser?.close();
  await weir?.stop();
});

const panel = (name) => page.getByRole("region", { name, exact: true });
const tab = (name) => page.getByRole("tab", { name, exact: true }).click();
const lets = (isOpen) => until(() => Traffic.knock() === isOpen, `SSH to be ${isOpen ? "let in" : "refused"}`, () => weir.said());

async function choose(form, label, option) {
  await form.getByRole("combobox", { name: label }).or(form.getByLabel(label, { exact: true })).first().click();
  await page.getByRole("option", { name: option }).first().click();
}

test("each kind has a list, and a thing leads to what it is made of", async () => {
  await page.getByRole("link", { name: vpc }).click();
  await panel("Subnets").getByText("10.88.9.0/24").waitFor();
  await panel("Subnets").getByRole("row", { name: /10\.88\.9\.0/ }).getByRole("link").click();
  await panel("Subnet").getByRole("link", { name: eni }).click();
  await panel("Interface").getByText("10.88.9.1").waitFor();
  await panel("Interface").getByRole("link", { name: /^i-/ }).click();
  await panel("Instance").getByText("running").waitFor();
  await tab("Interfaces");
  await page.getByRole("region", { name: "Interfaces" }).getByRole("link", { name: eni }).waitFor();
  await inspect(page, "network-interfaces");
  assert.deepEqual(page.complaints, []);
});

test("a group without SSH, given to the interface, refuses SSH; a rule that is changed lets it in again", async () => {
  await lets(true);
  await page.goto("/console/network?view=groups");
  await page.getByRole("button", { name: "New security group" }).click();
  const making = page.getByRole("dialog");
  await making.getByLabel("Name").fill("HTTPOnly");
  await making.getByLabel("Description").fill("no SSH");
  await making.getByRole("button", { name: "Make it" }).click();
  await making.waitFor({ state: "detached" });
  await page.getByRole("row", { name: /HTTPOnly/ }).getByRole("link").first().click();

  const form = page.getByRole("form", { name: "Add to the inbound rules" });
  await choose(form, "Traffic", "HTTP");
  await form.getByLabel("Source").fill("10.88.9/24");
  await form.getByRole("button", { name: "Add rule" }).click();
  await form.getByRole("alert").getByText("CIDR block 10.88.9/24 is malformed").waitFor();
  await form.getByLabel("Source").fill("10.88.9.0/24");
  await form.getByRole("button", { name: "Add rule" }).click();
  const inbound = page.getByRole("table", { name: "Inbound rules" });
  await inbound.getByRole("row", { name: /TCP 80 http 10\.88\.9\.0\/24/ }).waitFor();
  await inspect(page, "network-group");
  const group = new URL(page.url()).searchParams.get("id");

  await page.goto(`/console/network?view=interfaces&id=${eni}`);
  const groups = page.getByRole("form", { name: `Security groups of ${eni}` });
  const chosen = groups.getByRole("combobox");
  await chosen.click();
  await page.keyboard.press("Backspace");
  await chosen.fill("HTTPOnly");
  await page.getByRole("option", { name: /HTTPOnly/ }).click();
  await page.keyboard.press("Escape");
  await groups.getByRole("button", { name: "Save" }).click();
  await groups.getByText("Saved").waitFor();
  const { networkInterfaceSet } = await call("ec2", "DescribeNetworkInterfaces", { NetworkInterfaceId: [eni] });
  assert.deepEqual(networkInterfaceSet[0].groupSet.map(({ groupId }) => groupId), [group]);
  await lets(false);
  await inspect(page, "network-interface");
  await until(async () => {
    const { events } = await call("logs", "FilterLogEvents", { logGroupName: GROUP, filterPattern: '[..., dstport=22, p, n, b, s, e, action="REJECT", status]' });
    return events.length > 0;
  }, "the record of a refused connection");

  await page.goto(`/console/network?view=groups&id=${group}`);
  await inbound.getByRole("button", { name: /^Edit/ }).click();
  const change = page.getByRole("form", { name: /^Change sgr-/ });
  await choose(change, "Traffic", "TCP");
  await change.getByLabel("Ports").fill("22-8");
  await change.getByRole("button", { name: "Save" }).click();
  await change.getByRole("alert").waitFor();
  await change.getByLabel("Ports").fill("22-23");
  await change.getByRole("button", { name: "Save" }).click();
  await inbound.getByRole("row", { name: /TCP 22–23 10\.88\.9\.0\/24/ }).waitFor();
  await lets(true);
  await inbound.getByRole("button", { name: /^Revoke/ }).click();
  await page.getByText("nothing may come in").waitFor();
  await lets(false);
  assert.deepEqual(page.complaints, []);
});

test("a rule is added with the keyboard alone", async () => {
  await page.goto("/console/network?view=groups");
  await page.getByRole("row", { name: /HTTPOnly/ }).getByRole("link").first().click();
  const form = page.getByRole("form", { name: "Add to the inbound rules" });
  await form.getByLabel("Source").focus();
  await page.keyboard.type("0.0.0.0/0");
  await page.keyboard.press("Tab");
  await page.keyboard.type("from everywhere");
  await page.keyboard.press("Enter");
  await page.getByRole("table", { name: "Inbound rules" }).getByRole("row", { name: /TCP 22 ssh 0\.0\.0\.0\/0/ }).waitFor();
  await lets(true);
});

test("entries of a network ACL are added, replaced and deleted, and hold at once", async () => {
  await page.goto("/console/network?view=acls");
  await page.getByRole("link", { name: /^acl-/ }).first().click();
  const acl = new URL(page.url()).searchParams.get("id");
  const entries = page.getByRole("table", { name: "Inbound entries" });
  const form = page.getByRole("form", { name: "Add to the inbound entries" });
  const add = async (number) => {
    await form.getByLabel("Number").fill(number);
    await form.getByLabel("Source").fill("10.0.0.0/8");
    await form.getByRole("button", { name: "Add entry" }).click();
  };
  await add("100");
  await form.getByRole("alert").getByText("The network acl entry identified by 100 already exists.").waitFor();
  await add("50");
  await entries.getByRole("row", { name: /50 deny TCP 22 ssh 10\.0\.0\.0\/8/ }).waitFor();
  await inspect(page, "network-acl");
  const asked = async () => (await call("ec2", "DescribeNetworkAcls", { NetworkAclId: [acl] })).networkAclSet[0].entrySet.find(({ ruleNumber, egress }) => ruleNumber === 50 && !egress);
  assert.deepEqual(await asked(), { ruleNumber: 50, protocol: "6", ruleAction: "deny", egress: false, cidrBlock: "10.0.0.0/8", portRange: { from: 22, to: 22 } });
  await entries.getByRole("button", { name: "Edit entry 50" }).click();
  const change = page.getByRole("form", { name: "Replace 50" });
  await choose(change, "Traffic", "ICMP");
  await change.getByLabel("Type and code").fill("8");
  await change.getByRole("button", { name: "Save" }).click();
  await entries.getByRole("row", { name: /50 deny ICMP type 8/ }).waitFor();
  assert.deepEqual((await asked()).icmpTypeCode, { type: 8, code: -1 });
  await entries.getByRole("button", { name: "Delete entry 50" }).click();
  await entries.getByRole("row", { name: /50 deny/ }).waitFor({ state: "detached" });
  assert.equal(await asked(), undefined);
  assert.deepEqual(page.complaints, []);
});

test("a flow log to a bucket, with fields, folders and tags that were chosen, delivers records", async () => {
  await page.goto(`/console/network?view=vpcs&id=${vpc}`);
  await panel("Flow logs").getByRole("link", { name: "Create a flow log" }).click();
  const form = page.getByRole("form", { name: "Create a flow log" });
  await form.getByText("1 interface is recorded").waitFor();
  await form.getByRole("radio", { name: "1 s", exact: true }).check();
  await form.getByRole("radio", { name: "Send to an S3 bucket" }).check();
  const bucket = form.getByRole("combobox", { name: "S3 bucket ARN" });
  await bucket.fill("arn:aws:s3:::not-there");
  await form.getByRole("radio", { name: "Custom format" }).check();
  for (const field of ["version", "account-id", "log-status", "flow-direction", "rule"]) await form.locator("label").getByText(field, { exact: true }).click();
  await form.getByRole("status", { name: "Preview of a record" }).getByText(/^eni-\S+ 203\.0\.113\.12 172\.31\.16\.139 39611 22 6 20 4249 \d+ \d+ ACCEPT ingress sg-/).waitFor();
  await form.getByRole("checkbox", { name: "Hive-compatible prefixes" }).check();
  await form.getByRole("checkbox", { name: "Partition by hour" }).check();
  await form.getByRole("button", { name: "Add a tag" }).click();
  await form.getByLabel("Value").fill("lab, of the bucket");
  await inspect(page, "network-flow-log-new");
  await page.reload();
  await form.getByRole("button", { name: "Create the flow log" }).click();
  await form.getByRole("alert").getByText("LogDestination: not-there does not exist").waitFor();
  await settled(() => bucket.getAttribute("aria-invalid"), "true");
  await bucket.fill("arn:aws:s3:::flow-logs/lab/");
  await form.getByRole("button", { name: "Create the flow log" }).click();
  await panel("Flow log").getByText("ACTIVE").waitFor();
  await page.getByRole("heading", { name: "lab, of the bucket" }).waitFor();
  await panel("Flow log").getByText("s3://flow-logs/lab").waitFor();
  await inspect(page, "network-flow-log");
  const root = join(weir.home, "data/buckets/flow-logs/lab/AWSLogs/aws-account-id=123456789012/aws-service=vpcflowlogs");
  const file = await until(() => {
    Traffic.knock();
    return existsSync(root) && readdirSync(root, { recursive: true }).find((name) => /hour=\d\d\/[^/]+\.log\.gz$/.test(name));
  }, "an object", () => weir.said());
  const [head, line] = gunzipSync(readFileSync(join(root, file))).toString().split("\n");
  assert.equal(head, "interface-id srcaddr dstaddr srcport dstport protocol packets bytes start end action flow-direction rule");
  assert.ok(line.startsWith(`${eni} `), line);
  const { flowLogSet } = await call("ec2", "DescribeFlowLogs", { Filter: [{ Name: "tag:Name", Value: ["lab, of the bucket"] }] });
  assert.equal(flowLogSet[0].maxAggregationInterval, 1);
  assert.deepEqual(page.complaints, []);
});

test("a flow log to a log group, by a role that the page makes, delivers records, and is deleted", async () => {
  await page.goto("/console/network?view=flowLogs");
  await page.getByRole("link", { name: "Create flow log" }).click();
  const form = page.getByRole("form", { name: "Create a flow log" });
  await form.locator("label").getByText("Interfaces", { exact: true }).click();
  await choose(form, "Resources", new RegExp(eni));
  await page.keyboard.press("Escape");
  await form.getByRole("radio", { name: "Refused traffic only" }).check();
  await form.getByRole("radio", { name: "1 s", exact: true }).check();
  await form.getByRole("radio", { name: "Send to CloudWatch Logs" }).check();
  await form.getByLabel("Destination log group").fill("VPCFlowLogs");
  await form.getByRole("button", { name: "Make the role flow-logs" }).click();
  await until(async () => (await form.getByLabel("IAM role").inputValue()) === "arn:aws:iam::123456789012:role/flow-logs", "the role");
  await form.getByRole("button", { name: "Create the flow log" }).click();
  await panel("Flow log").getByText("what was refused").waitFor();
  const id = new URL(page.url()).searchParams.get("id");
  await until(async () => {
    Traffic.knock(23);
    const { events } = await call("logs", "FilterLogEvents", { logGroupName: "VPCFlowLogs" }).catch(() => ({ events: [] }));
    return events.some(({ message }) => message.startsWith(`2 123456789012 ${eni} 10.88.9.2 10.88.9.1`) && message.endsWith("REJECT OK"));
  }, "a refused connection in the log group", () => weir.said());
  await panel("Flow log").getByRole("link", { name: "VPCFlowLogs" }).click();
  await page.getByRole("region", { name: "Records" }).getByText("23 telnet").first().waitFor();
  await page.getByRole("region", { name: "Records" }).locator("tbody tr:not([aria-hidden])").first().getByRole("link").first().click();
  await panel("Interface").getByRole("link", { name: /^i-/ }).waitFor();
  await panel("Interface").getByRole("link", { name: eni }).click();
  await page.waitForURL(new RegExp(`view=interfaces&id=${eni}`));

  await page.goto(`/console/network?view=flowLogs&id=${id}`);
  await page.getByRole("button", { name: `Delete ${id}` }).click();
  await page.getByRole("dialog").getByRole("button", { name: "Delete" }).click();
  await page.waitForURL(/view=flowLogs$/);
  await page.getByRole("link", { name: id }).waitFor({ state: "detached" });
  assert.equal((await call("ec2", "DescribeFlowLogs", { FlowLogId: [id] })).flowLogSet.length, 0);
  await inspect(page, "network-flow-logs");

  const own = (await call("ec2", "DescribeFlowLogs")).flowLogSet.find(({ logDestination }) => logDestination === "arn:aws:s3:::flow-logs").flowLogId;
  await page.goto(`/console/network?view=flowLogs&id=${own}`);
  await page.getByRole("button", { name: `Delete ${own}` }).click();
  await page.getByRole("dialog").getByRole("button", { name: "Delete" }).click();
  await page.getByRole("dialog").getByRole("alert").getByText("is the flow log of `weir up` itself").waitFor();
  assert.deepEqual(page.complaints, []);
});

test("a bucket is made in the page and chosen for a flow log, whose objects come into it", async () => {
  await page.goto("/console/network?view=buckets");
  await panel("Buckets").getByRole("link", { name: "flow-logs", exact: true }).waitFor();
  await page.getByRole("button", { name: "New bucket" }).click();
  const making = page.getByRole("dialog");
  await making.getByText("3 to 63 of a to z").waitFor();
  await making.getByLabel("Name of the new bucket").fill("Lab.");
  await making.getByRole("button", { name: "Create bucket" }).click();
  await making.getByText("This is no name for a bucket.").waitFor();
  await making.getByLabel("Name of the new bucket").fill("lab-records");
  await page.keyboard.press("Enter");
  await page.waitForURL(/view=buckets&id=lab-records/);
  await page.getByText("The bucket is empty.").waitFor();

  await page.goto(`/console/network?view=flowLogs&new=flow-log&resource=${eni}&interval=1`);
  const form = page.getByRole("form", { name: "Create a flow log" });
  await choose(form, "S3 bucket ARN", "arn:aws:s3:::lab-records");
  await form.getByRole("button", { name: "Create the flow log" }).click();
  await panel("Flow log").getByRole("link", { name: "s3://lab-records" }).click();
  await page.waitForURL(/view=buckets&id=lab-records/);
  const objects = panel("Objects").last();
  const day = objects.getByRole("link", { name: /^AWSLogs\/123456789012\/vpcflowlogs\/us-east-1\/\d{4}\/\d\d\/\d\d\/$/ });
  await until(async () => {
    Traffic.knock();
    return (await day.count()) > 0;
  }, "the folder of the day, with no click", () => weir.said(), 90_000);
  await day.click();
  await objects.getByRole("row", { name: /_vpcflowlogs_us-east-1_fl-\w+_\w+\.log\.gz [\d.]+ [KM]?i?B/ }).first().waitFor();
  const { flowLogSet } = await call("ec2", "DescribeFlowLogs", { Filter: [{ Name: "resource-id", Value: [eni] }] });
  await panel("Flow logs that deliver here").getByRole("link", { name: flowLogSet[0].flowLogId }).waitFor();
  await inspect(page, "network-bucket");
  await page.getByRole("navigation", { name: "Folders above" }).getByRole("link", { name: "AWSLogs", exact: true }).click();
  await objects.getByRole("link", { name: /^123456789012\// }).waitFor();
  await page.getByRole("button", { name: "Delete lab-records" }).click();
  await page.getByRole("dialog").getByRole("button", { name: "Delete" }).click();
  await page.getByRole("dialog").getByRole("alert").getByText("is not empty").waitFor();
  await page.getByRole("dialog").getByRole("button", { name: "Keep it" }).click();

  await call("s3", "CreateBucket", { Bucket: "passing" });
  await tab("Buckets");
  await panel("Buckets").getByRole("link", { name: "passing" }).waitFor();
  await inspect(page, "network-buckets");
  await panel("Buckets").getByRole("link", { name: "passing" }).click();
  await page.getByRole("button", { name: "Delete passing" }).click();
  await page.getByRole("dialog").getByRole("button", { name: "Delete" }).click();
  await panel("Buckets").getByRole("link", { name: "lab-records" }).waitFor();
  assert.deepEqual((await call("s3", "ListBuckets")).Buckets.map(({ Name }) => Name), ["flow-logs", "lab-records"]);
  assert.deepEqual(page.complaints, []);
});

test("the fields that are offered are those that a flow log can have", async () => {
  const table = execFileSync(PROGRAM, ["fields"], { encoding: "utf8" }).split("\n").slice(1).filter(Boolean).map((line) => line.split(/\s{2,}/));
  const known = table.filter(([name, , , scope]) => scope !== "transit-gateway" && !/-tag(-2)?$/.test(name)).map(([name]) => name);
  await page.goto("/console/network?view=flowLogs&new=flow-log&fields=srcaddr");
  const form = page.getByRole("form", { name: "Create a flow log" });
  await form.getByRole("button", { name: "All fields" }).click();
  const format = await form.getByText(/^\$\{version\} .*\$\{verdict-source\}$/).textContent();
  assert.deepEqual([...format.matchAll(/\$\{([a-z0-9-]+)\}/g)].map(([, name]) => name).sort(), known.sort());
});

test("a key that may only read sees the rules, and no button that changes them", async () => {
  const key = await weir.user("reader", "AmazonEC2ReadOnlyAccess");
  const reader = await open(browser, weir);
  await signIn(reader, key, `/console/network?view=interfaces&id=${eni}`);
  await reader.getByRole("region", { name: "May come in" }).getByText("22 ssh").waitFor();
  const { groupId } = (await call("ec2", "DescribeNetworkInterfaces", { NetworkInterfaceId: [eni] })).networkInterfaceSet[0].groupSet[0];
  const { networkAclId } = (await call("ec2", "DescribeNetworkAcls")).networkAclSet[0];
  for (const [place, shown] of [[`interfaces&id=${eni}`, "May come in"], [`groups&id=${groupId}`, "Inbound rules"], [`acls&id=${networkAclId}`, "Inbound entries"]]) {
    await reader.goto(`/console/network?view=${place}`);
    await reader.getByRole("table", { name: shown }).waitFor();
    await reader.waitForLoadState("networkidle");
    const buttons = await reader.getByRole("main").getByRole("button").evaluateAll((all) => all.map((button) => button.getAttribute("aria-label") ?? button.textContent));
    assert.deepEqual(buttons.filter((name) => !/^(Copy|Ask anew|Save as CSV)/.test(name)), [], place);
    assert.equal(await reader.getByRole("main").getByRole("form").count(), 0, place);
  }
  await reader.goto("/console/network?view=flowLogs");
  await reader.getByRole("region", { name: "Flow logs" }).waitFor();
  assert.equal(await reader.getByRole("link", { name: "Create flow log" }).count(), 0);
  // This policy says nothing of S3.
  await reader.goto("/console/network?view=buckets");
  await reader.getByRole("alert").getByText("is not authorized to perform: s3:ListAllMyBuckets").waitFor();
  assert.deepEqual(reader.complaints, []);
  await reader.context().close();

  const all = await open(browser, weir);
  await signIn(all, await weir.user("viewer", "ReadOnlyAccess"), "/console/network?view=buckets");
  await all.getByRole("link", { name: "lab-records" }).click();
  await all.getByRole("region", { name: "Objects" }).last().getByRole("link", { name: /^AWSLogs\// }).waitFor();
  await all.waitForLoadState("networkidle");
  const writing = all.getByRole("main").getByRole("button", { name: /^(New bucket|Create|Delete)/ });
  assert.equal(await writing.count(), 0);
  await all.getByRole("tab", { name: "Buckets" }).click();
  await all.getByRole("region", { name: "Buckets" }).getByRole("link", { name: "lab-records" }).waitFor();
  await all.waitForLoadState("networkidle");
  assert.equal(await writing.count(), 0);
  await all.context().close();
});
