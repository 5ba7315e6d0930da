// A module of the page by itself, for what can be tested without a browser.

import { createRequire } from "node:module";
import { join } from "node:path";
import { TARGET } from "./weir.mjs";

const TYPES = join(TARGET, "console/types");

/** What `console/src/PATH` exports. */
export async function source(path) {
  const { build } = createRequire(join(TYPES, "package.json"))("esbuild");
  const { outputFiles } = await build({ entryPoints: [join(TYPES, "src", path)], bundle: true, format: "esm", write: false, logLevel: "silent" });
  return import(`data:text/javascript;base64,${Buffer.from(outputFiles[0].contents).toString("base64")}`);
}
