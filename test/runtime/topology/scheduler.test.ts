/** Drains, core tokens and workers that come and go, step by step. */
import { describe, expect, it } from "vitest";
import { BEGINNING } from "../../../runtime/contract/stage-parts.ts";
import { createCoreTokens } from "../../../runtime/topology/core-tokens.ts";
import { createScheduler } from "../../../runtime/topology/scheduler.ts";
import type { Scheduler, SchedulerCommand } from "../../../runtime/topology/scheduler.ts";
import type { StageNode, Topology } from "../../../runtime/topology/topology.ts";
import { loadAll } from "../../support/load-all.ts";

const base = { ordered: false, mayWait: false, isSource: false, takesParts: false, cutsParts: false, region: 0 };

/** A source, a stage of up to three workers, and a sink; groups of 4 chunks. */
function chain(own: Partial<StageNode> = {}, cores = 4): Topology {
  return {
    cores,
    stages: [
      { ...base, id: 0, label: "read", replicas: 1, replicasMin: 1, replicasMax: 1, cores: 0, ordered: true, isSource: true, ins: [], outs: [0] },
      { ...base, id: 1, label: "work", replicas: 1, replicasMin: 1, replicasMax: 3, cores: 1, ins: [0], outs: [1], ...own },
    ],
    edges: [
      { id: 0, fromStage: 0, to: { kind: "stage", stage: 1 }, capacity: 6, bytesMax: Infinity, holdsTickets: false, inParts: false },
      { id: 1, fromStage: 1, to: { kind: "sink", sink: 0 }, capacity: 12, bytesMax: Infinity, holdsTickets: true, inParts: false },
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
    const { stage, replica, chunk } = command;
    queue.push(...scheduler.handle({ kind: "done", stage, replica, incarnation: 0, chunk, part: 0, isLast: true, bytes: [1], exhausted: false }));
    if (stage === 1) queue.push(...scheduler.handle({ kind: "sinkDone", sink: 0, chunk }));
  }
  return completed;
}

describe("a drain", () => {
  it("reads to the end of the group under way, and finishes that", () => {
    const scheduler = createScheduler(chain());
    const commands = loadAll(scheduler, chain());
    expect(runsOf(commands, 0)).toEqual([0, 1]);
    const rest = scheduler.handle({ kind: "drain", atOnce: false });
    expect(finish(scheduler, [...commands, ...rest])).toEqual([0, 1, 2, 3]);
    expect([scheduler.isFinished(), scheduler.isCutShort(0)]).toEqual([true, true]);
    expect(scheduler.verifyIdle).not.toThrow();
  });

  it("reads nothing more where there is no time", () => {
    const scheduler = createScheduler(chain());
    const commands = loadAll(scheduler, chain());
    scheduler.handle({ kind: "drain", atOnce: false });
    const rest = scheduler.handle({ kind: "drain", atOnce: true });
    expect(finish(scheduler, [...commands, ...rest])).toEqual([0, 1]);
    expect(scheduler.isFinished()).toBe(true);
  });

  it("that comes to the end of the input cuts nothing short", () => {
    const scheduler = createScheduler(chain());
    loadAll(scheduler, chain());
    scheduler.handle({ kind: "drain", atOnce: false });
    scheduler.handle({ kind: "sourceEnd", stage: 0, chunks: 0 });
    expect([scheduler.isFinished(), scheduler.isCutShort(0)]).toEqual([true, false]);
  });

  it("cuts short the regions whose sources have more, and not one that is at its end", () => {
    const { stages, edges, sinks, regions, ...rest } = chain();
    const topology: Topology = {
      ...rest,
      stages: [...stages, ...stages.map((stage) => ({ ...stage, id: stage.id + 2, region: 1, ins: stage.ins.map((edge) => edge + 2), outs: stage.outs.map((edge) => edge + 2) }))],
      edges: [...edges, ...edges.map((edge) => ({ ...edge, id: edge.id + 2, fromStage: edge.fromStage + 2, to: edge.to.kind === "stage" ? ({ kind: "stage", stage: 3 } as const) : ({ kind: "sink", sink: 1 } as const) }))],
      sinks: [...sinks, { id: 1, edge: 3, region: 1 }],
      regions: [...regions, ...regions.map((region) => ({ ...region, id: 1, source: 2, sinks: [1] }))],
    };
    const scheduler = createScheduler(topology);
    loadAll(scheduler, topology);
    scheduler.handle({ kind: "drain", atOnce: false });
    // The first comes to its end while the other may come to a stop before its own.
    expect(scheduler.handle({ kind: "sourceEnd", stage: 0, chunks: 0 })).toContainEqual({ kind: "finished", region: 0 });
    expect([0, 1].map(scheduler.isCutShort)).toEqual([false, true]);
    scheduler.handle({ kind: "sourceEnd", stage: 2, chunks: 0 });
    expect([0, 1].map(scheduler.isCutShort)).toEqual([false, false]);
  });

  it("goes on where an earlier run ended, group by group", () => {
    const scheduler = createScheduler(chain(), { firstChunks: [8] });
    const commands = loadAll(scheduler, chain());
    expect(runsOf(commands, 0)).toEqual([8, 9]);
    expect(finish(scheduler, [...commands, ...scheduler.handle({ kind: "drain", atOnce: false })])).toEqual([8, 9, 10, 11]);
  });
});

describe("workers", () => {
  it("that a run begins with are told nothing before they are there, and what is made for them waits", () => {
    const scheduler = createScheduler(chain({ replicas: 2 }));
    expect(scheduler.replicas()).toMatchObject([{ active: 0, loading: 1 }, { active: 0, loading: 2 }]);
    const loaded = (stage: number, replica: number): readonly SchedulerCommand[] => scheduler.handle({ kind: "loaded", stage, replica, incarnation: 0 });
    expect(loaded(0, 0)).toEqual([0, 1].map((chunk) => ({ kind: "run", stage: 0, replica: 0, chunk, part: 0, to: [chunk] })));
    const read = (chunk: number): readonly SchedulerCommand[] => scheduler.handle({ kind: "done", stage: 0, replica: 0, incarnation: 0, chunk, part: 0, isLast: true, bytes: [1], exhausted: false });
    expect(runsOf([...read(0), ...read(1)], 1)).toEqual([]);
    expect(runsOf(loaded(1, 1), 1)).toEqual([1]);
    expect(scheduler.replicas()[1]).toMatchObject({ active: 1, loading: 1 });
    expect(runsOf(loaded(1, 0), 1)).toEqual([0]);
  });

  it.each([[2, [0, 1]], [8, [0, 1, 2, 3, 4, 5]]])("that load have the cores they need: of %i, what is before them is done ahead as far as cores are left", (cores, ahead) => {
    const { stages: [read, work], edges: [out], sinks, regions } = chain();
    const topology: Topology = {
      cores,
      stages: [read, { ...work, replicas: 2, replicasMax: 2 }, { ...work, id: 2, label: "model", replicas: 2, replicasMax: 2, ins: [1], outs: [2] }],
      edges: [out, { ...out, id: 1, fromStage: 1, to: { kind: "stage", stage: 2 } }, { ...out, id: 2, fromStage: 2, to: { kind: "sink", sink: 0 }, capacity: 12, holdsTickets: true }],
      sinks: [{ ...sinks[0], edge: 2 }],
      regions,
    };
    const scheduler = createScheduler(topology);
    const loaded = (stage: number, replica: number): readonly SchedulerCommand[] => scheduler.handle({ kind: "loaded", stage, replica, incarnation: 0 });
    /** All that the source and the stage before the model are told, done at once; gives the chunks that the latter did. */
    const doAll = (first: readonly SchedulerCommand[]): readonly number[] => {
      const [queue, prepared]: [SchedulerCommand[], number[]] = [[...first], []];
      for (let command = queue.shift(); command !== undefined; command = queue.shift()) {
        if (command.kind !== "run" || command.stage === 2) continue;
        if (command.stage === 1) prepared.push(command.chunk);
        queue.push(...scheduler.handle({ ...command, kind: "done", incarnation: 0, isLast: true, bytes: [1], exhausted: false }));
      }
      return prepared;
    };
    expect(doAll([...loaded(1, 0), ...loaded(1, 1), ...loaded(0, 0)]).toSorted()).toEqual(ahead);
    // The first that is there takes a core; the other still has the last.
    const one = loaded(2, 0);
    expect(runsOf(one, 2)[0]).toBe(0);
    if (cores === 2) expect(doAll(one)).toEqual([]);
    expect(runsOf(loaded(2, 1), 2)[0]).toBe(1);
  });

  it("that load longer than the input lasts go when they are there", () => {
    const scheduler = createScheduler(chain());
    scheduler.handle({ kind: "loaded", stage: 0, replica: 0, incarnation: 0 });
    expect(scheduler.handle({ kind: "sourceEnd", stage: 0, chunks: 0 })).toContainEqual({ kind: "finished", region: 0 });
    expect(scheduler.handle({ kind: "loaded", stage: 1, replica: 0, incarnation: 0 })).toEqual([{ kind: "retire", stage: 1, replica: 0 }]);
    expect(scheduler.verifyIdle).not.toThrow();
  });

  it("that are loaded get chunks once they are there, and retire when nothing is bound to them", () => {
    const scheduler = createScheduler(chain());
    loadAll(scheduler, chain());
    expect(scheduler.handle({ kind: "load", stage: 1 })).toContainEqual({ kind: "load", stage: 1, replica: 1, incarnation: 0 });
    expect(scheduler.replicas()[1]).toMatchObject({ active: 1, loading: 1 });
    scheduler.handle({ kind: "loaded", stage: 1, replica: 1, incarnation: 0 });
    expect(scheduler.replicas()[1]).toMatchObject({ active: 2, loading: 0 });
    // Chunks 0 and 1 were promised to the first worker, which was the only one; the next is promised to the second.
    const read = (chunk: number): readonly SchedulerCommand[] => scheduler.handle({ kind: "done", stage: 0, replica: 0, incarnation: 0, chunk, part: 0, isLast: true, bytes: [1], exhausted: false });
    expect(read(0)).toContainEqual({ kind: "run", stage: 0, replica: 0, chunk: 2, part: 0, to: [1] });
    expect(scheduler.handle({ kind: "unload", stage: 1 })).toEqual([]);
    expect(scheduler.replicas()[1].active).toBe(1);
    read(1);
    expect(read(2)).toContainEqual({ kind: "run", stage: 1, replica: 1, chunk: 2, part: 0, to: [0] });
    const left = scheduler.handle({ kind: "done", stage: 1, replica: 1, incarnation: 0, chunk: 2, part: 0, isLast: true, bytes: [1], exhausted: false });
    expect(left).toContainEqual({ kind: "retire", stage: 1, replica: 1 });
  });

  it("that have a place after others are not taken for those: what the others say is dropped", () => {
    const scheduler = createScheduler(chain());
    loadAll(scheduler, chain());
    scheduler.handle({ kind: "load", stage: 1 });
    scheduler.handle({ kind: "loaded", stage: 1, replica: 1, incarnation: 0 });
    expect(scheduler.handle({ kind: "unload", stage: 1 })).toContainEqual({ kind: "retire", stage: 1, replica: 1 });
    expect(scheduler.handle({ kind: "load", stage: 1 })).toContainEqual({ kind: "load", stage: 1, replica: 1, incarnation: 1 });
    scheduler.handle({ kind: "loaded", stage: 1, replica: 1, incarnation: 0 });
    expect(scheduler.replicas()[1]).toMatchObject({ active: 1, loading: 1 });
    scheduler.handle({ kind: "loaded", stage: 1, replica: 1, incarnation: 1 });
    expect(scheduler.replicas()[1]).toMatchObject({ active: 2, loading: 0 });
    const done = (stage: number, replica: number, incarnation: number, chunk: number): readonly SchedulerCommand[] => scheduler.handle({ kind: "done", stage, replica, incarnation, chunk, part: 0, isLast: true, bytes: [1], exhausted: false });
    // Chunks 0 and 1 were promised while there was one worker.
    for (const chunk of [0, 1]) done(0, 0, 0, chunk);
    expect(done(0, 0, 0, 2)).toContainEqual({ kind: "run", stage: 1, replica: 1, chunk: 2, part: 0, to: [0] });
    done(1, 1, 0, 2);
    expect(scheduler.done(1)).toBe(0);
    done(1, 1, 1, 2);
    expect(scheduler.done(1)).toBe(1);
  });
});

describe("core tokens", () => {
  const [, work] = chain().stages;
  const near: StageNode = { ...work, id: 2, label: "near the sink", cores: 2, replicas: 1, replicasMax: 1 };
  const far: StageNode = { ...work, id: 1, label: "far from it", cores: 1, replicasMax: 2 };
  const brief: StageNode = { ...near, id: 3, label: "brief", cores: 1 };

  function tokensOf(total: number, order: readonly StageNode[], serviceMs: readonly number[] = []) {
    const tokens = createCoreTokens(total, order, ({ replicasMax }) => replicasMax);
    serviceMs.forEach((ms, index) => tokens.noteService(order[index], ms));
    return tokens;
  }

  it("are never more than there are cores, and come back", () => {
    const tokens = tokensOf(2, [near, far]);
    expect([tokens.take(far, false), tokens.take(far, false), tokens.take(far, false), tokens.free()]).toEqual([true, true, false, 0]);
    tokens.giveBack(far);
    expect(tokens.take(far, false)).toBe(true);
  });

  it("are kept in the end for a stage that needs several at once", () => {
    const tokens = tokensOf(2, [near, far]);
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

  it("are kept at once for a stage whose last one is about to come back, and not where that takes longer", () => {
    const tokens = tokensOf(2, [brief, near, far], [60, 200, 70]);
    expect([tokens.take(brief, false), tokens.take(near, false), tokens.take(far, false)]).toEqual([true, false, false]);
    tokens.giveBack(brief);
    expect(tokens.take(near, false)).toBe(true);
    tokens.giveBack(near);
    expect([tokens.take(far, false), tokens.take(near, false), tokens.take(far, false)]).toEqual([true, false, true]);
    tokens.giveBack(far);
    tokens.giveBack(far);
    // Where the nearest takes long, others go on meanwhile.
    for (let time = 0; time < 50; time++) tokens.noteService(brief, 100);
    expect([tokens.take(brief, false), tokens.take(near, false), tokens.take(far, false)]).toEqual([true, false, true]);
  });

  it("are one more, once, for a stage that is quick beside one behind it", () => {
    const tokens = tokensOf(2, [brief, far], [4, 50]);
    expect([tokens.take(far, false), tokens.take(far, false), tokens.take(far, false)]).toEqual([true, true, false]);
    expect([tokens.take(brief, false), tokens.free()]).toEqual([true, -1]);
    // Whoever of the slow ones is done begins again beside it, and no other with it.
    tokens.giveBack(far);
    expect([tokens.take(far, false), tokens.take(far, false), tokens.take(brief, false)]).toEqual([true, false, false]);
    tokens.giveBack(brief);
    expect([tokens.take(far, false), tokens.free()]).toEqual([false, 0]);
  });

  it("are no more for a stage that is not, needs several cores, comes before the slow one, or is of another region", () => {
    for (const [order, serviceMs] of [
      [[brief, far], [9, 20]],
      [[brief, far], [20, 500]],
      [[near, far], [4, 50]],
      [[far, brief], [50, 4]],
      [[{ ...brief, region: 1 }, far], [4, 50]],
    ] as const) {
      const tokens = tokensOf(2, order, serviceMs);
      const other = order[order[0] === far ? 1 : 0];
      expect([tokens.take(far, false), tokens.take(far, false), tokens.take(other, false)]).toEqual([true, true, false]);
    }
  });

  it("go to nobody ahead where there are not enough for all but the quick", () => {
    const scarce = tokensOf(2, [near, far]);
    expect([scarce.take(far, false), scarce.take(far, true), scarce.mayGoOn(far)]).toEqual([true, false, false]);
    const plenty = tokensOf(4, [near, far]);
    expect([plenty.take(far, false), plenty.take(far, true), plenty.mayGoOn(far)]).toEqual([true, true, true]);
    const besideQuick = tokensOf(2, [brief, far], [4, 50]);
    expect([besideQuick.take(far, false), besideQuick.take(far, true)]).toEqual([true, true]);
  });
});

describe("chunks in parts", () => {
  /** Read, cut, work on parts with up to two workers, put them together, write. */
  function inParts(capacity = 4): Topology {
    const one = { replicas: 1, replicasMin: 1, replicasMax: 1, cores: 0 };
    const edge = { bytesMax: Infinity, holdsTickets: false, inParts: true };
    return {
      cores: 4,
      stages: [
        { ...base, ...one, id: 0, label: "read", ordered: true, isSource: true, ins: [], outs: [0] },
        { ...base, ...one, id: 1, label: "cut", cutsParts: true, ins: [0], outs: [1] },
        { ...base, ...one, id: 2, label: "work", takesParts: true, replicasMax: 2, ins: [1], outs: [2] },
        { ...base, ...one, id: 3, label: "join", ins: [2], outs: [3] },
      ],
      edges: [
        { ...edge, id: 0, fromStage: 0, to: { kind: "stage", stage: 1 }, capacity: 6, inParts: false },
        { ...edge, id: 1, fromStage: 1, to: { kind: "stage", stage: 2 }, capacity },
        { ...edge, id: 2, fromStage: 2, to: { kind: "stage", stage: 3 }, capacity: 5, holdsTickets: true },
        { ...edge, id: 3, fromStage: 3, to: { kind: "sink", sink: 0 }, capacity: 4, holdsTickets: true, inParts: false },
      ],
      sinks: [{ id: 0, edge: 3, region: 0 }],
      regions: [{ id: 0, source: 0, tickets: 4, groupChunks: 4, sinks: [0] }],
    };
  }

  const partsRun = (commands: readonly SchedulerCommand[], stage: number): readonly string[] => commands.flatMap((command) => (command.kind === "run" && command.stage === stage ? [`${command.chunk}.${command.part}`] : []));
  const done = (stage: number, chunk: number, part: number, isLast: boolean) => ({ kind: "done", stage, replica: 0, incarnation: 0, chunk, part, isLast, bytes: part === BEGINNING ? [] : [1], exhausted: false }) as const;

  /** With chunk 0 taken in by the stage that cuts. */
  function opened(capacity?: number): Scheduler {
    const scheduler = createScheduler(inParts(capacity));
    loadAll(scheduler, inParts(capacity));
    expect(partsRun(scheduler.handle(done(0, 0, 0, true)), 1)).toEqual(["0.-1"]);
    return scheduler;
  }

  it("are taken in before anybody is promised their parts, and given one after the other before the next chunk is begun", () => {
    const scheduler = opened();
    expect(partsRun(scheduler.handle(done(0, 1, 0, true)), 1)).toEqual([]);
    expect(scheduler.edgeFill()[1].held).toBe(0);
    expect(partsRun(scheduler.handle(done(1, 0, BEGINNING, false)), 1)).toEqual(["0.0"]);
    const first = scheduler.handle(done(1, 0, 0, false));
    expect([partsRun(first, 1), partsRun(first, 2)]).toEqual([["0.1"], ["0.0"]]);
    expect(partsRun(scheduler.handle(done(1, 0, 1, true)), 1)).toEqual(["1.-1"]);
    // The worker is told of one part ahead.
    expect(partsRun(scheduler.handle(done(2, 0, 0, false)), 3)).toEqual([]);
    expect(partsRun(scheduler.handle(done(2, 0, 1, true)), 3)).toEqual(["0.0"]);
    expect(scheduler.done(1)).toBe(1);
  });

  it("wait for room for the next part, not for all of them", () => {
    const scheduler = opened(2);
    scheduler.handle(done(1, 0, BEGINNING, false));
    expect(partsRun(scheduler.handle(done(1, 0, 0, false)), 1)).toEqual(["0.1"]);
    expect(partsRun(scheduler.handle(done(1, 0, 1, false)), 1)).toEqual([]);
    expect(scheduler.edgeFill()[1]).toEqual({ held: 2, capacity: 2, bytes: 2 });
    expect(partsRun(scheduler.handle(done(2, 0, 0, false)), 1)).toEqual(["0.2"]);
    // Where they come together they take one place.
    expect(scheduler.edgeFill()[2]).toMatchObject({ held: 1, bytes: 1 });
  });

  it("of one chunk go to one worker, and a new worker gets the next chunk although the other's parts wait", () => {
    const scheduler = opened(4);
    scheduler.handle(done(0, 1, 0, true));
    scheduler.handle(done(1, 0, BEGINNING, false));
    for (const part of [0, 1]) scheduler.handle(done(1, 0, part, false));
    scheduler.handle({ kind: "load", stage: 2 });
    scheduler.handle({ kind: "loaded", stage: 2, replica: 1, incarnation: 0 });
    scheduler.handle(done(1, 0, 2, true));
    const commands = scheduler.handle(done(1, 1, BEGINNING, false));
    expect(commands).toContainEqual({ kind: "run", stage: 1, replica: 0, chunk: 1, part: 0, to: [1] });
  });
});
