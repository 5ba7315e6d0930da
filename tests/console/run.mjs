// Makes two hosts with a cable between them, runs the tests on one of them, and takes both away.

import { execFileSync, spawnSync } from "node:child_process";
import { readdirSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";

const here = dirname(fileURLToPath(import.meta.url));
const near = `weir-console-${process.pid}-near`;
const far = `weir-console-${process.pid}-far`;
const ip = (...words) => execFileSync("ip", words);

function away() {
  for (const host of [near, far]) spawnSync("ip", ["netns", "delete", host]);
}

for (const signal of ["SIGINT", "SIGTERM"]) process.on(signal, () => { away(); process.exit(1); });
let status = 1;
try {
  for (const host of [near, far]) {
    ip("netns", "add", host);
    ip("-n", host, "link", "set", "lo", "up");
  }
  ip("-n", near, "link", "add", "a0", "type", "veth", "peer", "name", "a0", "netns", far);
  for (const [host, address] of [[near, "10.88.9.1/24"], [far, "10.88.9.2/24"]]) {
    ip("-n", host, "address", "add", address, "dev", "a0");
    ip("-n", host, "link", "set", "a0", "up");
  }
  // One more of the far host, that is no private one.
  ip("-n", far, "address", "add", "203.0.113.7/32", "dev", "a0");
  ip("-n", near, "route", "add", "203.0.113.7/32", "dev", "a0");
  const wanted = process.argv.slice(2);
  const tests = readdirSync(here).filter((name) => name.endsWith(".test.mjs") && (wanted.length === 0 || wanted.some((word) => name.includes(word))));
  const words = ["netns", "exec", near, process.execPath, "--test", "--test-concurrency=1", "--test-reporter=spec", ...tests.map((name) => join(here, name))];
  status = spawnSync("ip", words, { stdio: "inherit", env: { ...process.env, WEIR_FAR: far } }).status ?? 1;
} finally {
  away();
}
process.exit(status);
