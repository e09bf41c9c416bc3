/** `pipec log`: the past runs of a built program, newest first; of all programs of its folder where `out.js` is named. */
import { readFileSync } from "node:fs";
import { basename, dirname, join, resolve } from "node:path";
import { pastRunsFile, readPastRuns } from "../../../runtime/contract/past-run.ts";
import type { PastRun } from "../../../runtime/contract/past-run.ts";
import { flag, textOption } from "../command.ts";
import type { CommandArgs, CommandRun } from "../command.ts";
import { findProgram } from "../find-program.ts";
import { exitCodes } from "../io.ts";
import type { Io } from "../io.ts";
import { showDiagnostics } from "../report.ts";

const DEFAULT_COUNT = 20;

export const run: CommandRun = async (args, io) => {
  const text = textOption(args, "last");
  const count = text === undefined ? DEFAULT_COUNT : Number(text);
  if (!Number.isInteger(count) || count < 1) {
    io.stderr(`--last ${text}: a whole number from 1 on is wanted\n`);
    return exitCodes.usage;
  }
  const place = findPlace(args, io);
  if (place === undefined) return exitCodes.usage;
  const { folder, program } = place;
  const isOurs = (run: PastRun): boolean => program === undefined || run.program === undefined || run.program === program;
  const runs = readPastRuns(readLog(join(folder, pastRunsFile))).filter(isOurs).slice(-count).reverse();
  if (flag(args, "json")) io.stdout(`${JSON.stringify(runs, undefined, 2)}\n`);
  else io.stdout(runs.length === 0 ? "no runs yet\n" : printRuns(runs));
  return exitCodes.ok;
};

interface LogPlace {
  readonly folder: string;
  /** Undefined: whichever runs are there. */
  readonly program?: string;
}

/** The folder of `out.js`: it may be named itself, else it stands beside the program. */
function findPlace(args: CommandArgs, io: Io): LogPlace | undefined {
  const [named] = args.positionals;
  if (named !== undefined && /\.[cm]?js$/.test(named)) return { folder: dirname(resolve(io.cwd, named)) };
  const found = findProgram(io.cwd, named);
  if (found.ok) return { folder: dirname(resolve(io.cwd, found.file)), program: basename(found.file, ".pipe") };
  showDiagnostics(io, [found.diagnostic], new Map());
  return undefined;
}

function readLog(file: string): string {
  try {
    return readFileSync(file, "utf8");
  } catch {
    // A program that never ran has no log.
    return "";
  }
}

const outcomeWords = {
  started: "running, or killed",
  finished: "finished",
  overBudget: "over its error budget",
  stopped: "stopped",
  interrupted: "interrupted",
} as const satisfies Record<PastRun["outcome"], string>;

function printRuns(runs: readonly PastRun[]): string {
  const head = ["started (UTC)", "pipeline", "outcome", "exit", "rows", "dead", "rows/s", "seconds", ""];
  const rows = runs.map((run) => [
    run.startedAt.slice(0, 19).replace("T", " "),
    run.pipeline,
    outcomeWords[run.outcome],
    show(run.exitCode),
    show(run.rowsIn),
    show(run.rowsDead),
    show(run.rowsPerSecond),
    run.elapsedMs === undefined ? "" : (run.elapsedMs / 1000).toFixed(1),
    [...(run.restarts === undefined ? [] : [`started again ${run.restarts === 1 ? "once" : `${run.restarts} times`}`]), ...(run.fault === undefined ? [] : [run.fault]), ...(run.fault !== undefined || run.bottleneck == null ? [] : [`limited by ${run.bottleneck}`])].join("; "),
  ]);
  const widths = head.map((title, column) => Math.max(title.length, ...rows.map((row) => row[column]?.length ?? 0)));
  const isNumber = (column: number): boolean => column >= 3 && column <= 7;
  const line = (row: readonly string[]): string => row.map((cell, column) => (isNumber(column) ? cell.padStart(widths[column] ?? 0) : cell.padEnd(widths[column] ?? 0))).join("  ").trimEnd();
  return `${[head, ...rows].map(line).join("\n")}\n`;
}

function show(value: number | undefined): string {
  return value === undefined ? "" : value.toLocaleString("en-US", { maximumFractionDigits: 1 });
}
