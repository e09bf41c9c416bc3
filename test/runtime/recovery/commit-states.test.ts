/**
 * The commit protocol over all places where it can be cut off: two sinks, two groups, two crashes one after the other
 * (process killed, or power gone with whatever of the unsynced was lost), and runs that were taken for dead and go on.
 */
import { describe, expect, it } from "vitest";
import { JobError } from "../../../runtime/contract/kernel.ts";
import { Violation, finishOldRun, judgeEnd, judgeLeft, judgeOperation, mutate, runActor } from "../../support/commit-actors.ts";
import type { Exposed, Mutation } from "../../support/commit-actors.ts";
import { DiskError, copyDisk, createDisk, filesOf, openDisk, powerFailures } from "../../support/simulated-disk.ts";
import type { Disk } from "../../support/simulated-disk.ts";

interface State {
  readonly disk: Disk;
  exposed: Exposed;
}

/** Every n-th image of the second crash is followed to its end; 1 is all. */
const SAMPLE = Number(process.env["COMMIT_STATES_EVERY"] ?? 23);

const changing: ReadonlySet<string> = new Set(["create", "append", "sync", "rename", "makeFolder", "remove", "removeFolder", "removeEmptyFolder"]);

function keyOf({ disk, exposed }: State): string {
  const changes = disk.changes.map(({ from, to }) => `${from?.name ?? ""}>${to?.name ?? ""}`);
  return JSON.stringify([[...filesOf(disk)].sort(), [...filesOf(disk, "durable")].sort(), changes, [...exposed].sort()]);
}

/** What a crash right now can leave. */
function imagesOf(state: State): readonly State[] {
  return [copyDisk(state.disk), ...powerFailures(state.disk)].map((disk) => ({ disk, exposed: state.exposed }));
}

/** Runs an actor to its end on a copy; `at` sees the state before each operation that changes something. */
async function follow(start: State, name: string, mutation: Mutation, at: (state: State) => void): Promise<State> {
  const disk = copyDisk(start.disk);
  let { exposed } = start;
  const fs = openDisk(disk, (operation, path, to) => {
    if (changing.has(operation)) at({ disk, exposed });
    exposed = judgeOperation(disk, exposed, operation, path, to);
  });
  await runActor(mutate(fs, mutation), name);
  at({ disk, exposed });
  return { disk, exposed };
}

/** Where processes are killed, and power stays. */
async function checkKills(start: State): Promise<number> {
  const ends = new Map<string, State>();
  const first = new Map<string, State>();
  const kill = (into: Map<string, State>) => ({ disk, exposed }: State): void => void into.set(keyOf({ disk, exposed }), { disk: copyDisk(disk), exposed });
  await follow(start, "A", "none", kill(first));
  for (const state of first.values()) await follow(state, "B", "none", kill(ends));
  for (const state of ends.values()) await judgeLeft((await follow(state, "C", "none", () => {})).disk);
  return ends.size;
}

async function checkCrashes(start: State, mutation: Mutation, every: number): Promise<number> {
  const first = new Map<string, State>();
  await follow(start, "A", mutation, (state) => {
    for (const image of imagesOf(state)) first.set(keyOf(image), image);
  });
  const second = new Map<string, State>();
  let counter = 0;
  for (const state of first.values()) {
    const end = await follow(state, "B", mutation, (later) => {
      if (counter++ % every === 0) for (const image of imagesOf(later)) second.set(keyOf(image), image);
    });
    judgeEnd(end.disk, end.exposed);
  }
  for (const state of second.values()) {
    const end = await follow(state, "C", mutation, () => {});
    judgeEnd(end.disk, end.exposed);
  }
  return first.size + second.size;
}

async function emptyState(): Promise<State> {
  return { disk: createDisk(), exposed: new Map() };
}

async function finishedState(): Promise<State> {
  const disk = createDisk();
  await finishOldRun(openDisk(disk, () => {}));
  return { disk, exposed: new Map() };
}

/** An actor that does so many operations and then waits to be let go on. */
function pausable(shared: State, name: string, mutation: Mutation, operations: number): { readonly paused: Promise<void>; readonly isDone: () => boolean; readonly goOn: () => void; readonly ended: Promise<unknown> } {
  let left = operations;
  let goOn = (): void => {};
  const gate = new Promise<void>((resolve) => (goOn = resolve));
  let pause = (): void => {};
  const paused = new Promise<void>((resolve) => (pause = resolve));
  const fs = openDisk(shared.disk, async (operation, path, to) => {
    if (left-- === 0) {
      pause();
      await gate;
    }
    shared.exposed = judgeOperation(shared.disk, shared.exposed, operation, path, to);
  });
  let done = false;
  const ended = runActor(mutate(fs, mutation), name).catch((error: unknown) => error).finally(() => {
    done = true;
    pause();
  });
  return { paused, isDone: () => done, goOn, ended };
}

/** Ways for a run to notice that it was taken for dead; nothing else may come of it. */
function verifyEnd(error: unknown): void {
  if (error === undefined || error instanceof DiskError || (error instanceof JobError && error.code === "R0158")) return;
  throw error;
}

/** A is paused, B runs until it is paused or done, then A goes on to its end, then B, then C sees to the rest. */
async function checkZombies(mutation: Mutation, stride: number): Promise<number> {
  let schedules = 0;
  for (let a = 1, isOver = false; !isOver; a += stride) {
    for (let b = 1, isThrough = false; !isThrough; b += stride) {
      const shared = await emptyState();
      const first = pausable(shared, "A", mutation, a);
      await first.paused;
      isOver = first.isDone();
      const second = pausable(shared, "B", mutation, b);
      await second.paused;
      isThrough = second.isDone();
      first.goOn();
      verifyEnd(await first.ended);
      second.goOn();
      verifyEnd(await second.ended);
      const end = await follow(shared, "C", "none", () => {});
      judgeEnd(end.disk, end.exposed);
      schedules++;
    }
  }
  return schedules;
}

/** A's disk is full at one operation; then there is room, and B goes on. */
async function checkFullDisk(start: State): Promise<number> {
  for (let full = 0; ; full++) {
    const disk = copyDisk(start.disk);
    let { exposed } = start;
    let left = full;
    const fs = openDisk(disk, (operation, path, to) => {
      if (changing.has(operation) && left-- === 0) throw new DiskError("ENOSPC", path);
      exposed = judgeOperation(disk, exposed, operation, path, to);
    });
    const wasFull = await runActor(fs, "A").then(() => false, (error: unknown) => {
      if (error instanceof DiskError && error.code === "ENOSPC") return true;
      throw error;
    });
    const end = await follow({ disk, exposed }, "B", "none", () => {});
    judgeEnd(end.disk, end.exposed);
    if (!wasFull) return full;
  }
}

describe("the commit protocol", () => {
  it("loses, repeats, exposes and alters nothing over two crashes", async () => {
    const states = await checkCrashes(await emptyState(), "none", SAMPLE);
    const overOld = await checkCrashes(await finishedState(), "none", SAMPLE * 4);
    console.log(`commit protocol: ${states} crash states from nothing, ${overOld} over an earlier run's output, no violation`);
    expect(states).toBeGreaterThan(1000);
    expect(overOld).toBeGreaterThan(1000);
  });

  it("leaves nothing hidden of runs that were killed, also of those that were not gone on with", async () => {
    expect(await checkKills(await emptyState())).toBeGreaterThan(100);
    expect(await checkKills(await finishedState())).toBeGreaterThan(100);
  });

  it("shuts out runs that were taken for dead and go on", async () => {
    const schedules = await checkZombies("none", SAMPLE === 1 ? 1 : 3);
    console.log(`commit protocol: ${schedules} schedules of two runs at once, no violation`);
    expect(schedules).toBeGreaterThan(100);
  });

  it("goes on after the disk was full at any moment", async () => {
    expect(await checkFullDisk(await emptyState())).toBeGreaterThan(40);
    expect(await checkFullDisk(await finishedState())).toBeGreaterThan(40);
  });

  it("is caught by the same check where it renames before the commit point", async () => {
    await expect(checkCrashes(await emptyState(), "renamesFirst", SAMPLE)).rejects.toThrow(Violation);
  });

  it("is caught where it does not sync, or does not fence", async () => {
    await expect(checkCrashes(await emptyState(), "neverSyncs", SAMPLE)).rejects.toThrow();
    await expect(checkZombies("neverFences", 3)).rejects.toThrow();
  });
});
