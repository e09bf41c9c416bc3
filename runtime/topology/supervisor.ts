/**
 * The process that a user starts: it starts the engine (the same program again, with as many native threads as there
 * are cores), passes signals on, and outlives it. Standard streams are the engine's own: nothing goes through here.
 *
 * The channel between the two is the engine's lifeline: when it closes, the engine ends itself at once.
 */
import { fork } from "node:child_process";
import type { ChildProcess } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { PipelineSpec } from "../contract/program.ts";
import { readFlights } from "../recovery/flight-recorder.ts";
import { heapArguments } from "./collect-heap.ts";
import { killLeftovers, readInputs, removeRecords } from "./engine-processes.ts";
import { flightFile, orderVariable, processesFile } from "./engine-order.ts";
import type { EngineOrder, FromEngine, FromSupervisor, RunName } from "./engine-order.ts";
import { describeFlight } from "./flight-words.ts";
import { isIsolatable } from "./isolated-steps.ts";
import { nativeThreads } from "./machine.ts";
import { withMallocSettings } from "./malloc-settings.ts";
import { countOomKills } from "./oom-kills.ts";
import { decide, orderOf, startState } from "./supervisor-decide.ts";
import type { Decision, EngineEnd, SupervisorFacts } from "./supervisor-decide.ts";

export interface SuperviseRequest {
  /** The program's own bundle, and its words. */
  readonly file: string;
  readonly argv: readonly string[];
  readonly pipeline: PipelineSpec;
  /** Told why another engine is started. */
  readonly onRestart: (reason: string) => void;
  readonly onFail: (fault: Extract<Decision, { kind: "fail" }>) => void;
  readonly run: RunName;
  /** The last engine ended without a word of how the run ended: it is `code`. `folder`: what the engines have left. */
  readonly onSilentEnd: (code: number, fault: string, restarts: number, folder: string | undefined) => void;
}

/** A run that was interrupted, and one that drains (it stops by itself after 90 s), may take so long to end. */
const INTERRUPT_MS = 15_000;
const DRAIN_MS = 95_000;
const INTERRUPTED = 130;
const FAILED = 5;

/** The exit code of the command. */
export async function supervise(request: SuperviseRequest): Promise<number> {
  const facts = factsOf(request.pipeline);
  const folder = makeFolder();
  const signals = listenForSignals();
  let state = startState(facts);
  let reason: string | undefined;
  const endSilently = (code: number, fault: string, restarts: number): number => {
    request.onSilentEnd(code, fault, restarts, folder);
    return code;
  };
  try {
    for (;;) {
      const end = await runEngine(request, { ...orderOf(state, facts, folder, reason), run: request.run }, signals);
      killLeftovers(folder);
      const asked = signals.endCode();
      if (asked !== undefined && end.said.over === undefined && end.code === null) return endSilently(asked, "told to end", state.incarnation);
      const decision = decide(end, state, facts);
      if (decision.kind === "exit") return decision.code;
      if (decision.kind === "fail") {
        request.onFail(decision);
        return endSilently(FAILED, decision.message, state.incarnation);
      }
      request.onRestart(decision.reason);
      ({ state, reason } = decision);
      await signals.wait(decision.delayMs);
      const askedMeanwhile = signals.endCode();
      if (askedMeanwhile !== undefined) return endSilently(askedMeanwhile, "told to end", state.incarnation - 1);
    }
  } finally {
    signals.close();
    removeRecords(folder);
  }
}

function factsOf(pipeline: PipelineSpec): SupervisorFacts {
  const isolatable = new Map(pipeline.steps.filter(isIsolatable).map((step) => [step.id, step.name]));
  return { isolatable, tickets: pipeline.tickets, isKept: pipeline.checkpoint !== undefined };
}

function makeFolder(): string | undefined {
  try {
    return mkdtempSync(join(tmpdir(), "pipec-run-"));
  } catch {
    return undefined;
  }
}

function runEngine(request: SuperviseRequest, order: EngineOrder, signals: Signals): Promise<EngineEnd> {
  if (order.folder !== undefined) for (const name of [flightFile, processesFile]) rmSync(join(order.folder, name), { force: true });
  const oomBefore = countOomKills();
  const said: { -readonly [Kind in keyof EngineEnd["said"]]: EngineEnd["said"][Kind] } = {};
  return new Promise((resolve, reject) => {
    const engine = startEngine(request, order);
    signals.attach(engine);
    engine.on("message", (message: FromEngine) => note(said, message));
    // One that was started ends, whatever else went wrong with it.
    engine.on("error", (error) => (engine.pid === undefined ? reject(error) : undefined));
    engine.on("exit", (code, signal) => {
      signals.attach(undefined);
      const oomNow = countOomKills();
      const outOfMemory = oomBefore !== undefined && oomNow !== undefined && oomNow > oomBefore;
      const inputs = readInputs(order.folder);
      const flights = order.folder === undefined ? [] : readFlights(join(order.folder, flightFile)).map((flight) => ({ ...flight, words: describeFlight(request.pipeline, inputs, flight) }));
      resolve({ code, signal, said, flights, outOfMemory });
    });
  });
}

function startEngine(request: SuperviseRequest, order: EngineOrder): ChildProcess {
  const threads = process.env["UV_THREADPOOL_SIZE"] ?? String(nativeThreads());
  return fork(request.file, [...request.argv], {
    stdio: ["inherit", "inherit", "inherit", "ipc"],
    env: { ...withMallocSettings(process.env), UV_THREADPOOL_SIZE: threads, ...orderVariable(order) },
    execArgv: engineArguments(request.pipeline, process.execArgv),
  });
}

/** Node's words for the engine: its own, then the user's, all but a text to run in place of a file. */
function engineArguments({ chunkRows }: PipelineSpec, words: readonly string[]): string[] {
  return [...heapArguments(chunkRows), ...(words.some((word) => /^(-e|-p|-pe|--eval|--print)(=|$)/.test(word)) ? [] : words)];
}

function note(said: { -readonly [Kind in keyof EngineEnd["said"]]: EngineEnd["said"][Kind] }, message: FromEngine): void {
  switch (message.kind) {
    case "opened":
      said.opened = message;
      return;
    case "progress":
      said.progress = message;
      return;
    case "hung":
      said.hung = message;
      return;
    case "outOfMemory":
      said.outOfMemory = message;
      return;
    case "over":
      said.over = message;
  }
}

interface Signals {
  /** The engine that signals are for now. */
  readonly attach: (engine: ChildProcess | undefined) => void;
  /** Once a signal has asked for the end no engine is started any more, and this is what the command ends with. */
  readonly endCode: () => number | undefined;
  /** So long, or until a signal comes. */
  readonly wait: (ms: number) => Promise<void>;
  readonly close: () => void;
}

/**
 * SIGINT ends the run cleanly, SIGTERM lets it finish the groups under way. A second signal, or time running out, ends
 * it at once: a call that hangs in native code can be ended in no other way. The terminal sends Ctrl-C to the engine
 * as well, which leaves it to us, so that one key press counts once.
 */
function listenForSignals(): Signals {
  let engine: ChildProcess | undefined;
  let asked: "interrupt" | "drain" | undefined;
  let timer: NodeJS.Timeout | undefined;
  let wake = (): void => {};
  const tell = (message: FromSupervisor): void => {
    // One that ends at this moment is told of by its exit.
    if (engine?.connected === true) engine.send(message, () => {});
  };
  const kill = (): void => void engine?.kill("SIGKILL");
  const interrupt = (): void => {
    const isSecond = asked === "interrupt";
    asked = "interrupt";
    wake();
    clearTimeout(timer);
    if (isSecond) return kill();
    tell({ kind: "interrupt" });
    timer = setTimeout(kill, INTERRUPT_MS);
  };
  const drain = (): void => {
    if (asked !== undefined) return interrupt();
    asked = "drain";
    wake();
    tell({ kind: "drain" });
    timer = setTimeout(interrupt, DRAIN_MS);
  };
  process.on("SIGINT", interrupt);
  process.on("SIGTERM", drain);
  return {
    attach: (next) => {
      engine = next;
    },
    endCode: () => (asked === undefined ? undefined : asked === "interrupt" ? INTERRUPTED : FAILED),
    wait: (ms) => new Promise((resolve) => {
      const pause = setTimeout(resolve, ms);
      wake = () => {
        clearTimeout(pause);
        resolve();
      };
    }),
    close: () => {
      clearTimeout(timer);
      process.off("SIGINT", interrupt);
      process.off("SIGTERM", drain);
    },
  };
}
