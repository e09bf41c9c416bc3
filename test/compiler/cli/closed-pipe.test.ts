/** `pipec … | head`: whoever reads the output may stop reading. */
import { spawn } from "node:child_process";
import { join } from "node:path";
import { expect, test } from "vitest";
import { root } from "../../support/compile-sample.ts";

interface Ended {
  readonly code: number | null;
  readonly stderr: string;
}

/** Runs `pipec` as a process whose standard output is closed before it writes. */
function pipecWithoutReader(...argv: readonly string[]): Promise<Ended> {
  return new Promise((resolve, reject) => {
    const child = spawn(process.execPath, [join(root, "scripts", "run-ts.mjs"), join(root, "compiler", "cli", "cli.ts"), ...argv], { cwd: root, stdio: ["ignore", "pipe", "pipe"] });
    child.stdout.destroy();
    let stderr = "";
    child.stderr.setEncoding("utf8").on("data", (text: string) => (stderr += text));
    child.on("error", reject);
    child.on("close", (code) => resolve({ code, stderr }));
  });
}

test.each([["--help"], ["explain P0301"]])("%s: ends quietly", async (line) => {
  expect(await pipecWithoutReader(...line.split(" "))).toEqual({ code: 0, stderr: "" });
});
