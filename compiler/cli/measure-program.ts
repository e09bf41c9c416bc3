/**
 * Runs a program's stages on its own data for a while, in a process of their own, and gives their times. The bundle is
 * built into a folder beside the program (native packages are found from there) and goes away with what sinks wrote.
 */
import { fork } from "node:child_process";
import { availableParallelism, tmpdir } from "node:os";
import { dirname, join, relative, resolve } from "node:path";
import type { MeasureLimits, MeasureReport } from "../../runtime/contract/measuring.ts";
import type { Compilation } from "../pipeline.ts";
import { buildProgram } from "./build-program.ts";
import type { Io } from "./io.ts";
import { withTemporaryFolders } from "./temporary-folders.ts";

export interface MeasureRequest {
  /** Relative to `io.cwd`. */
  readonly file: string;
  readonly params: readonly string[];
  readonly seconds: number;
}

export type MeasuredProgram =
  | { readonly ok: true; readonly compilation: Compilation; readonly report: MeasureReport }
  | { readonly ok: false; readonly exitCode: number };

/** So many rows say enough of any stage. */
const ROWS_MAX = 100_000;

export async function measureProgram({ file, params, seconds }: MeasureRequest, io: Io): Promise<MeasuredProgram> {
  return withTemporaryFolders([join(dirname(resolve(io.cwd, file)), ".pipec-bench-"), join(tmpdir(), "pipec-bench-")], async ([folder = "", sinks = ""]) => {
    const built = await buildProgram({ file, params, out: relative(io.cwd, join(folder, "bench.js")), measuring: true, solve: false }, io);
    if (!built.ok) return built;
    return { ok: true, compilation: built.compilation, report: await inChild(built.outFile, { rowsMax: ROWS_MAX, msMax: seconds * 1000, folder: sinks }, io) };
  });
}

/** What the program itself prints goes to stderr: stdout is for the calibration. */
function inChild(file: string, limits: MeasureLimits, io: Io): Promise<MeasureReport> {
  const env = { ...process.env, UV_THREADPOOL_SIZE: process.env["UV_THREADPOOL_SIZE"] ?? String(Math.max(4, availableParallelism())) };
  return new Promise((resolvePromise, reject) => {
    let report: MeasureReport | undefined;
    const child = fork(file, [], { cwd: io.cwd, env, stdio: ["ignore", "pipe", "inherit", "ipc"], execArgv: [] });
    child.stdout?.on("data", (text: Buffer) => io.stderr(text.toString()));
    child.on("message", (message: MeasureReport) => {
      report = message;
    });
    child.on("error", reject);
    child.on("exit", (code, signal) => resolvePromise(report ?? { pipelines: [], fault: `the program ended with ${signal ?? code ?? "nothing"}` }));
    child.send(limits);
  });
}
