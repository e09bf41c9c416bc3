/**
 * `npm run demo`: reads text out of the pictures of samples/ocr with a pretrained model, as a user would
 * (`pipec build`, `node out.js`), and compares it with what is written in them.
 */
import { spawnSync } from "node:child_process";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";

const root = join(dirname(fileURLToPath(import.meta.url)), "..");
const cwd = join(root, "samples", "ocr");

for (const args of [["../../dist/cli.js", "build"], ["out.js"], ["evaluate.mjs", "--max", "1"]]) {
  const { status } = spawnSync(process.execPath, args, { cwd, stdio: "inherit" });
  if (status !== 0) process.exit(status ?? 1);
}
