// Sessions, and how the page is served.

import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { launch, open, signIn } from "./browser.mjs";
import { until, Weir } from "./weir.mjs";

let browser;
before(async () => { browser = await launch(); });
after(() => browser?.close());

async function withWeir(words, work) {
  const weir = await Weir.start("--capture", "off", ...words);
  try {
    await work(weir);
  } finally {
    await weir.stop();
  }
}

test("a session that has run out asks for the key again, and the page is as it was", () => withWeir(["--console-session", "5"], async (weir) => {
  const page = await open(browser, weir);
  await signIn(page, weir.key, "/console/logs?view=groups");
  const isSignedIn = () => page.evaluate(async () => (await (await fetch("/console/session")).json()).principal !== null);
  await until(async () => !(await isSignedIn()), "the end of the session");
  const ended = page.getByText("Your session has ended");
  // The page sees it when it asks for something, which it may have done already.
  if (!(await ended.isVisible())) await page.getByRole("link", { name: "Overview" }).click({ timeout: 5000 }).catch(() => undefined);
  await ended.waitFor();
  const place = page.url();
  await page.getByLabel("Access key id").fill(weir.key.accessKeyId);
  await page.getByLabel("Secret access key").fill(weir.key.secretAccessKey);
  await page.getByRole("button", { name: "Sign in" }).click();
  await page.getByRole("button", { name: "Account" }).waitFor();
  assert.equal(page.url(), place);
}));

test("who signs out is out", () => withWeir([], async (weir) => {
  const page = await open(browser, weir);
  await signIn(page, weir.key);
  await page.getByRole("button", { name: "Account" }).click();
  await page.getByRole("menuitem", { name: "Sign out" }).click();
  await page.getByLabel("Access key id").waitFor();
  await page.reload();
  await page.getByLabel("Access key id").waitFor();
}));

test("without authentication nobody is asked, and a page that is empty says how to fill it", () => withWeir(["--auth", "off"], async (weir) => {
  const page = await open(browser, weir);
  await page.goto("/console/");
  await page.getByText("No flow log writes to a log group").waitFor();
  await page.getByText("sudo weir up").waitFor();
}));

test("files are compressed, kept, and bound to this address", () => withWeir([], async (weir) => {
  const index = await fetch(`${weir.url}/console/overview`);
  const policy = index.headers.get("content-security-policy");
  assert.match(policy, /default-src 'none'; script-src 'self';/);
  const html = await index.text();
  assert.doesNotMatch(html, /<script(?![^>]*\bsrc=)/);
  assert.equal(index.headers.get("cache-control"), "no-cache");
  const again = await fetch(`${weir.url}/console/`, { headers: { "if-none-match": index.headers.get("etag") } });
  assert.equal(again.status, 304);
  const [script] = /\/console\/assets\/[^"]+\.js/.exec(html);
  const packed = await fetch(weir.url + script);
  assert.equal(packed.headers.get("content-encoding"), "gzip");
  assert.match(packed.headers.get("cache-control"), /immutable/);
  const plain = await fetch(weir.url + script, { headers: { "accept-encoding": "identity" } });
  assert.equal(plain.headers.get("content-encoding"), null);
  assert.equal(await plain.text(), await packed.text());
  assert.equal((await fetch(`${weir.url}/console/assets/none.js`)).status, 404);
}));

test("the root leads to the page, unless a notice links to it", () => withWeir([], async (weir) => {
  const root = await fetch(`${weir.url}/`, { redirect: "manual" });
  assert.deepEqual([root.status, root.headers.get("location")], [307, "/console/"]);
  const link = await fetch(`${weir.url}/?Action=ConfirmSubscription&Token=x&TopicArn=arn:aws:sns:us-east-1:123456789012:none`, { redirect: "manual" });
  assert.notEqual(link.status, 307);
}));

test("what the page fetches is all from here", () => withWeir([], async (weir) => {
  const page = await open(browser, weir);
  const hosts = new Set();
  page.on("request", (request) => hosts.add(new URL(request.url()).host));
  await signIn(page, weir.key);
  assert.deepEqual([...hosts], [weir.address]);
}));
