/**
 * The command line of a built program: `node out.js [NAME] [--param value …]`. The same file is the main thread and
 * every worker.
 *
 * Exit codes: 0 done; 2 usage; 4 done, but more rows failed than the pipeline allows; 5 ended by a fault that a user
 * can mend, with nothing published but what is committed; 70 our bug; 130 interrupted.
 */
import { dirname } from "node:path";
import { onnxBackend } from "../backends/onnx-executor.ts";
import { declineTelemetry } from "../contract/decline-telemetry.ts";
import type { Program } from "../contract/define-program.ts";
import { errorWords } from "../contract/error-words.ts";
import { isUsageFailure, jobError } from "../contract/failures.ts";
import { JobError } from "../contract/kernel.ts";
import { setProgramFolder } from "../contract/program-folder.ts";
import type { PipelineSpec } from "../contract/program.ts";
import type { Value } from "../contract/value.ts";
import { collectNowAndThen } from "./collect-heap.ts";
import { parseCommandLine } from "./command-line.ts";
import type { CommandLine } from "./command-line.ts";
import { resolveParam } from "./default-params.ts";
import { openEngineLink } from "./engine-link.ts";
import type { EngineLink } from "./engine-link.ts";
import { nameRun, takeEngineOrder } from "./engine-order.ts";
import type { EngineOrder } from "./engine-order.ts";
import { leave, openEngineRun, restartEvents } from "./engine-run.ts";
import { takeIsolatedStart } from "./isolated-messages.ts";
import { runIsolatedProcess } from "./isolated-process.ts";
import type { RunStart } from "../recovery/outputs.ts";
import { explainResume } from "./explain-resume.ts";
import { nativeThreads } from "./machine.ts";
import { createRunControl } from "./run-control.ts";
import type { RunControl } from "./run-control.ts";
import { readHistory } from "./run-history.ts";
import { createRunView } from "./run-view.ts";
import type { RunView } from "./run-view.ts";
import { runPipeline, stoppedBeforeEnd } from "./run-pipeline.ts";
import { onStrayError, printExterns } from "./stray-errors.ts";
import { supervise } from "./supervisor.ts";
import { concludeAbandoned, openWatch } from "./watch-run.ts";
import type { RunWatch } from "./watch-run.ts";
import { findMemberStart, runMember } from "./gang-member.ts";
import { findWorkerStart, runWorker } from "./worker.ts";

export const exitCodes = { done: 0, usage: 2, overBudget: 4, failed: 5, bug: 70, interrupted: 130 } as const;

/** Raised where the user asked the run to end. */
class Interrupted extends Error {
  override readonly name = "Interrupted";
}

/** Runs the program as the command line says. `file` is the program's own bundle. */
export function main(program: Program, file: string): void {
  declineTelemetry();
  collectNowAndThen();
  const start = findWorkerStart();
  if (start !== undefined) return runWorker(program, start, file);
  const member = findMemberStart();
  if (member !== undefined) return runMember(program, member, onnxBackend);
  if (takeIsolatedStart()) return runIsolatedProcess(program, file);
  const order = takeEngineOrder();
  const link = order === undefined ? undefined : openEngineLink(order);
  sizeThreadPool();
  // Whoever reads our output may stop reading (`| head`): that is no fault.
  process.stdout.on("error", ignoreClosedPipe);
  process.stderr.on("error", ignoreClosedPipe);
  void runCommand({ program, file, argv: process.argv.slice(2), order, link })
    .catch(reportError)
    .then((code) => leave(code, link));
}

interface Command {
  readonly program: Program;
  readonly file: string;
  readonly argv: readonly string[];
  /** In the engine that a supervisor has started. */
  readonly order: EngineOrder | undefined;
  readonly link: EngineLink | undefined;
}

/**
 * The pool is made at its first use, so this comes before any; where that has been (Node reads ES modules through it),
 * it is of no effect, and whoever wants more sets UV_THREADPOOL_SIZE in the environment.
 */
function sizeThreadPool(): void {
  process.env["UV_THREADPOOL_SIZE"] ??= String(nativeThreads());
}

function ignoreClosedPipe(error: Error): void {
  if (!("code" in error && error.code === "EPIPE")) throw error;
}

async function runCommand(command: Command): Promise<number> {
  const { program, file, argv } = command;
  setProgramFolder(dirname(file));
  const line = parseCommandLine(program, argv);
  if (line.kind === "help") {
    process.stdout.write(line.text.endsWith("\n") ? line.text : `${line.text}\n`);
    return exitCodes.done;
  }
  if (line.kind === "usage") {
    printFault(line.code, line.message, undefined);
    return exitCodes.usage;
  }
  const pipeline = program.pipelines.find((candidate) => candidate.name === line.pipeline);
  if (pipeline === undefined) throw new Error(`the program has no pipeline ${line.pipeline}`);
  if (line.flags.explainResume === true) return runExplain(command, pipeline, line);
  return isSupervised(command, line) ? runSupervised(command, pipeline, line) : runNamed(command, pipeline, line);
}

/** One thread, and one that is being debugged, are left alone. */
function isSupervised({ order }: Command, line: RunLine): boolean {
  return order === undefined && !line.flags.interpret && !process.execArgv.some((word) => word.startsWith("--inspect"));
}

function runSupervised({ program, file, argv }: Command, pipeline: PipelineSpec, line: RunLine): Promise<number> {
  const { flags } = line;
  const run = nameRun();
  // The engine runs the same modules, and tells of their errors.
  onStrayError(file, "", (error) => (error instanceof JobError ? undefined : process.exit(reportError(error))));
  return supervise({
    run,
    onSilentEnd: (code, fault, restarts, folder) => concludeAbandoned({ program: program.name, pipeline, flags, programFolder: dirname(file), params: describeParams(line), history: readHistory({ run, folder, incarnation: restarts, reason: fault }) }, code, fault),
    file,
    argv,
    pipeline,
    onRestart: (reason) => {
      if (process.stderr.isTTY && !flags.quiet) process.stderr.write("\r\x1b[K");
      if (!flags.quiet) process.stderr.write(`note: ${reason}; starting again\n`);
    },
    onFail: ({ code, message, fix }) => printFault(code, message, fix),
  });
}

async function runExplain({ program, file }: Command, pipeline: PipelineSpec, line: RunLine): Promise<number> {
  const { lines, isForbidden } = await explainResume({ program, pipeline, params: readParams(program, line), folder: dirname(file) });
  process.stdout.write(`${lines.join("\n")}\n`);
  return isForbidden ? exitCodes.failed : exitCodes.done;
}

type RunLine = Extract<CommandLine, { kind: "run" }>;

async function runNamed({ program, file, order, link }: Command, pipeline: PipelineSpec, line: RunLine): Promise<number> {
  const history = readHistory(order);
  const view = createRunView(pipeline, line.flags, history);
  const abort = new AbortController();
  const control = createRunControl();
  const interrupt = (): void => {
    view.tellLate("ending when the rows under way are computed; a second Ctrl-C ends the run at once");
    abort.abort(new Interrupted(pipeline.checkpoint === undefined ? "nothing was published" : "what is committed stays; run the same command to go on"));
  };
  // Without a checkpoint there is nothing to save; one thread stops where it is anyway.
  const stop = (): void => abort.abort(stoppedBeforeEnd(pipeline));
  onStrayError(file, "", (error) => abort.abort(error));
  const stopWatchingExit = line.flags.interpret ? watchExit(abort.signal) : () => {};
  const engine = openEngineRun(order, link, pipeline, { onInterrupt: interrupt, onDrain: pipeline.checkpoint === undefined || line.flags.interpret ? stop : () => drainSoon(view, control, abort) });
  let watch: RunWatch | undefined;
  try {
    watch = await openWatch({ program: program.name, pipeline, flags: line.flags, programFolder: dirname(file), params: describeParams(line), history });
    const { log, onStart } = watch;
    restartEvents(order, pipeline).forEach(log);
    const outcome = await runPipeline({
      program,
      pipeline,
      params: readParams(program, line),
      file,
      folder: dirname(file),
      interpret: line.flags.interpret,
      overwrite: line.flags.overwrite,
      // An engine that was started again goes on with what the one before it began.
      fresh: line.flags.fresh === true && order?.hasOpened !== true,
      control,
      onOpen: (start) => {
        engine.onOpen();
        if (start.isResumed && !line.flags.quiet) process.stderr.write(describeResume(pipeline, start));
      },
      onDoubt: (place) => {
        if (!line.flags.quiet) process.stderr.write(`note: the times of files in ${place} are not those of when they were committed: they are read, to know whether they are as they were\n`);
      },
      ...(line.flags.device === undefined ? {} : { device: line.flags.device }),
      signal: abort.signal,
      onText: view.onText,
      onStart: (counters, scheduler) => {
        view.onStart(counters, scheduler);
        onStart(scheduler, counters.rowsEarlier);
        engine.onStart(counters);
      },
      observe: view.observe,
      supervised: engine.supervised,
      log: (event) => {
        engine.log(event);
        view.log(event);
        log(event);
      },
    });
    const fault = outcome.overBudget === undefined ? undefined : `${outcome.overBudget}; the output holds the others`;
    const code = fault === undefined ? exitCodes.done : exitCodes.overBudget;
    watch.close(view.finish(outcome), code, fault);
    if (fault !== undefined) printFault("R0161", fault, undefined);
    return code;
  } catch (error) {
    const summary = view.stop(error instanceof Interrupted ? "interrupted" : "stopped");
    const isRetried = error instanceof JobError && error.code === "R0170" && engine.outOfMemory(error.message);
    if (isRetried) {
      watch?.handOver();
      return exitCodes.failed;
    }
    const code = reportError(error);
    watch?.close(summary, code, errorWords(error));
    return code;
  } finally {
    stopWatchingExit();
    engine.close();
  }
}

/** In one thread the program's own functions can end the process, or leave it with nothing to wait for. */
function watchExit(signal: AbortSignal): () => void {
  const tell = (): void => {
    // Whoever asks for the end a second time gets it.
    if (!signal.aborted) process.exitCode = reportError(jobError("R0171", `the process ended before its work was done: ${printExterns() ?? "something"} ended it, or waits for what never comes`));
  };
  process.on("exit", tell);
  return () => void process.off("exit", tell);
}

/** What a machine that goes away leaves a run for the group under way. */
const DRAIN_MS = 90_000;

function drainSoon(view: RunView, control: RunControl, abort: AbortController): void {
  view.tellLate("told to stop: the group under way is computed and committed first; a second signal ends the run without that");
  control.requestDrain("asked to stop");
  const late = jobError("R0159", `the run was told to stop, and the group under way took longer than ${DRAIN_MS / 1000} s: what is committed stays`, "run the same command to go on");
  setTimeout(() => abort.abort(late), DRAIN_MS).unref();
}

function describeResume(pipeline: PipelineSpec, { regions, isComplete, isFinished }: RunStart): string {
  if (isFinished === true) return "note: this run has finished before, and nothing it depends on has changed: there is nothing to do (--fresh runs it again)\n";
  const rows = regions.reduce((sum, { rowsIn }) => sum + rowsIn, 0).toLocaleString("en-US");
  const shown = isComplete ? [] : pipeline.sinks.filter(({ kernel }) => kernel.extension === undefined).map(({ label }) => `note: ${label} has no files: rows after the last group are shown again\n`);
  return `note: ${rows} rows are committed already; ${isComplete ? "everything was computed" : "the run goes on after them"}\n${shown.join("")}`;
}

/** What was given on the command line, for the log of runs. */
function describeParams(line: RunLine): Readonly<Record<string, string>> {
  const given = Object.entries(line.params).filter(([, param]) => param.fromCommandLine);
  return Object.fromEntries(given.map(([name, { value }]) => [name, typeof value === "object" ? JSON.stringify(value) : String(value)]));
}

function readParams(program: Program, line: RunLine): Readonly<Record<string, Value>> {
  return Object.fromEntries(
    program.params.map((param): [string, Value] => {
      const { value, fromCommandLine } = line.params[param.name];
      return [param.name, fromCommandLine ? value : resolveParam(param, value)];
    }),
  );
}

function reportError(error: unknown): number {
  if (error instanceof Interrupted) {
    process.stderr.write(`interrupted: ${error.message}\n`);
    return exitCodes.interrupted;
  }
  if (error instanceof JobError) {
    printFault(error.code, error.message, error.fix);
    return isUsageFailure(error.code) ? exitCodes.usage : exitCodes.failed;
  }
  const text = error instanceof Error ? (error.stack ?? error.message) : errorWords(error);
  process.stderr.write(`This is a bug in pipec, not in your program. Please report it with the lines below.\n${text}\n`);
  return exitCodes.bug;
}

function printFault(code: string, message: string, fix: string | undefined): void {
  process.stderr.write(`error[${code}]: ${message}\n${fix === undefined ? "" : `  to mend it: ${fix}\n`}`);
}
