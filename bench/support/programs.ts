/** Building programs as a user would, running them, and what can be seen of a run from outside. */
import { execFileSync, spawn } from "node:child_process";
import { mkdirSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { coreSeconds, processTree } from "./core-seconds.ts";
import { benchFolder, repository, runTs } from "./fixtures.ts";

export interface BuiltProgram {
  readonly folder: string;
  readonly file: string;
}

/** Builds `text` as a program of its own, with the files beside it, from the sources of this repository. */
export function buildProgram(name: string, text: string, beside: Readonly<Record<string, string>> = {}): BuiltProgram {
  const folder = join(benchFolder(), "programs", name);
  rmSync(folder, { recursive: true, force: true });
  mkdirSync(folder, { recursive: true });
  for (const [file, content] of Object.entries({ ...beside, "main.pipe": text })) writeFileSync(join(folder, file), content);
  execFileSync(process.execPath, [runTs, join(repository, "compiler", "cli", "cli.ts"), "build", "main.pipe"], { cwd: folder, stdio: ["ignore", "ignore", "inherit"] });
  return { folder, file: join(folder, "out.js") };
}

export interface ProgramRun {
  /** From the start of the process. */
  readonly totalMs: number;
  /** User and system time of all its processes. */
  readonly cpuSeconds: number;
  /** When each output file got its first row: since the start of the process. */
  readonly openedMs: readonly number[];
  /** The highest resident set of the run's processes together, where the system tells. */
  readonly residentBytesMax: number;
  /** The resident set every second or so. */
  readonly residentBytes: readonly number[];
  /** `coreSeconds` while it ran, by milliseconds since its start. */
  readonly cores: readonly CoreSample[];
}

interface CoreSample {
  readonly atMs: number;
  readonly seconds: number;
}

/** Runs it to its end, in an output folder `out/rows` made anew. */
export async function runProgram(program: BuiltProgram, args: readonly string[] = [], watch = false): Promise<ProgramRun> {
  const output = join(program.folder, "out", "rows");
  rmSync(output, { recursive: true, force: true });
  const began = Date.now();
  // The shell tells what its children took.
  const child = spawn("sh", ["-c", '"$@" >&2; code=$?; times; exit $code', "sh", process.execPath, program.file, ...args], { cwd: program.folder, stdio: ["ignore", "pipe", "pipe"] });
  let said = "";
  let times = "";
  child.stdout.on("data", (text: Buffer) => (times += text.toString()));
  child.stderr.on("data", (text: Buffer) => (said += text.toString()));
  const residentBytes: number[] = [];
  const cores: CoreSample[] = [];
  const look = (): void => {
    const tree = processTree(child.pid ?? 0);
    residentBytes.push(tree.reduce((sum, pid) => sum + residentOf(pid), 0));
    const seconds = coreSeconds(child.pid ?? 0);
    if (seconds !== undefined) cores.push({ atMs: Date.now() - began, seconds });
  };
  const timer = watch ? setInterval(look, 250) : undefined;
  const code = await new Promise<number | null>((done, fail) => {
    child.on("error", fail);
    child.on("close", done);
  });
  const ended = Date.now();
  clearInterval(timer);
  if (code !== 0) throw new Error(`${program.file} ended with ${code}:\n${said}`);
  const openedMs = readdirSync(output).filter((name) => name.startsWith("part-")).map((name) => statSync(join(output, name)).birthtimeMs - began).sort((a, b) => a - b);
  const cpuSeconds = [...(times.trim().split("\n")[1] ?? "").matchAll(/(\d+)m([\d.]+)s/g)].reduce((sum, [, minutes, seconds]) => sum + Number(minutes) * 60 + Number(seconds), 0);
  return { totalMs: ended - began, cpuSeconds, openedMs, residentBytesMax: Math.max(0, ...residentBytes), residentBytes, cores };
}

/** Pages that processes share are counted for each. */
function residentOf(pid: number): number {
  try {
    return Number(/^VmRSS:\s+(\d+) kB/m.exec(readFileSync(`/proc/${pid}/status`, "utf8"))?.[1] ?? 0) * 1024;
  } catch {
    // It ended meanwhile.
    return 0;
  }
}

/** Rows per second between the first row of file `skip` and that of the last file: start and end are left out. */
export function steadyRate(run: ProgramRun, rowsPerFile: number, skip: number): number {
  const times = run.openedMs.slice(skip);
  const [first, last] = [times[0], times.at(-1)];
  if (first === undefined || last === undefined || last <= first) throw new Error("too few files to tell a rate");
  return ((times.length - 1) * rowsPerFile * 1000) / (last - first);
}

/**
 * Core seconds that a row had between the first rows of the first file and those of the last that was begun while the
 * run was still looked at; undefined where it was not watched, or the system does not tell.
 */
export function steadyCoreSeconds(run: ProgramRun, rowsPerFile: number): number | undefined {
  const lookedAtMs = run.cores.at(-1)?.atMs ?? 0;
  const opened = run.openedMs.filter((atMs) => atMs <= lookedAtMs);
  const [from, to] = [opened[0], opened.at(-1)].map((atMs) => (atMs === undefined ? undefined : coreSecondsAt(run.cores, atMs)));
  return from === undefined || to === undefined || opened.length < 2 ? undefined : (to - from) / ((opened.length - 1) * rowsPerFile);
}

/** Between two samples, as if they grew evenly. */
function coreSecondsAt(samples: readonly CoreSample[], atMs: number): number | undefined {
  const after = samples.findIndex((sample) => sample.atMs >= atMs);
  const [a, b] = [samples[after - 1], samples[after]];
  return a === undefined || b === undefined ? undefined : a.seconds + ((atMs - a.atMs) / (b.atMs - a.atMs)) * (b.seconds - a.seconds);
}
