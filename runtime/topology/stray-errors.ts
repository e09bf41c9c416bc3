/**
 * Errors that nobody waited for: a timer that throws, a promise that is rejected and let go. They are the program's own
 * where its modules threw them, and no row's: which of several calls left one behind nobody can say.
 */
import { readFileSync } from "node:fs";
import { basename } from "node:path";
import { errorLine } from "../contract/error-words.ts";
import { calledExterns } from "../contract/extern.ts";
import { jobError } from "../contract/failures.ts";
import { JobError } from "../contract/kernel.ts";

/** Those of this thread. `tell`: as `blameStray`. */
export function onStrayError(file: string, where: string, tell: (error: unknown) => void): void {
  const hear = (error: unknown): void => tell(blameStray(error, file, where));
  process.on("uncaughtException", hear);
  process.on("unhandledRejection", hear);
}

/** A JobError, or the error itself where it is our own. `file`: the program's bundle; `where` completes "came from `work`". */
export function blameStray(error: unknown, file: string, where: string): unknown {
  if (isOurs(error, file)) return error;
  const externs = printExterns() ?? "the program's own modules";
  return jobError("R0176", `an error that nobody waited for came from ${externs}${where}: ${errorLine(error)}`, "await what the function begins, or catch its errors");
}

/** Those that this thread has called: "`a`", "one of `a`, `b`"; undefined: none. */
export function printExterns(): string | undefined {
  const names = calledExterns().map((name) => `\`${name}\``);
  return names.length > 1 ? `one of ${names.join(", ")}` : names[0];
}

/** Errors that say of no module of the program's or of ours where they are from are those of whoever calls externs. */
function isOurs(error: unknown, file: string): boolean {
  if (error instanceof JobError) return true;
  const stack = error instanceof Error && typeof error.stack === "string" ? error.stack : "";
  const thrower = modulesOf(stack, file).find((module) => !module.startsWith("npm:") && !isEmitted(module));
  return thrower === undefined ? calledExterns().length === 0 : thrower.startsWith("pipec:");
}

/** What the compiler wrote calls both, and throws nothing itself. */
function isEmitted(module: string): boolean {
  return module === "pipec-entry.ts" || /(^|\/)out\/program\.ts$/.test(module);
}

/** The modules of the stack's frames in the bundle, innermost first: the bundle has a line with its name before each. */
function modulesOf(stack: string, file: string): readonly string[] {
  const places = stack.split("\n").filter((line) => /^ +at /.test(line)).flatMap((frame) => {
    const [, after] = frame.split(`${basename(file)}:`);
    return after === undefined ? [] : [Number.parseInt(after, 10)];
  });
  if (places.length === 0) return [];
  const lines = readFileSync(file, "utf8").split("\n");
  return places.flatMap((place) => lines.slice(0, place).findLast((line) => moduleLine.test(line))?.replace(moduleLine, "$1") ?? []);
}

const moduleLine = /^ *\/\/ (\S.*\.[cm]?[jt]sx?)$/;
