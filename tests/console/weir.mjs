// A Weir of its own: a fresh data directory, a free port, the root's key.

import assert from "node:assert/strict";
import { execFileSync, spawn } from "node:child_process";
import { mkdtempSync, openSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { isDeepStrictEqual } from "node:util";

export const TARGET = process.env.WEIR_TARGET;
export const PROGRAM = process.env.WEIR ?? join(TARGET, "debug/weir");
const PATIENCE = 30_000;

/** What the near host lets in: HTTP, and no SSH. */
const NETWORK = `
[[interface]]
id = "eni-0a1b2c3d4e5f60718"
name = "a0"
addresses = ["10.88.9.1"]
security-groups = ["sg-web"]
[[security-group]]
id = "sg-web"
[[security-group.ingress]]
protocol = "tcp"
ports = 8080
source = "10.88.9.0/24"
[[security-group.ingress]]
protocol = "icmp"
source = "10.88.9.0/24"
`;

export const RECORDING = ["--interface", "a0", "--network", "net.toml", "--enforce", "a0", "--interval", "1", "--deliver-every-window"];

/** With groups and ACLs that are those of EC2. */
export const ENFORCING = ["--interface", "a0", "--enforce", "a0", "--on-exit", "open", "--interval", "1", "--deliver-every-window"];

export class Weir {
  static async start(...words) {
    const weir = new Weir();
    weir.home = mkdtempSync(join(tmpdir(), "weir-console-"));
    writeFileSync(join(weir.home, "net.toml"), NETWORK);
    weir.address = `127.0.0.1:${await freePort()}`;
    weir.url = `http://${weir.address}`;
    const log = openSync(join(weir.home, "weir.log"), "a");
    weir.process = spawn(PROGRAM, ["up", ...weir.where(), ...words], { cwd: weir.home, stdio: ["ignore", log, log] });
    await until(() => weir.answers(), "weir to answer", () => weir.said());
    const said = execFileSync(PROGRAM, ["env", ...weir.where()], { cwd: weir.home, encoding: "utf8" });
    const variable = (name) => new RegExp(`${name}='?([^'\\s]+)`).exec(said)?.[1];
    weir.key = { accessKeyId: variable("AWS_ACCESS_KEY_ID"), secretAccessKey: variable("AWS_SECRET_ACCESS_KEY") };
    return weir;
  }

  where() {
    return ["--data", join(this.home, "data"), "--listen", this.address];
  }

  said() {
    return readFileSync(join(this.home, "weir.log"), "utf8");
  }

  async answers() {
    if (this.process.exitCode !== null) throw new Error(`weir ended:\n${this.said()}`);
    return fetch(`${this.url}/health`).then(({ ok }) => ok, () => false);
  }

  async stop() {
    if (this.process.exitCode === null) {
      const ended = new Promise((done) => this.process.once("exit", done));
      this.process.kill("SIGTERM");
      const slow = setTimeout(() => this.process.kill("SIGKILL"), PATIENCE);
      await ended;
      clearTimeout(slow);
    }
    rmSync(this.home, { recursive: true, force: true });
  }

  /** Signs in as a page does; gives what calls operations. */
  async session(key = this.key) {
    const headers = { "x-weir": "console", "content-type": "application/json" };
    const answer = await fetch(`${this.url}/console/sign-in`, { method: "POST", headers, body: JSON.stringify(key) });
    if (!answer.ok) throw new Error(await answer.text());
    const cookie = answer.headers.get("set-cookie").split(";")[0];
    return async (service, operation, input = {}) => {
      const path = `${this.url}/console/call/${service}/${operation}`;
      const done = await fetch(path, { method: "POST", headers: { ...headers, cookie }, body: JSON.stringify(input) });
      const body = await done.json();
      if (!done.ok) throw new Error(`${operation}: ${body.code}: ${body.message}`);
      return body;
    };
  }

  /** The access key of a new user with a managed policy. */
  async user(name, policy) {
    const call = await this.session();
    await call("iam", "CreateUser", { UserName: name });
    await call("iam", "AttachUserPolicy", { UserName: name, PolicyArn: `arn:aws:iam::aws:policy/${policy}` });
    const { AccessKey } = await call("iam", "CreateAccessKey", { UserName: name });
    return { accessKeyId: AccessKey.AccessKeyId, secretAccessKey: AccessKey.SecretAccessKey };
  }
}

/** Asks until there is an answer that is not empty; gives it. */
export async function until(found, what, about = () => "", patience = PATIENCE) {
  const end = Date.now() + patience;
  for (;;) {
    const answer = await found();
    if (answer) return answer;
    if (Date.now() > end) throw new Error(`waited in vain for ${what}\n${about()}`);
    await new Promise((done) => setTimeout(done, 100));
  }
}

/** Waits until what is read is as expected, for what a page shows a moment later; in the end fails with the difference. */
export async function settled(read, expected) {
  const end = Date.now() + 10_000;
  for (;;) {
    const found = await read();
    if (isDeepStrictEqual(found, expected)) return;
    if (Date.now() > end) assert.deepEqual(found, expected);
    await new Promise((done) => setTimeout(done, 100));
  }
}

function freePort() {
  return new Promise((done, fail) => {
    const server = createServer().once("error", fail);
    server.listen(0, "127.0.0.1", () => {
      const { port } = server.address();
      server.close(() => done(port));
    });
  });
}
