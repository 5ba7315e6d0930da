// Builds the page and writes to the folder that is named: the files, compressed, and `files.rs`, their list.

import { createHash } from "node:crypto";
import { mkdirSync, readFileSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { join, relative } from "node:path";
import { gzipSync } from "node:zlib";
import { build } from "vite";

const TYPES = {
  css: "text/css; charset=utf-8",
  html: "text/html; charset=utf-8",
  js: "text/javascript; charset=utf-8",
  svg: "image/svg+xml",
};

const out = process.argv[2] ?? "dist";
const page = join(out, "page");
const packed = join(out, "packed");

await build({
  base: "/console/",
  logLevel: "warn",
  configFile: false,
  // Libraries mark their parts for servers that render; there is none.
  build: { outDir: page, emptyOutDir: true, chunkSizeWarningLimit: 1000, target: "es2022", modulePreload: { polyfill: false },
    assetsInlineLimit: 0, rollupOptions: { onwarn: (warning, warn) => warning.code === "MODULE_LEVEL_DIRECTIVE" || warn(warning) } },
});

rmSync(packed, { recursive: true, force: true });
mkdirSync(packed, { recursive: true });
const rows = files(page).sort().map((path, number) => {
  const name = relative(page, path);
  const type = TYPES[name.split(".").pop()];
  if (!type) throw new Error(`${name}: say in build.mjs which type it is of`);
  const content = readFileSync(path);
  const etag = createHash("sha256").update(content).digest("hex").slice(0, 32);
  const target = join(packed, `${number}.gz`);
  writeFileSync(target, gzipSync(content, { level: 9 }));
  return `    File { path: ${JSON.stringify(name)}, content_type: ${JSON.stringify(type)}, etag: ${JSON.stringify(`"${etag}"`)}, `
    + `gzip: include_bytes!(${JSON.stringify(target)}) },`;
});
writeFileSync(join(out, "files.rs"), `/// All of them.\npub static FILES: &[File] = &[\n${rows.join("\n")}\n];\n`);

function files(folder) {
  return readdirSync(folder, { withFileTypes: true }).flatMap((entry) => {
    const path = join(folder, entry.name);
    return entry.isDirectory() ? files(path) : [path];
  });
}
