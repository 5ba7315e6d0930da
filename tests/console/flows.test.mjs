// Records as they come in, and a record's own page.

import assert from "node:assert/strict";
import { mkdtempSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { inspect, launch, open, signIn } from "./browser.mjs";
import { holdsFrames } from "./frames.mjs";
import { database } from "./mmdb.mjs";
import { Traffic } from "./traffic.mjs";
import { RECORDING, until, Weir } from "./weir.mjs";

const GROUP = "/weir/flow-logs";
const FAR = "203.0.113.7";
const FORMAT = "${version} ${account-id} ${interface-id} ${srcaddr} ${dstaddr} ${srcport} ${dstport} ${protocol} ${packets} ${bytes} ${start} ${end} ${action} ${log-status} ${src-geoip} ${dst-geoip}";
const folder = mkdtempSync(join(tmpdir(), "weir-geoip-"));
const FILES = [join(folder, "city.mmdb"), join(folder, "asn.mmdb")];
const place = (code, country, city) => ({ country: { iso_code: code, names: { en: country } }, city: { names: { en: city } } });
let browser, weir, page, call;

before(async () => {
  // The private address of the far host is in it too, and is not looked up.
  writeFileSync(FILES[0], database({ "203.0.112.0/22": place("CH", "Switzerland", "Bern"), "10.0.0.0/8": place("NL", "Netherlands", "Delft") }));
  writeFileSync(FILES[1], database({ "203.0.113.6/31": { autonomous_system_number: 64500, autonomous_system_organization: "Far Example" } }));
  [browser, weir] = await Promise.all([launch(), Weir.start(...RECORDING, "--format", FORMAT, "--geoip", ...FILES)]);
  call = await weir.session();
  page = await open(browser, weir);
  await signIn(page, weir.key, "/console/flows?from=15m");
});

after(async () => {
  await browser?.close();
  await weir?.stop();
  rmSync(folder, { recursive: true });
});

/** How many there are; fewer are drawn. */
const shown = async (of) => Number((await of.getByText(/^[\d,]+ rows?$/).textContent()).replace(/\D/g, ""));
const rows = () => page.getByRole("region", { name: "Records" }).locator("tbody tr:not([aria-hidden])");

test("a refused connection shows up by itself, and its record explains itself", async () => {
  await page.getByText("live", { exact: true }).waitFor();
  Traffic.knock();
  await rows().filter({ hasText: "REJECT" }).filter({ hasText: "22 ssh" }).first().waitFor();
  await rows().filter({ hasText: "22 ssh" }).first().getByRole("link").first().click();
  await page.waitForURL(/\/flows\/record\?/);
  await page.getByRole("heading", { name: "TCP from 10.88.9.2 to 10.88.9.1 port 22" }).waitFor();
  const fields = page.getByRole("table", { name: "Fields of the record" });
  await fields.getByRole("row", { name: /^dstport 22 ssh/ }).waitFor();
  await fields.getByRole("row", { name: /^protocol 6 TCP/ }).waitFor();
  await page.getByRole("region", { name: "Country and network" }).getByText("Private ones never are").waitFor();
  await page.getByText("weir explain --network net.toml --from 10.88.9.2 --to 10.88.9.1 --port 22/tcp").waitFor();
  await page.getByRole("region", { name: "Neighbours in time" }).getByRole("region").getByText("REJECT").first().waitFor();
  await page.reload();
  await page.getByRole("heading", { name: "TCP from 10.88.9.2" }).waitFor();
  assert.deepEqual(page.complaints, []);
});

test("country and network of a far address stand with its record and on the map, as its database files say them now", async () => {
  Traffic.knock(22, FAR);
  await page.goto(`/console/flows?from=15m&filter=${encodeURIComponent(`srcaddr=${FAR}`)}`);
  await rows().first().getByRole("link").first().click();
  const places = page.getByRole("table", { name: "Country and network" });
  await places.getByRole("row", { name: `${FAR} Bern, Switzerland AS64500 Far Example 203.0.113.6/31` }).waitFor();
  assert.equal(await places.getByRole("row").count(), 1);
  const fields = page.getByRole("table", { name: "Fields of the record" });
  await fields.getByRole("row", { name: /^src-geoip CH / }).waitFor();
  await fields.getByRole("row", { name: /^dst-geoip – / }).waitFor();
  await inspect(page, "record");
  await page.goto("/console/map?from=15m&far=24");
  await page.getByRole("region", { name: "Who talks to whom" }).getByRole("link", { name: /^203\.0\.113\.0\/24 CH: / }).waitFor();
  await page.goto("/console/overview?from=15m");
  await page.getByRole("table", { name: "Refused sources, in packets" }).getByRole("row", { name: `${FAR} CH` }).waitFor();

  writeFileSync(join(folder, "new"), database({ "203.0.113.0/24": place("NZ", "New Zealand", "Otaki") }));
  renameSync(join(folder, "new"), FILES[0]);
  await page.goBack();
  await page.goBack();
  await places.getByRole("row", { name: `${FAR} Otaki, New Zealand AS64500 Far Example 203.0.113.6/31` }).waitFor();
  assert.deepEqual(page.complaints, []);
});

test("the other direction of an accepted connection is found", async () => {
  const traffic = new Traffic();
  try {
    await page.goto(`/console/flows?from=15m&filter=${encodeURIComponent("dstport=8080")}`);
    await rows().first().waitFor();
    await page.getByRole("button", { name: "Pause" }).click();
    await rows().last().getByRole("link").first().click();
    const reverse = page.getByRole("region", { name: "Its other direction" }).getByRole("cell", { name: "8080", exact: true });
    // The answer may be in the next interval, and comes then.
    await until(async () => {
      await page.reload();
      return reverse.first().waitFor({ timeout: 3000 }).then(() => true, () => false);
    }, "its other direction");
  } finally {
    await traffic.stop();
  }
});

test("the filter bar completes names and values, and what does not pass is not shown", async () => {
  const traffic = new Traffic();
  try {
    await page.goto("/console/flows?from=15m");
    await rows().filter({ hasText: "telnet" }).first().waitFor();
    const bar = page.getByRole("combobox", { name: "Filter" });
    await bar.fill("dstp");
    await page.getByRole("option", { name: "dstport=" }).click();
    await bar.pressSequentially("2");
    await page.getByRole("option", { name: "dstport=23" }).click();
    await page.getByRole("button", { name: "Filter", exact: true }).click();
    await page.waitForURL(/filter=dstport%3D23/);
    await until(async () => {
      const texts = await rows().allTextContents();
      return texts.length > 0 && texts.every((text) => text.includes("telnet"));
    }, "records to port 23 alone");
    const before = await shown(page);
    await until(async () => (await shown(page)) > before, "a record that comes in and passes");
    await inspect(page, "flows");
    await bar.fill("dstprt=23");
    await page.getByRole("button", { name: "Filter", exact: true }).click();
    await page.getByRole("alert").getByText('no field "dstprt"').waitFor();
    assert.deepEqual(page.complaints, []);
  } finally {
    await traffic.stop();
  }
});

test("a pause holds the rows still and counts what comes meanwhile", async () => {
  const traffic = new Traffic();
  try {
    await page.goto("/console/flows?from=15m");
    await rows().first().waitFor();
    await page.getByRole("button", { name: "Pause" }).click();
    await page.getByRole("button", { name: /^Go on \(\d+ new\)/ }).waitFor();
    const held = await rows().first().textContent();
    await page.waitForTimeout(1500);
    assert.equal(await rows().first().textContent(), held);
    await page.getByRole("button", { name: /^Go on/ }).click();
    await until(async () => (await rows().first().textContent()) !== held, "newer rows");
  } finally {
    await traffic.stop();
  }
});

/** Lines of flow log records, as many as there is need of. */
const line = (number) => {
  const now = Math.floor(Date.now() / 1000);
  return `2 123456789012 eni-1 10.0.${number >> 8 & 255}.${number & 255} 10.1.0.1 ${1024 + number % 60_000} 443 6 1 60 ${now} ${now} ACCEPT OK`;
};

test("1,000 records a second in a log group hold up no frame, and half of them are shown, as the server sends them", async (about) => {
  const name = "/test/flood";
  const stream = { logGroupName: name, logStreamName: "eni-1" };
  await call("logs", "CreateLogGroup", { logGroupName: name });
  await call("logs", "CreateLogStream", stream);
  await page.goto(`/console/flows?from=15m&group=${encodeURIComponent(name)}`);
  await page.getByText("live", { exact: true }).waitFor();
  let isOver = false;
  const flood = (async () => {
    for (let began = Date.now(), number = 0; !isOver;) {
      await new Promise((done) => setTimeout(done, 250));
      // As many as are due, however long the call before took.
      const due = Math.min(Date.now() - began - number, 2000);
      const logEvents = Array.from({ length: due }, () => ({ timestamp: Date.now(), message: line(number++) }));
      await call("logs", "PutLogEvents", { ...stream, logEvents });
    }
  })();
  try {
    await rows().first().waitFor();
    await holdsFrames(page, about, "1,000 records a second are put into its log group", async () => {
      const before = await shown(page);
      await page.waitForTimeout(3000);
      return (await shown(page)) - before >= 1000;
    });
    await page.getByText("some are left out here, none in the log group").waitFor();
  } finally {
    isOver = true;
    await flood;
  }
});

test("1,000 records a second that all come in on top of 100,000 hold up no frame, while the table is scrolled, and sorted too", async (about) => {
  // The server sends 500 a second at most, as AWS does: here the answer of StartLiveTail is made in the page.
  const flooded = await page.context().newPage();
  await flooded.addInitScript(`(${pour})((${line}), 100_000, 1000)`);
  await flooded.goto("/console/flows?from=15m");
  await until(async () => await shown(flooded) === 100_000, "100,000 rows");
  const box = flooded.getByRole("region", { name: "Records" });
  const holds = (what) => holdsFrames(flooded, about, `1,000 records a second come into a table of 100,000 that is ${what}`, async () => {
    const from = await flooded.evaluate(() => globalThis.poured);
    await box.evaluate(scroll, 3000);
    return (await flooded.evaluate(() => globalThis.poured)) - from >= 2500;
  });
  await holds("scrolled");
  await box.getByRole("columnheader", { name: "srcaddr" }).getByRole("button").click();
  await box.getByRole("columnheader", { name: "srcaddr", exact: false }).and(flooded.locator('[aria-sort="ascending"]')).waitFor();
  await holds("sorted and scrolled");
  assert.ok((await box.locator("tbody tr").count()) < 100, "only the rows that are seen are drawn");
  await flooded.close();
});

/** In the page: goes through a table, for so many milliseconds. */
async function scroll(box, time) {
  const end = performance.now() + time;
  for (let step = 0; performance.now() < end; step += 1) {
    box.scrollTop = (box.scrollHeight * (step % 100)) / 100;
    await new Promise((done) => requestAnimationFrame(done));
  }
}

/** In the page: answers StartLiveTail with `first` records and then `rate` a second, ten times a second. */
function pour(line, first, rate) {
  const send = globalThis.fetch;
  globalThis.poured = 0;
  globalThis.fetch = (address, init) => {
    if (!String(address).includes("StartLiveTail")) return send(address, init);
    let timer;
    const body = new ReadableStream({
      start(sink) {
        const say = (event, payload) => sink.enqueue(new TextEncoder().encode(`${JSON.stringify({ event, payload })}\n`));
        const some = (count) => {
          const sessionResults = Array.from({ length: count }, () => ({ timestamp: Date.now(), logStreamName: "eni-1", message: line(globalThis.poured++) }));
          say("sessionUpdate", { sessionMetadata: { sampled: false }, sessionResults });
        };
        say("sessionStart", {});
        some(first);
        const began = Date.now();
        timer = setInterval(() => some(Math.round(first + ((Date.now() - began) * rate) / 1000 - globalThis.poured)), 100);
      },
      cancel: () => clearInterval(timer),
    });
    return Promise.resolve(new Response(body));
  };
}
