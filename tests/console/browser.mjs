// Chromium, and what is looked at on every page: that it is accessible, fits, and breaks no rule of its own.

import assert from "node:assert/strict";
import { mkdirSync, readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { join } from "node:path";
import { chromium } from "playwright-core";
import { TARGET, until } from "./weir.mjs";

const AXE = readFileSync(createRequire(import.meta.url).resolve("axe-core/axe.min.js"), "utf8");
const PICTURES = join(TARGET, "console");
const FLAGS = ["--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking",
  "--disable-component-update", "--disable-sync"];
export const WIDE = { width: 1280, height: 900 };
export const NARROW = { width: 390, height: 844 };

export function launch() {
  mkdirSync(PICTURES, { recursive: true });
  return chromium.launch({ executablePath: process.env.CHROMIUM ?? "/usr/bin/chromium", args: FLAGS });
}

/** A page of a reader of its own. What the browser complains of is kept in `page.complaints`. */
export async function open(browser, weir, options = {}) {
  const context = await browser.newContext({ viewport: WIDE, baseURL: weir.url, timezoneId: "Europe/Berlin", ...options });
  context.setDefaultTimeout(30_000);
  const page = await context.newPage();
  page.complaints = [];
  page.on("pageerror", (error) => page.complaints.push(String(error)));
  page.on("console", (message) => {
    if (message.type() === "error" && !/Failed to load resource/.test(message.text())) page.complaints.push(message.text());
  });
  return page;
}

export async function signIn(page, { accessKeyId, secretAccessKey }, place = "/console/") {
  await page.goto(place);
  await page.getByLabel("Access key id").fill(accessKeyId);
  await page.getByLabel("Secret access key").fill(secretAccessKey);
  await page.getByRole("button", { name: "Sign in" }).click();
  await page.getByRole("button", { name: "Account" }).waitFor();
}

/** Drags over a chart, from one part of its width to another, until the page has another time range. `during` is done before it is let go. */
export async function brush(page, chart, from, to, during = async () => undefined) {
  const size = await until(() => chart.boundingBox(), "the chart");
  // Waits until it stands still, too.
  await chart.hover({ position: { x: size.width * from, y: size.height / 2 } });
  const { x, y, width, height } = await chart.boundingBox();
  await page.mouse.down();
  await page.mouse.move(x + (width * (from + to)) / 2, y + height / 2, { steps: 5 });
  await during();
  await page.mouse.move(x + width * to, y + height / 2, { steps: 5 });
  await page.mouse.up();
  await page.waitForURL(/from=2\d{3}-.*to=2\d{3}-/);
}

/** Looks at a page in both widths and both themes: no serious fault, nothing cut off, a picture of each. */
export async function inspect(page, name) {
  for (const [width, size] of [["1280", WIDE], ["390", NARROW]]) {
    for (const colorScheme of ["light", "dark"]) {
      await page.emulateMedia({ colorScheme, reducedMotion: "reduce" });
      await page.setViewportSize(size);
      await page.waitForTimeout(300);
      await page.screenshot({ path: join(PICTURES, `${name}-${width}-${colorScheme}.png`), fullPage: false });
      await accessible(page, `${name} at ${width}, ${colorScheme}`);
      const wide = await page.evaluate(() => document.documentElement.scrollWidth);
      assert.ok(wide <= size.width, `${name}: the page is ${wide} wide in a window of ${size.width}`);
    }
  }
  await page.setViewportSize(WIDE);
  await page.emulateMedia({ colorScheme: "light" });
}

async function accessible(page, where) {
  await page.evaluate(AXE);
  const { violations } = await page.evaluate(() => globalThis.axe.run(document, { resultTypes: ["violations"] }));
  const serious = violations.filter(({ impact }) => impact === "serious" || impact === "critical");
  const told = serious.map(({ id, help, nodes }) => `${id}: ${help}\n  ${nodes.slice(0, 4).map(({ html, failureSummary }) => `${html.slice(0, 220)} ${failureSummary}`).join("\n  ")}`);
  assert.equal(told.join("\n"), "", `accessibility of ${where}`);
}
