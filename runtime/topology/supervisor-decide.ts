/**
 * What is done when an engine has ended: pass its exit code on, start another, or give up. Pure, so that tests and
 * simulations go through every way an engine can end.
 *
 * A crash or a hang puts the steps that were running into processes of their own; memory that ran out lowers the
 * tickets; a kill from outside means nothing. Whatever the reason, engines that get no further than those before are
 * started a few times only.
 */
import type { Flight } from "../recovery/flight-recorder.ts";
import type { EngineOrder, FromEngine } from "./engine-order.ts";

export interface EngineEnd {
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
  /** What it last said, by kind. */
  readonly said: { readonly [Kind in FromEngine["kind"]]?: Extract<FromEngine, { kind: Kind }> };
  /** The calls it was in, with words that complete "while …". */
  readonly flights: readonly (Flight & { readonly words?: string })[];
  /** The kernel has killed for memory while it ran. */
  readonly outOfMemory: boolean;
}

export interface SupervisorFacts {
  /** Steps that can run in a process of their own, with the names that users gave them. */
  readonly isolatable: ReadonlyMap<number, string>;
  readonly tickets: number;
  /** The pipeline keeps a checkpoint. */
  readonly isKept?: boolean;
}

export interface SupervisorState {
  readonly isolated: readonly number[];
  readonly ticketsMax: number;
  readonly incarnation: number;
  readonly hasOpened: boolean;
  /** Engines in a row that got no further than those before. */
  readonly idle: number;
  readonly rows: number;
}

export type Decision =
  | { readonly kind: "exit"; readonly code: number }
  | { readonly kind: "fail"; readonly code: "R0170" | "R0172" | "R0173" | "R0174"; readonly message: string; readonly fix?: string }
  | { readonly kind: "restart"; readonly state: SupervisorState; readonly delayMs: number; readonly reason: string };

/** Engines without progress that are followed by another one. */
const IDLE_MAX = 3;
const UNEXPLAINED_MAX = 1;
const FIRST_DELAY_MS = 250;
const INTERRUPTED = 130;

const crashSignals: ReadonlySet<string> = new Set(["SIGSEGV", "SIGABRT", "SIGBUS", "SIGILL", "SIGFPE", "SIGTRAP", "SIGSYS"]);
/** Windows gives the kind of exception as exit code: 0xC0000005 is an access violation. */
const CRASH_CODE = 0xc0000000;

export function startState(facts: SupervisorFacts): SupervisorState {
  return { isolated: [], ticketsMax: facts.tickets, incarnation: 0, hasOpened: false, idle: 0, rows: 0 };
}

export function orderOf(state: SupervisorState, facts: SupervisorFacts, folder: string | undefined, reason: string | undefined): Omit<EngineOrder, "run"> {
  return {
    folder,
    isolated: state.isolated,
    incarnation: state.incarnation,
    ...(state.hasOpened ? { hasOpened: true } : {}),
    ...(state.ticketsMax < facts.tickets ? { ticketsMax: state.ticketsMax } : {}),
    ...(reason === undefined ? {} : { reason }),
  };
}

export function decide(end: EngineEnd, before: SupervisorState, facts: SupervisorFacts): Decision {
  const { said, signal, code } = end;
  const state = withProgress(end, before);
  if (said.outOfMemory !== undefined) return afterMemory(state, said.outOfMemory.message);
  if (said.over !== undefined) return { kind: "exit", code: said.over.code };
  if (said.hung !== undefined) return afterHang(said.hung, end, state, facts);
  if (signal === "SIGKILL") return end.outOfMemory ? afterMemory(state, "the kernel killed the engine because memory ran out") : restartIdle(state, "the engine was killed from outside");
  const crash = crashOf(code, signal);
  if (crash !== undefined) return afterCrash(crash, end, state, facts);
  return { kind: "exit", code: code ?? INTERRUPTED };
}

/** Rows further than any engine before, or a group committed, is progress. */
function withProgress(end: EngineEnd, state: SupervisorState): SupervisorState {
  const { rows, commits } = end.said.progress ?? { rows: 0, commits: 0 };
  const moved = rows > state.rows || commits > 0;
  return { ...state, incarnation: state.incarnation + 1, hasOpened: state.hasOpened || end.said.opened !== undefined, rows: Math.max(rows, state.rows), idle: moved ? 0 : state.idle + 1 };
}

function crashOf(code: number | null, signal: NodeJS.Signals | null): string | undefined {
  if (signal !== null) return crashSignals.has(signal) ? signal : undefined;
  return code !== null && code >= CRASH_CODE ? `code 0x${code.toString(16)}` : undefined;
}

function afterCrash(crash: string, end: EngineEnd, state: SupervisorState, facts: SupervisorFacts): Decision {
  const suspects = newSuspects(end.flights, state, facts);
  if (suspects.length > 0) return isolate(suspects, state, facts, `the engine was ended by ${crash}`);
  const reason = `the engine was ended by ${crash}${printFlights(end)}`;
  if (state.idle <= IDLE_MAX) return restart(state, reason);
  return { kind: "fail", code: "R0172", message: `${reason}, ${state.idle} times without getting any further`, ...fixOf(end, facts) };
}

function printFlights({ flights }: EngineEnd): string {
  const words = [...new Set(flights.flatMap((flight) => flight.words ?? []))];
  return words.length === 0 ? "" : ` while ${words.join(" and ")}`;
}

/** What is read has no rows yet that could be set aside. */
function fixOf({ flights }: EngineEnd, { isKept = false }: SupervisorFacts): { readonly fix?: string } {
  if (!flights.some(({ kind }) => kind === "read")) return {};
  return { fix: `leave the file that was being read out of the input, or mend it${isKept ? "; what is committed was made with it, so then start over with --fresh" : ""}` };
}

function afterHang(hung: { readonly stage: number; readonly replica: number; readonly limitMs: number }, end: EngineEnd, state: SupervisorState, facts: SupervisorFacts): Decision {
  const own = end.flights.filter((flight) => flight.stage === hung.stage && flight.replica === hung.replica);
  const reason = `a call did not come back within ${hung.limitMs} ms`;
  const suspects = newSuspects(own, state, facts);
  if (suspects.length > 0) return isolate(suspects, state, facts, reason);
  return { kind: "fail", code: "R0173", message: `${reason}${printFlights({ ...end, flights: own })}` };
}

function afterMemory(state: SupervisorState, reason: string): Decision {
  if (state.ticketsMax <= 1) return { kind: "fail", code: "R0170", message: `${reason}, with one chunk under way` };
  // Fewer tickets are another try, not the same one.
  const ticketsMax = Math.max(1, Math.floor(state.ticketsMax / 2));
  return restart({ ...state, ticketsMax, idle: 0 }, `${reason}; at most ${ticketsMax} chunk${ticketsMax === 1 ? " is" : "s are"} under way from now on`);
}

function restartIdle(state: SupervisorState, reason: string): Decision {
  if (state.idle > IDLE_MAX) return { kind: "fail", code: "R0174", message: `${reason}, ${state.idle} times without getting any further` };
  return restart(state, reason);
}

function isolate(steps: readonly number[], state: SupervisorState, facts: SupervisorFacts, reason: string): Decision {
  const isolated = [...new Set([...state.isolated, ...steps])].sort((a, b) => a - b);
  return restart({ ...state, isolated, idle: 0 }, `${reason}; ${printSteps(steps, facts)} ${steps.length === 1 ? "has a process of its own" : "have processes of their own"} from now on`, 0);
}

function restart(state: SupervisorState, reason: string, delayMs = FIRST_DELAY_MS * 2 ** Math.max(0, state.idle - 1)): Decision {
  return { kind: "restart", state, delayMs, reason };
}

/**
 * Where nothing is known of what ran, everything may have been it. What read or wrote is taken for it a few times first:
 * that has no process of its own.
 */
function newSuspects(flights: EngineEnd["flights"], state: SupervisorState, facts: SupervisorFacts): readonly number[] {
  const isolated = new Set(state.isolated);
  const busy = flights.filter(({ kind }) => kind === "load" || kind === "run").map(({ step }) => step);
  const isUnknown = busy.length === 0 && (flights.length === 0 || state.idle > UNEXPLAINED_MAX);
  const candidates = isUnknown ? [...facts.isolatable.keys()] : busy;
  return [...new Set(candidates)].filter((step) => facts.isolatable.has(step) && !isolated.has(step));
}

function printSteps(steps: readonly number[], facts: SupervisorFacts): string {
  return [...new Set(steps)].map((step) => `\`${facts.isolatable.get(step) ?? `step ${step}`}\``).join(", ");
}
