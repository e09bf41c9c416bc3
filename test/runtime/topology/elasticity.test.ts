/** What elasticity measures, what it leaves out, and what it says of its decisions. */
import { describe, expect, it } from "vitest";
import { createRunLog } from "../../../runtime/telemetry/run-event.ts";
import type { RunEvent } from "../../../runtime/telemetry/run-event.ts";
import { createElasticity } from "../../../runtime/topology/elasticity.ts";
import type { Elasticity } from "../../../runtime/topology/elasticity.ts";
import { createScheduler } from "../../../runtime/topology/scheduler.ts";
import type { Scheduler } from "../../../runtime/topology/scheduler.ts";
import { createServiceMeter } from "../../../runtime/topology/service-meter.ts";
import type { StageNode, Topology } from "../../../runtime/topology/topology.ts";
import { loadAll } from "../../support/load-all.ts";

const base = { ordered: false, isSource: false, takesParts: false, cutsParts: false, region: 0, replicas: 1, replicasMin: 1, replicasMax: 1, cores: 0, mayWait: false };

function topologyOf(own: Partial<StageNode>): Topology {
  return {
    cores: 4,
    stages: [
      { ...base, id: 0, label: "read", ordered: true, isSource: true, ins: [], outs: [0] },
      { ...base, id: 1, label: "infer", ins: [0], outs: [1], ...own },
    ],
    edges: [
      { id: 0, fromStage: 0, to: { kind: "stage", stage: 1 }, capacity: 6, bytesMax: Infinity, holdsTickets: false, inParts: false },
      { id: 1, fromStage: 1, to: { kind: "sink", sink: 0 }, capacity: 12, bytesMax: Infinity, holdsTickets: true, inParts: false },
    ],
    sinks: [{ id: 0, edge: 1, region: 0 }],
    regions: [{ id: 0, source: 0, tickets: 12, groupChunks: 4, sinks: [0] }],
  };
}

/** Another stage with a range before it. */
function afterDecoding({ stages: [read, infer], edges: [first, last], ...rest }: Topology): Topology {
  const decode: StageNode = { ...infer, label: "decode", replicasMax: 2 };
  return { ...rest, stages: [read, decode, { ...infer, id: 2, ins: [1], outs: [2] }], edges: [first, { ...first, id: 1, fromStage: 1, to: { kind: "stage", stage: 2 } }, { ...last, id: 2, fromStage: 2 }], sinks: [{ id: 0, edge: 2, region: 0 }] };
}

/** The same once more, as a region of its own. */
function twice({ cores, stages, edges, sinks, regions }: Topology): Topology {
  return {
    cores,
    stages: [...stages, ...stages.map((stage) => ({ ...stage, id: stage.id + 2, region: 1, ins: stage.ins.map((edge) => edge + 2), outs: stage.outs.map((edge) => edge + 2) }))],
    edges: [...edges, ...edges.map((edge) => ({ ...edge, id: edge.id + 2, fromStage: edge.fromStage + 2, to: edge.to.kind === "stage" ? ({ kind: "stage", stage: edge.to.stage + 2 } as const) : ({ kind: "sink", sink: 1 } as const) }))],
    sinks: [...sinks, { id: 1, edge: 3, region: 1 }],
    regions: [...regions, ...regions.map((region) => ({ ...region, id: 1, source: 2, sinks: [1] }))],
  };
}

const whole = { stage: 1, replica: 0, rows: 32, busyMs: 100, computeMs: 100, isLast: true };

interface Tried {
  readonly scheduler: Scheduler;
  readonly elasticity: Elasticity | undefined;
  readonly events: readonly RunEvent[];
}

function open(own: Partial<StageNode>): Tried {
  return openWith(topologyOf(own), 100);
}

function openWith(topology: Topology, freeBytes: number, mayAdd: (stage: number) => boolean = () => true): Tried {
  const events: RunEvent[] = [];
  const scheduler = createScheduler(topology);
  loadAll(scheduler, topology);
  const elasticity = createElasticity({
    topology,
    scheduler,
    batchesOf: (_stage, rows) => Math.ceil(rows / 8),
    replicaBytes: () => 1,
    freeBytes: () => freeBytes,
    mayAdd,
    chunks: () => 500,
    log: createRunLog((event) => events.push(event)),
  });
  return { scheduler, elasticity, events };
}

describe("elasticity", () => {
  it("is nothing where no stage has a range", () => {
    expect(open({}).elasticity).toBeUndefined();
  });

  it("waits for 20 batches after a worker's first chunk, then says what it does and why", () => {
    const { elasticity, events } = open({ replicasMax: 3 });
    if (elasticity === undefined) throw new Error("the stage has a range");
    elasticity.loaded(1, 0, 50);
    // 32 rows are 4 batches. The first chunk took long, and does not count.
    elasticity.partDone({ ...whole, chunk: 0, busyMs: 9000 });
    for (let chunk = 1; chunk < 5; chunk++) elasticity.partDone({ ...whole, chunk });
    expect(elasticity.decide(1000)).toEqual([]);
    // The last one comes in parts.
    elasticity.partDone({ ...whole, chunk: 5, rows: 30, busyMs: 70, isLast: false });
    expect(elasticity.decide(1000)).toEqual([]);
    elasticity.partDone({ ...whole, chunk: 5, rows: 2, busyMs: 30 });
    expect(elasticity.decide(1100)).toEqual([{ kind: "load", stage: 1 }, { kind: "load", stage: 1 }]);
    const [first, last] = [events[0], events.at(-1)];
    expect(first).toMatchObject({ kind: "decision", from: 1, to: 1, reason: expect.stringContaining("fewer than 20 batches") });
    expect(last).toMatchObject({ kind: "decision", stage: 1, from: 1, to: 3, figures: { serviceMs: 100 } });
    expect(last?.atMs).toBeGreaterThanOrEqual(0);
    // What was measured held for one worker.
    expect(elasticity.decide(99_000)).toEqual([]);
  });

  it("does not wait for a stage that gets no rows", () => {
    const { elasticity } = openWith(afterDecoding(topologyOf({ replicasMax: 3 })), 100);
    for (let chunk = 0; chunk < 30; chunk++) {
      elasticity?.partDone({ ...whole, chunk });
      elasticity?.partDone({ ...whole, stage: 2, rows: 0, busyMs: 0, computeMs: 0, chunk });
    }
    expect(elasticity?.decide(1000)).toEqual([{ kind: "load", stage: 1 }]);
  });

  it("changes nothing, and says nothing, while workers load", () => {
    const { scheduler, elasticity, events } = open({ replicasMax: 3 });
    elasticity?.partDone({ ...whole, chunk: 9 });
    scheduler.handle({ kind: "load", stage: 1 });
    for (let chunk = 0; chunk < 9; chunk++) elasticity?.partDone({ ...whole, chunk });
    expect(elasticity?.decide(1000)).toEqual([]);
    expect(events).toEqual([]);
    scheduler.handle({ kind: "loaded", stage: 1, replica: 1, incarnation: 0 });
    expect(elasticity?.decide(1000)).toEqual([{ kind: "load", stage: 1 }]);
  });

  it("adds nobody, and takes nobody away for it, where a model's file was replaced, and says so once", () => {
    let isReplaced = false;
    const { elasticity, events } = openWith(topologyOf({ replicas: 2, replicasMax: 3 }), 100, () => !isReplaced);
    for (const replica of [0, 1]) for (let chunk = 0; chunk < 9; chunk++) elasticity?.partDone({ ...whole, replica, chunk });
    isReplaced = true;
    for (const nowMs of [1000, 1001]) expect(elasticity?.decide(nowMs)).toEqual([]);
    expect(events).toMatchObject([{ kind: "decision", stage: 1, from: 2, to: 2, reason: expect.stringContaining("was replaced") }]);
    isReplaced = false;
    expect(elasticity?.decide(1002)).toEqual([{ kind: "load", stage: 1 }]);
  });

  it("names the stage whose model's file was replaced, not another that has a range", () => {
    const { elasticity, events } = openWith(afterDecoding(topologyOf({ replicasMax: 3 })), 100, (stage) => stage !== 2);
    elasticity?.decide(1000);
    expect(events).toMatchObject([{ kind: "decision", stage: 2, reason: expect.stringContaining("was replaced") }]);
  });

  it("gives the memory there is once, where several regions want it at one moment", () => {
    const decisionsWith = (freeBytes: number) => {
      const { elasticity } = openWith(twice(topologyOf({ replicasMax: 2 })), freeBytes);
      for (const stage of [1, 3]) for (let chunk = 0; chunk < 9; chunk++) elasticity?.partDone({ ...whole, stage, chunk });
      return elasticity?.decide(1000);
    };
    expect(decisionsWith(2)).toEqual([{ kind: "load", stage: 1 }, { kind: "load", stage: 3 }]);
    expect(decisionsWith(1)).toEqual([{ kind: "load", stage: 1 }]);
  });

  it("loads no more workers of what waits some of the time than keep the cores busy", () => {
    const loadedWhere = (computeMs: number): number => {
      const { elasticity } = open({ replicasMax: 16, mayWait: true });
      for (let chunk = 0; chunk < 9; chunk++) elasticity?.partDone({ ...whole, chunk, computeMs: 0.7 * computeMs, busyMs: 70, isLast: false });
      for (let chunk = 0; chunk < 9; chunk++) elasticity?.partDone({ ...whole, chunk, computeMs: 0.3 * computeMs, busyMs: 30 });
      return elasticity?.decide(1000).length ?? 0;
    };
    // Of four cores.
    expect(loadedWhere(100)).toBe(3);
    expect(loadedWhere(50)).toBe(7);
    expect(loadedWhere(0)).toBe(15);
  });

  it("says once why it changes nothing, though reasons take turns, until it has changed something", () => {
    let isReplaced = false;
    const { scheduler, elasticity, events } = openWith(topologyOf({ replicasMax: 3 }), 100, () => !isReplaced);
    for (let turn = 0; turn < 6; turn++) {
      isReplaced = turn % 2 === 1;
      elasticity?.decide(1000 + turn);
    }
    expect(events).toHaveLength(2);
    isReplaced = false;
    for (let chunk = 0; chunk < 9; chunk++) elasticity?.partDone({ ...whole, chunk });
    expect(elasticity?.decide(2000)).toHaveLength(2);
    for (const replica of [1, 2]) scheduler.handle({ kind: "loaded", stage: 1, replica, incarnation: 0 });
    isReplaced = true;
    elasticity?.decide(3000);
    expect(events.slice(2)).toMatchObject([{ to: 3 }, { from: 1, to: 1, reason: expect.stringContaining("was replaced") }]);
  });

  it("changes nothing while the run drains", () => {
    const { elasticity } = open({ replicasMax: 3 });
    for (let chunk = 0; chunk < 9; chunk++) elasticity?.partDone({ ...whole, chunk });
    elasticity?.stop();
    expect(elasticity?.decide(1000)).toEqual([]);
  });
});

it("a service meter looks at the latest chunks, and keeps its last mean until there is another", () => {
  const meter = createServiceMeter();
  for (let chunk = 0; chunk < 64; chunk++) meter.add(10, 2);
  for (let chunk = 0; chunk < 32; chunk++) meter.add(30, 2);
  expect([meter.meanMs(), meter.batches()]).toEqual([20, 128]);
  meter.reset();
  expect([meter.meanMs(), meter.batches()]).toEqual([20, 0]);
  meter.add(5, 1);
  expect([meter.meanMs(), meter.batches()]).toEqual([5, 1]);
});
