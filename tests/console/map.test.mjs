// Who talks to whom: the graph, and the table beside it, on real packets and on very many pairs.

import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { inspect, launch, open, signIn } from "./browser.mjs";
import { Traffic } from "./traffic.mjs";
import { RECORDING, settled, until, Weir } from "./weir.mjs";

const GROUP = "/weir/flow-logs";
let browser, weir, traffic, page, call;

before(async () => {
  [browser, weir] = await Promise.all([launch(), Weir.start(...RECORDING)]);
  traffic = new Traffic();
  call = await weir.session();
  page = await open(browser, weir);
  await signIn(page, weir.key, "/console/map?from=15m");
  // The answers to HTTP are longer than 20,000 bytes.
  for (const pattern of ["[..., srcport=8080, dstport, protocol, packets, bytes>20000, start, end, action=ACCEPT, status]", "REJECT"]) {
    await until(async () => {
      const { events } = await call("logs", "FilterLogEvents", { logGroupName: GROUP, filterPattern: pattern, limit: 5 });
      return events.length > 0;
    }, `${pattern} in the log group`, () => weir.said());
  }
});

after(async () => {
  await traffic?.stop();
  await browser?.close();
  await weir?.stop();
});

const graph = () => page.getByRole("group", { name: /^Who talks to whom/ });
const table = () => page.getByRole("region", { name: "Pairs" });
const rows = () => table().locator("tbody tr:not([aria-hidden])");
const said = () => page.getByRole("region", { name: "Who talks to whom" }).getByRole("status");

/** The map at an address, when it is drawn. */
async function drawn(parameters) {
  await page.goto(`/console/map?from=15m&${parameters}`);
  await graph().locator(".map-name").first().waitFor();
}

test("the two hosts are in the graph, with what was refused between them, and both lead to the records", async () => {
  const line = graph().getByRole("link", { name: /^Between .* and 10\.88\.9\.0\/24: [\d.]+ [KM]iB, [\d,]+ packets, [\d.]+ % refused$/ });
  // What is drawn is as old as its question: it is asked anew until both kinds of records were there.
  await until(async () => {
    await drawn("far=24");
    // A level line has no height, and so is not visible to the driver.
    return line.waitFor({ state: "attached", timeout: 3000 }).then(() => true, () => false);
  }, "what was let through and what was refused");
  const name = graph().getByRole("link", { name: /^10\.88\.9\.0\/24: / });
  await name.waitFor();
  await rows().filter({ hasText: "10.88.9.0/24" }).filter({ hasText: "%" }).first().waitFor();
  await inspect(page, "map");
  assert.deepEqual(page.complaints, []);
  await name.click();
  await page.waitForURL(/\/console\/logs\?.*isIpInSubnet/);
  await page.getByRole("region", { name: "Results" }).getByRole("cell", { name: "REJECT" }).first().waitFor();
  await page.goBack();
  await line.focus();
  await page.keyboard.press("Enter");
  await page.waitForURL(/\/console\/logs\?/);
  await page.getByRole("region", { name: "Results" }).getByRole("cell", { name: "ACCEPT" }).first().waitFor();
});

test("the reader chooses how addresses are grouped; the address of the page says it", async () => {
  await drawn("near=address&far=address");
  await graph().getByRole("link", { name: /^10\.88\.9\.1: / }).waitFor();
  await graph().getByRole("link", { name: /^10\.88\.9\.2: / }).waitFor();
  for (const [choice, label] of [["16", "10.88.0.0/16"], ["8", "10.0.0.0/8"], ["24", "10.88.9.0/24"]]) {
    await page.getByLabel("Far by").selectOption(choice);
    await page.waitForURL(new RegExp(`far=${choice}`));
    await graph().getByRole("link", { name: new RegExp(`^${label}: `) }).waitFor();
  }
  await page.getByLabel("Ours by").selectOption("interface");
  await page.getByLabel("Largest by").selectOption("refused");
  await page.waitForURL(/near=interface.*rank=refused/);
  await graph().locator(".map-name").first().waitFor();
  await page.reload();
  await graph().getByRole("link", { name: /^10\.88\.9\.0\/24: / }).waitFor();
});

test("a row of the table leads to the records of that direction alone", async () => {
  await drawn("near=address&far=address");
  await rows().filter({ has: page.getByRole("cell", { name: "10.88.9.2", exact: true }).first() }).first().waitFor();
  const row = table().getByRole("row", { name: /^10\.88\.9\.2 10\.88\.9\.1 / });
  await row.getByRole("link").click();
  await page.waitForURL(/\/console\/flows\?.*filter=srcaddr%3D10\.88\.9\.2\+dstaddr%3D10\.88\.9\.1/);
  await page.getByRole("region", { name: "Records" }).getByText("REJECT").first().waitFor();
});

test("arrow keys go through the graph, which is one stop for Tab", async () => {
  await drawn("near=address&far=address");
  await settled(() => graph().locator('a[tabindex="0"]').count(), 1);
  await graph().locator('a[tabindex="0"]').focus();
  const names = new Set();
  const count = await graph().locator("a").count();
  for (let step = 0; step < count; step += 1) {
    names.add(await page.evaluate(() => document.activeElement.getAttribute("aria-label")));
    await page.keyboard.press("ArrowDown");
  }
  assert.equal(names.size, count);
  await page.keyboard.press("Enter");
  await page.waitForURL(/\/console\/logs\?/);
});

test("subnets are drawn where EC2 knows the interfaces, and what two of them saw counts once", async () => {
  const name = "/test/subnets";
  const { subnet } = await call("ec2", "CreateSubnet", { VpcId: (await call("ec2", "DescribeVpcs")).vpcSet[0].vpcId, CidrBlock: "172.31.200.0/24" });
  const make = async (PrivateIpAddress) => (await call("ec2", "CreateNetworkInterface", { SubnetId: subnet.subnetId, PrivateIpAddress })).networkInterface.networkInterfaceId;
  const [one, other] = [await make("172.31.200.10"), await make("172.31.200.11")];
  const line = (eni, from, to, bytes, action = "ACCEPT") => `2 123456789012 ${eni} ${from} ${to} 40000 443 6 10 ${bytes} 1 2 ${action} OK`;
  await put(name, [
    line(one, "172.31.200.10", "172.31.200.11", 5000), line(other, "172.31.200.10", "172.31.200.11", 5000),
    line(one, "172.31.200.10", "2001:db8:1:2::9", 700), line(other, "198.51.100.7", "172.31.200.11", 60, "REJECT"),
  ]);
  await drawn(`group=${encodeURIComponent(name)}&near=subnet&far=24`);
  await graph().getByRole("link", { name: "Between within subnet 172.31.200.0/24: 4.9 KiB, 10 packets" }).waitFor();
  await graph().getByRole("link", { name: "Between subnet 172.31.200.0/24 and 2001:db8:1:2::/64: 700 B, 10 packets" }).waitFor();
  await graph().getByRole("link", { name: "Between subnet 172.31.200.0/24 and 198.51.100.0/24: 60 B, 10 packets, 100 % refused" }).waitFor();
  await page.getByLabel("Ours by").selectOption("interface");
  await graph().getByRole("link", { name: new RegExp(`^Between (${one} and ${other}|${other} and ${one}): 4\\.9 KiB, 10 packets$`) }).waitFor();
});

test("very many pairs: the largest are drawn, the others summed and said, and nothing stands still", async (about) => {
  const name = "/test/pairs";
  const line = (number) => `2 123456789012 eni-1 10.${number >> 16 & 255}.${number >> 8 & 255}.${number & 255} 10.1.0.1 ${1024 + number % 60_000} 443 6 1 ${100 + number} 1 2 ${number % 4 === 0 ? "REJECT" : "ACCEPT"} OK`;
  const count = 12_000;
  // 10.1.0.1 is at one end of each: the interface's own.
  await put(name, Array.from({ length: count }, (_, number) => line(number + 200_000)));
  await page.goto("/console/map");
  // Processor time of the page's thread: the clock says more of what else the machine does.
  const meter = await page.context().newCDPSession(page);
  await meter.send("Performance.enable", { timeDomain: "threadTicks" });
  const worked = async () => (await meter.send("Performance.getMetrics")).metrics.find(({ name }) => name === "TaskDuration").value;
  const before = await worked();
  await page.evaluate((group) => {
    history.pushState(null, "", `/console/map?from=15m&far=address&top=25&group=${encodeURIComponent(group)}`);
    dispatchEvent(new PopStateEvent("popstate"));
  }, name);
  await said().getByText("The 25 largest of 10,000 pairs.").waitFor();
  await said().getByText("2,000 smaller pairs of addresses were added up only:").waitFor();
  await said().getByText("25 % of 2,000 packets refused").waitFor();
  await settled(() => graph().locator(".map-name").count(), 26);
  await graph().getByRole("link", { name: /^eni-1: / }).waitFor();
  assert.ok((await rows().count()) < 100, "only the rows that are seen are drawn");
  const took = (await worked()) - before;
  about.diagnostic(`work for 10,000 pairs: ${Math.round(took * 1000)} ms`);
  assert.ok(took < 3, `the page worked for ${took} s`);
  assert.deepEqual(page.complaints, []);
});

/** Lines in a log group of their own, as of now. */
async function put(logGroupName, lines) {
  const logStreamName = "eni";
  await call("logs", "CreateLogGroup", { logGroupName });
  await call("logs", "CreateLogStream", { logGroupName, logStreamName });
  const timestamp = Date.now();
  for (let first = 0; first < lines.length; first += 5000) {
    await call("logs", "PutLogEvents", { logGroupName, logStreamName, logEvents: lines.slice(first, first + 5000).map((message) => ({ timestamp, message })) });
  }
}
