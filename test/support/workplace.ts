/**
 * Folders to build and run programs in, below the checkout so that native packages are found as they are for users.
 * Removed when the test file ends.
 */
import { spawn } from "node:child_process";
import { cpSync, mkdirSync, mkdtempSync, readFileSync, readdirSync, rmSync, statSync, symlinkSync, writeFileSync } from "node:fs";
import { dirname, join, relative } from "node:path";
import { afterAll } from "vitest";
import { runCli } from "../../compiler/cli/main.ts";
import { root, sampleFolder } from "./compile-sample.ts";
import type { SampleName } from "./compile-sample.ts";

const made: string[] = [];

afterAll(() => {
  for (const folder of made) rmSync(folder, { recursive: true, force: true });
});

/** A fresh folder with the given files. */
export function makeWorkplace(files: Readonly<Record<string, string | Uint8Array>> = {}): string {
  const parent = join(root, ".cache", "workplaces");
  mkdirSync(parent, { recursive: true });
  const folder = mkdtempSync(join(parent, "w"));
  made.push(folder);
  for (const [name, content] of Object.entries(files)) {
    mkdirSync(dirname(join(folder, name)), { recursive: true });
    writeFileSync(join(folder, name), content);
  }
  return folder;
}

/** A copy of a sample; its models are linked, not copied. */
export function copySample(name: SampleName): string {
  const folder = makeWorkplace();
  const from = sampleFolder(name);
  const leftOut = new Set(["out", "out.js", "out.js.map", "models"]);
  for (const entry of readdirSync(from)) if (!leftOut.has(entry)) cpSync(join(from, entry), join(folder, entry), { recursive: true });
  symlinkSync(join(from, "models"), join(folder, "models"));
  return folder;
}

export interface Ended {
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

/** `pipec …` in this process. */
export async function pipec(folder: string, ...argv: readonly string[]): Promise<Ended> {
  let stdout = "";
  let stderr = "";
  const io = { cwd: folder, color: false, stdout: (text: string) => void (stdout += text), stderr: (text: string) => void (stderr += text) };
  const code = await runCli(argv, io, "0.0.0");
  return { code, stdout, stderr };
}

/** `node …` in a process of its own. */
export function node(folder: string, ...argv: readonly string[]): Promise<Ended> {
  return new Promise((resolve, reject) => {
    const child = spawn(process.execPath, argv, { cwd: folder, stdio: ["ignore", "pipe", "pipe"] });
    let stdout = "";
    let stderr = "";
    child.stdout.setEncoding("utf8").on("data", (text: string) => (stdout += text));
    child.stderr.setEncoding("utf8").on("data", (text: string) => (stderr += text));
    child.on("error", reject);
    child.on("close", (code) => resolve({ code, stdout, stderr }));
  });
}

/** Every file below a folder with its bytes, by path; nothing where the folder is missing. */
export function readTree(folder: string): ReadonlyMap<string, Buffer> {
  const files = new Map<string, Buffer>();
  const visit = (path: string): void => {
    for (const entry of readdirSync(path).sort()) {
      const full = join(path, entry);
      if (statSync(full).isDirectory()) visit(full);
      else files.set(relative(folder, full).replaceAll("\\", "/"), readFileSync(full));
    }
  };
  if (statSync(folder, { throwIfNoEntry: false }) !== undefined) visit(folder);
  return files;
}
