/** Drains, core tokens and workers that come and go, step by step. */
import { describe, expect, it } from "vitest";
import { createCoreTokens } from "../../../runtime/topology/core-tokens.ts";
import { createScheduler } from "../../../runtime/topology/scheduler.ts";
import type { Scheduler, SchedulerCommand } from "../../../runtime/topology/scheduler.ts";
import type { StageNode, Topology } from "../../../runtime/topology/topology.ts";

const base = { ordered: false, isSource: false, region: 0 };

/** A source, a stage of up to three workers, and a sink; groups of 4 chunks. */
function chain(own: Partial<StageNode> = {}, cores = 4): Topology {
  return {
    cores,
    stages: [
      { ...base, id: 0, label: "read", replicas: 1, replicasMin: 1, replicasMax: 1, cores: 0, ordered: true, isSource: true, ins: [], outs: [0] },
      { ...base, id: 1, label: "work", replicas: 1, replicasMin: 1, replicasMax: 3, cores: 1, ins: [0], outs: [1], ...own },
    ],
    edges: [
      { id: 0, fromStage: 0, to: { kind: "stage", stage: 1 }, capacity: 6, bytesMax: Infinity, holdsTickets: false },
      { id: 1, fromStage: 1, to: { kind: "sink", sink: 0 }, capacity: 12, bytesMax: Infinity, holdsTickets: true },
    ],
    sinks: [{ id: 0, edge: 1, region: 0 }],
    regions: [{ id: 0, source: 0, tickets: 12, groupChunks: 4, sinks: [0] }],
  };
}

const runsOf = (commands: readonly SchedulerCommand[], stage: number): readonly number[] => commands.flatMap((command) => (command.kind === "run" && command.stage === stage ? [command.chunk] : []));

/** Does all that is asked until nothing is; gives the chunks completed. */
function finish(scheduler: Scheduler, first: readonly SchedulerCommand[]): readonly number[] {
  const queue = [...first];
  const completed: number[] = [];
  for (let command = queue.shift(); command !== undefined; command = queue.shift()) {
    if (command.kind === "completed") completed.push(command.chunk);
    if (command.kind === "load") queue.push(...scheduler.handle({ ...command, kind: "loaded" }));
    if (command.kind !== "run") continue;
    const { stage, replica, incarnation, chunk } = command;
    queue.push(...scheduler.handle({ kind: "done", stage, replica, incarnation, chunk, bytes: [1], exhausted: false }));
    if (stage === 1) queue.push(...scheduler.handle({ kind: "sinkDone", sink: 0, chunk }));
  }
  return completed;
}

describe("a drain", () => {
  it("reads to the end of the group under way, and finishes that", () => {
    const scheduler = createScheduler(chain());
    const commands = scheduler.start();
    expect(runsOf(commands, 0)).toEqual([0, 1]);
    const rest = scheduler.handle({ kind: "drain", atOnce: false });
    expect(finish(scheduler, [...commands, ...rest])).toEqual([0, 1, 2, 3]);
    expect([scheduler.isFinished(), scheduler.isCutShort()]).toEqual([true, true]);
    expect(scheduler.verifyIdle).not.toThrow();
  });

  it("reads nothing more where there is no time", () => {
    const scheduler = createScheduler(chain());
    const commands = scheduler.start();
    scheduler.handle({ kind: "drain", atOnce: false });
    const rest = scheduler.handle({ kind: "drain", atOnce: true });
    expect(finish(scheduler, [...commands, ...rest])).toEqual([0, 1]);
    expect(scheduler.isFinished()).toBe(true);
  });

  it("that comes to the end of the input cuts nothing short", () => {
    const scheduler = createScheduler(chain());
    scheduler.start();
    scheduler.handle({ kind: "drain", atOnce: false });
    scheduler.handle({ kind: "sourceEnd", stage: 0, chunks: 0 });
    expect([scheduler.isFinished(), scheduler.isCutShort()]).toEqual([true, false]);
  });

  it("goes on where an earlier run ended, group by group", () => {
    const scheduler = createScheduler(chain(), { firstChunks: [8] });
    const commands = scheduler.start();
    expect(runsOf(commands, 0)).toEqual([8, 9]);
    expect(finish(scheduler, [...commands, ...scheduler.handle({ kind: "drain", atOnce: false })])).toEqual([8, 9, 10, 11]);
  });
});

describe("workers", () => {
  it("that are loaded get chunks once they are there, and retire when nothing is bound to them", () => {
    const scheduler = createScheduler(chain());
    scheduler.start();
    expect(scheduler.handle({ kind: "load", stage: 1 })).toContainEqual({ kind: "load", stage: 1, replica: 1, incarnation: 0 });
    expect(scheduler.replicas()[1]).toMatchObject({ active: 1, loading: 1 });
    scheduler.handle({ kind: "loaded", stage: 1, replica: 1, incarnation: 0 });
    expect(scheduler.replicas()[1]).toMatchObject({ active: 2, loading: 0 });
    // Chunks 0 and 1 were promised to the first worker, which was the only one; the next is promised to the second.
    const read = (chunk: number): readonly SchedulerCommand[] => scheduler.handle({ kind: "done", stage: 0, replica: 0, incarnation: 0, chunk, bytes: [1], exhausted: false });
    expect(read(0)).toContainEqual({ kind: "run", stage: 0, replica: 0, incarnation: 0, chunk: 2, to: [1] });
    expect(scheduler.handle({ kind: "unload", stage: 1 })).toEqual([]);
    expect(scheduler.replicas()[1].active).toBe(1);
    read(1);
    expect(read(2)).toContainEqual({ kind: "run", stage: 1, replica: 1, incarnation: 0, chunk: 2, to: [0] });
    const left = scheduler.handle({ kind: "done", stage: 1, replica: 1, incarnation: 0, chunk: 2, bytes: [1], exhausted: false });
    expect(left).toContainEqual({ kind: "retire", stage: 1, replica: 1 });
  });

  it("that are lost are started again, and do again what they had begun; what the lost ones say is dropped", () => {
    const scheduler = createScheduler(chain());
    scheduler.start();
    const begun = scheduler.handle({ kind: "done", stage: 0, replica: 0, incarnation: 0, chunk: 0, bytes: [1], exhausted: false });
    expect(runsOf(begun, 1)).toEqual([0]);
    expect(scheduler.coresInUse()).toBe(1);
    expect(scheduler.handle({ kind: "lost", stage: 1, replica: 0 })).toContainEqual({ kind: "load", stage: 1, replica: 0, incarnation: 1 });
    expect(scheduler.coresInUse()).toBe(0);
    scheduler.handle({ kind: "done", stage: 1, replica: 0, incarnation: 0, chunk: 0, bytes: [1], exhausted: false });
    const again = scheduler.handle({ kind: "loaded", stage: 1, replica: 0, incarnation: 1 });
    expect(again).toContainEqual({ kind: "run", stage: 1, replica: 0, incarnation: 1, chunk: 0, to: [0] });
  });

  it("of a source cannot be lost", () => {
    const scheduler = createScheduler(chain());
    scheduler.start();
    expect(() => scheduler.handle({ kind: "lost", stage: 0, replica: 0 })).toThrow(/cannot go on/);
  });
});

describe("core tokens", () => {
  const [, work] = chain().stages;
  const near: StageNode = { ...work, id: 2, label: "near the sink", cores: 2, replicas: 1, replicasMax: 1 };
  const far: StageNode = { ...work, id: 1, label: "far from it", cores: 1, replicasMax: 2 };

  it("are never more than there are cores, and come back", () => {
    const tokens = createCoreTokens(2, [near, far]);
    expect([tokens.take(far, false), tokens.take(far, false), tokens.take(far, false), tokens.free()]).toEqual([true, true, false, 0]);
    tokens.giveBack(far);
    expect(tokens.take(far, false)).toBe(true);
  });

  it("are kept in the end for a stage that needs several at once", () => {
    const tokens = createCoreTokens(2, [near, far]);
    tokens.take(far, false);
    let passes = 0;
    while (passes < 100 && !tokens.take(near, false) && tokens.take(far, false)) {
      tokens.giveBack(far);
      passes++;
    }
    expect(passes).toBeGreaterThan(0);
    expect(passes).toBeLessThan(100);
    // The other core is free as soon as its worker is done, and both go to the one that waits.
    tokens.giveBack(far);
    expect([tokens.take(far, false), tokens.take(near, false)]).toEqual([false, true]);
  });

  it("go to nobody ahead where there are not enough for all", () => {
    const scarce = createCoreTokens(2, [near, far]);
    expect([scarce.take(far, false), scarce.take(far, true)]).toEqual([true, false]);
    const plenty = createCoreTokens(4, [near, far]);
    expect([plenty.take(far, false), plenty.take(far, true)]).toEqual([true, true]);
  });
});
