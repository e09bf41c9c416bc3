/**
 * Runs a TypeScript file of the repository on every Node the project supports (20 cannot by itself):
 *
 *     node scripts/run-ts.mjs FILE.ts [arguments]
 *
 * Types are taken away with esbuild file by file as Node loads them; nothing is written.
 */
import { readFile } from "node:fs/promises";
import { register } from "node:module";
import { resolve } from "node:path";
import { fileURLToPath, pathToFileURL } from "node:url";
import { isMainThread } from "node:worker_threads";

/** Node's loading hook; it runs in a thread of Node's own. */
export async function load(url, context, next) {
  if (!url.startsWith("file:") || !url.endsWith(".ts")) return next(url, context);
  const { transform } = await import("esbuild");
  const path = fileURLToPath(url);
  const { code } = await transform(await readFile(path, "utf8"), { loader: "ts", sourcefile: path, sourcemap: "inline", target: "node20" });
  return { format: "module", source: code, shortCircuit: true };
}

if (isMainThread) {
  const file = process.argv[2];
  if (file === undefined) {
    console.error("usage: node scripts/run-ts.mjs FILE.ts [arguments]");
    process.exit(2);
  }
  register(import.meta.url);
  process.argv.splice(1, 2, resolve(file));
  await import(pathToFileURL(resolve(file)).href);
}
