/** Bundles a program written in TypeScript into one file, as a build makes `out.js`, and runs it. */
import { spawn } from "node:child_process";
import type { ChildProcess } from "node:child_process";
import { mkdtemp } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { build } from "esbuild";

const programs = fileURLToPath(new URL("programs/", import.meta.url));
const modules = fileURLToPath(new URL("../../node_modules/", import.meta.url));

/** A fresh folder with the program `test/support/programs/<name>.ts` as `out.cjs`; gives the folder. */
export async function bundleProgram(name: string): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), "pipec-test-"));
  await build({
    stdin: { contents: `import program from "./${name}.ts"; import { main } from "../../../runtime/index.ts"; main(program, __filename);`, resolveDir: programs, loader: "ts" },
    bundle: true,
    platform: "node",
    target: "node20",
    format: "cjs",
    outfile: join(folder, "out.cjs"),
    logLevel: "silent",
    // Found by NODE_PATH, which `require` looks at and `import()` does not.
    external: ["onnxruntime-node", "sharp", "tokenizers"],
    supported: { "dynamic-import": false },
  });
  return folder;
}

export interface Ended {
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

/** `node out.cjs …` in the folder. */
export function startProgram(folder: string, args: readonly string[]): { readonly child: ChildProcess; readonly ended: Promise<Ended> } {
  const child = spawn(process.execPath, [join(folder, "out.cjs"), ...args], { cwd: folder, env: { ...process.env, NODE_PATH: modules }, stdio: ["ignore", "pipe", "pipe"] });
  const text = { stdout: "", stderr: "" };
  child.stdout.on("data", (part: Buffer) => (text.stdout += part.toString()));
  child.stderr.on("data", (part: Buffer) => (text.stderr += part.toString()));
  const ended = new Promise<Ended>((resolve, reject) => {
    child.on("error", reject);
    child.on("close", (code) => resolve({ code, ...text }));
  });
  return { child, ended };
}

export function runProgram(folder: string, ...args: readonly string[]): Promise<Ended> {
  return startProgram(folder, args).ended;
}
