/** What follows on every way an engine can end. */
import { describe, expect, it } from "vitest";
import type { Flight } from "../../../runtime/recovery/flight-recorder.ts";
import { decide, orderOf, startState } from "../../../runtime/topology/supervisor-decide.ts";
import type { Decision, EngineEnd, SupervisorFacts, SupervisorState } from "../../../runtime/topology/supervisor-decide.ts";

const facts: SupervisorFacts = { isolatable: new Map([[1, "decoded"], [2, "vectors"]]), tickets: 6 };
const start = startState(facts);

function end(given: Partial<EngineEnd>): EngineEnd {
  return { code: null, signal: null, said: {}, flights: [], outOfMemory: false, ...given };
}

function flight(step: number, stage = 1, replica = 0): Flight {
  return { kind: "run", stage, replica, step, chunk: 3, split: 0, firstRow: 30, rows: 10, startedMs: 0 };
}

function restarted(decision: Decision): SupervisorState {
  if (decision.kind !== "restart") throw new Error(`no restart: ${JSON.stringify(decision)}`);
  return decision.state;
}

describe("an engine that ends by itself", () => {
  it("gives the command its exit code", () => {
    for (const code of [0, 2, 4, 5, 70, 130]) expect(decide(end({ code }), start, facts)).toEqual({ kind: "exit", code });
  });

  it("gives it even where its process had to be killed afterwards", () => {
    expect(decide(end({ signal: "SIGKILL", said: { over: { kind: "over", code: 4 } } }), start, facts)).toEqual({ kind: "exit", code: 4 });
  });
});

describe("an engine that dies", () => {
  it("before its outputs were open is followed by one that opens them as the user asked", () => {
    const died = restarted(decide(end({ signal: "SIGKILL" }), start, facts));
    expect(orderOf(died, facts, undefined, undefined)).not.toHaveProperty("hasOpened");
    const later = restarted(decide(end({ signal: "SIGKILL", said: { opened: { kind: "opened" } } }), died, facts));
    expect(orderOf(later, facts, undefined, undefined)).toMatchObject({ hasOpened: true });
    expect(orderOf(restarted(decide(end({ signal: "SIGKILL" }), later, facts)), facts, undefined, undefined)).toMatchObject({ hasOpened: true });
  });
});

describe("a crash", () => {
  it.each(["SIGSEGV", "SIGABRT", "SIGBUS", "SIGILL", "SIGFPE"] as const)("by %s gives the steps that ran processes of their own", (signal) => {
    const decision = decide(end({ signal, flights: [flight(2), flight(2, 1, 1)] }), start, facts);
    expect(decision).toMatchObject({ kind: "restart", delayMs: 0, reason: `the engine was ended by ${signal}; \`vectors\` has a process of its own from now on` });
    expect(restarted(decision).isolated).toEqual([2]);
    expect(orderOf(restarted(decision), facts, "records", "why")).toEqual({ folder: "records", isolated: [2], incarnation: 1, reason: "why" });
  });

  it("suspects every step where nothing is known of what ran", () => {
    expect(restarted(decide(end({ signal: "SIGSEGV" }), start, facts)).isolated).toEqual([1, 2]);
  });

  it("on Windows is an exit code", () => {
    expect(restarted(decide(end({ code: 0xc0000005, flights: [flight(1)] }), start, facts)).isolated).toEqual([1]);
  });

  it("that nothing explains is followed by a few more tries, then by an end", () => {
    let state = restarted(decide(end({ signal: "SIGSEGV" }), start, facts));
    const tries: Decision["kind"][] = [];
    for (let decision: Decision | undefined; decision?.kind !== "fail"; ) {
      decision = decide(end({ signal: "SIGSEGV", flights: [flight(7)] }), state, facts);
      tries.push(decision.kind);
      if (decision.kind === "restart") state = decision.state;
      else expect(decision).toMatchObject({ kind: "fail", code: "R0172" });
    }
    expect(tries).toEqual(["restart", "restart", "restart", "fail"]);
  });
});

describe("a crash while something is read", () => {
  const reading = { ...flight(0, 0, 0), kind: "read", words: "reading data/b.parquet from row 30 on" } as const;

  it("is told with the file, and puts all steps apart when it comes again and again without progress", () => {
    const reasons: string[] = [];
    let state = start;
    for (;;) {
      const decision = decide(end({ signal: "SIGSEGV", flights: [reading] }), state, { ...facts, isKept: true });
      if (decision.kind === "restart") {
        reasons.push(decision.reason);
        state = decision.state;
        continue;
      }
      expect(decision).toMatchObject({ kind: "fail", code: "R0172", message: expect.stringMatching(/SIGSEGV while reading data\/b\.parquet from row 30 on, 4 times/), fix: expect.stringContaining("leave the file that was being read out of the input") });
      break;
    }
    expect(reasons[0]).toBe("the engine was ended by SIGSEGV while reading data/b.parquet from row 30 on");
    expect(reasons[1]).toContain("have processes of their own");
    expect(reasons).toHaveLength(5);
  });

  it("is held against the step that ran, where one did", () => {
    expect(restarted(decide(end({ signal: "SIGSEGV", flights: [reading, flight(2)] }), start, facts)).isolated).toEqual([2]);
    // A sink's number is no step's.
    expect(restarted(decide(end({ signal: "SIGSEGV", flights: [{ ...flight(2, 3, 0), kind: "write" }] }), start, facts)).isolated).toEqual([]);
  });
});

describe("a kill from outside", () => {
  it("puts nothing apart, and is followed by more tries as long as there is progress", () => {
    let state = start;
    for (let rows = 10; rows < 1000; rows += 10) {
      const decision = decide(end({ signal: "SIGKILL", flights: [flight(1)], said: { progress: { kind: "progress", rows, commits: 0 } } }), state, facts);
      state = restarted(decision);
    }
    expect(state).toMatchObject({ isolated: [], idle: 0, rows: 990, ticketsMax: 6 });
  });

  it("waits longer and longer, and gives up where nothing gets finished", () => {
    let state = start;
    const delays: number[] = [];
    for (;;) {
      const decision = decide(end({ signal: "SIGKILL", said: { progress: { kind: "progress", rows: 5, commits: 0 } } }), state, facts);
      if (decision.kind === "fail") {
        expect(decision.code).toBe("R0174");
        break;
      }
      state = restarted(decision);
      if (decision.kind === "restart") delays.push(decision.delayMs);
    }
    expect(delays).toEqual([250, 250, 500, 1000]);
  });

  it("takes a committed group for progress", () => {
    const stuck = { ...start, idle: 3, rows: 100 };
    expect(restarted(decide(end({ signal: "SIGKILL", said: { progress: { kind: "progress", rows: 50, commits: 1 } } }), stuck, facts)).idle).toBe(0);
  });
});

describe("memory that ran out", () => {
  it("halves the tickets down to one, whoever noticed, then ends the run", () => {
    const noticed = decide(end({ code: 5, said: { outOfMemory: { kind: "outOfMemory", tickets: 6, message: "no room" }, over: { kind: "over", code: 5 } } }), start, facts);
    expect(orderOf(restarted(noticed), facts, undefined, undefined)).toMatchObject({ ticketsMax: 3, isolated: [] });
    const killed = decide(end({ signal: "SIGKILL", outOfMemory: true }), restarted(noticed), facts);
    expect(restarted(killed).ticketsMax).toBe(1);
    expect(decide(end({ signal: "SIGKILL", outOfMemory: true }), restarted(killed), facts)).toMatchObject({ kind: "fail", code: "R0170" });
  });
});

describe("a hang", () => {
  const hung = { kind: "hung", stage: 1, replica: 1, limitMs: 500 } as const;

  it("gives the steps of that worker a process of their own", () => {
    const decision = decide(end({ signal: "SIGKILL", said: { hung }, flights: [flight(1, 0, 0), flight(2, 1, 1)] }), start, facts);
    expect(restarted(decision).isolated).toEqual([2]);
  });

  it("of a step that cannot have one ends the run", () => {
    expect(decide(end({ signal: "SIGKILL", said: { hung }, flights: [flight(9, 1, 1)] }), start, facts)).toMatchObject({ kind: "fail", code: "R0173" });
  });
});
