/**
 * Measures the stages of a run that may change their number of workers, and asks `decideReplicas` after every chunk.
 * No threads, no clock: whoever drives it says what time it is.
 */
import type { RunLog } from "../telemetry/run-event.ts";
import { decideReplicas } from "./decide-replicas.ts";
import type { FixedLoad, Situation, StageLoad } from "./decide-replicas.ts";
import { createServiceMeter } from "./service-meter.ts";
import type { ServiceMeter } from "./service-meter.ts";
import type { Scheduler, SchedulerEvent } from "./scheduler.ts";
import type { StageNode, Topology } from "./topology.ts";

export interface ElasticityOptions {
  readonly topology: Topology;
  readonly scheduler: Scheduler;
  /** Calls that a stage makes for a chunk of so many rows. */
  readonly batchesOf: (stage: number, rows: number) => number;
  /** What another worker of the stage would hold. */
  readonly replicaBytes: (stage: number) => number;
  readonly freeBytes: () => number;
  /** Whether another worker of the stage would compute what those there are do. */
  readonly mayAdd: (stage: number) => boolean;
  /** Chunks of the region in this run, as far as is known. */
  readonly chunks: (region: number) => number;
  readonly log: RunLog;
}

/** One part of a chunk, or all of it, at one stage. */
export interface PartDone {
  readonly stage: number;
  readonly replica: number;
  readonly chunk: number;
  readonly isLast: boolean;
  readonly rows: number;
  readonly busyMs: number;
  /** Of `busyMs`, what the worker's thread was at work and not waiting. */
  readonly computeMs: number;
}

/** Some parts of a chunk together. */
type PartsDone = Pick<PartDone, "rows" | "busyMs" | "computeMs">;

export interface Elasticity {
  readonly partDone: (done: PartDone) => void;
  readonly sinkDone: (sink: number, busyMs: number) => void;
  /** A worker of the stage is ready, so long after it was started. */
  readonly loaded: (stage: number, replica: number, loadMs: number) => void;
  /** Nothing is changed any more: the run drains. */
  readonly stop: () => void;
  /** What the scheduler is to be told. */
  readonly decide: (nowMs: number) => readonly SchedulerEvent[];
}

const REPLACED = "its model's file was replaced: another worker would compute with another model than those there are";

type Kept<Load> = { -readonly [Key in keyof Load]: Load[Key] };

/** A source or a sink, and the stage whose chunks it has yet to see. */
interface MeasuredLoad {
  readonly load: Kept<FixedLoad>;
  readonly meter: ServiceMeter;
  readonly stage: number;
}

function loadOf({ id, label, replicasMin, replicasMax, cores }: StageNode): Kept<StageLoad> {
  return { stage: id, label, active: 0, min: replicasMin, max: replicasMax, cores, serviceMs: 0, batches: 0, loadMs: 0, replicaBytes: 0, chunksLeft: 0, lastChange: undefined };
}

/** Undefined where no stage has a range. */
export function createElasticity(options: ElasticityOptions): Elasticity | undefined {
  const { topology } = options;
  if (!topology.stages.some(({ replicasMin, replicasMax }) => replicasMin < replicasMax)) return undefined;
  // By region, since they are gone through after every chunk.
  const working = topology.regions.map(({ id }) => topology.stages.filter((stage) => stage.region === id && !stage.isSource));
  const elastic = working.map((stages) => stages.filter(({ replicasMin, replicasMax }) => replicasMin < replicasMax));
  const stageMeters = topology.stages.map(() => createServiceMeter());
  /** Of those that may wait: what their workers compute. */
  const computeMeters = topology.stages.map(({ mayWait }) => (mayWait ? createServiceMeter() : undefined));
  const sinkMeters = topology.sinks.map(() => createServiceMeter());
  /** By stage: workers that have done their first chunk, which warms them up. */
  const warm = topology.stages.map(() => new Set<number>());
  /** By stage and chunk: what the parts of chunks that are under way took so far. */
  const underWay = topology.stages.map(() => new Map<number, PartsDone>());
  /** By region: why nothing was changed, since something last was. */
  const saidOfRegion = topology.regions.map(() => new Set<string>());
  let stopped = false;

  // They are asked for after every chunk, and most of what they say never changes: kept, and brought up to date.
  const stageLoads = topology.stages.map(loadOf);
  const fixedLoads = topology.regions.map(({ source, sinks }): readonly MeasuredLoad[] => [
    { load: { label: topology.stages[source].label, serviceMs: 0, chunksLeft: 0 }, meter: stageMeters[source], stage: source },
    ...sinks.map((sink) => ({ load: { label: `sink ${sink + 1}`, serviceMs: 0, chunksLeft: 0 }, meter: sinkMeters[sink], stage: topology.edges[topology.sinks[sink].edge].fromStage })),
  ]);

  /** Cores that a worker keeps busy. */
  const coresOf = (stage: number): number => {
    const [compute, serviceMs] = [computeMeters[stage], stageMeters[stage].meanMs()];
    return compute === undefined || serviceMs === 0 ? topology.stages[stage].cores : compute.meanMs() / serviceMs;
  };

  const situationOf = (region: number, nowMs: number, replicas: ReturnType<Scheduler["replicas"]>, freeBytes: number): Situation => {
    const chunks = options.chunks(region);
    const leftOf = (stage: number): number => Math.max(0, chunks - options.scheduler.done(stage));
    const stages: StageLoad[] = [];
    for (const { id } of working[region]) {
      if (replicas[id].hasEnded) continue;
      const load = stageLoads[id];
      load.active = replicas[id].active;
      load.max = options.mayAdd(id) ? topology.stages[id].replicasMax : load.active;
      load.serviceMs = stageMeters[id].meanMs();
      load.cores = coresOf(id);
      load.batches = stageMeters[id].batches();
      load.replicaBytes = options.replicaBytes(id);
      load.chunksLeft = leftOf(id);
      stages.push(load);
    }
    const fixed: FixedLoad[] = [];
    for (const { load, meter, stage } of fixedLoads[region]) {
      load.serviceMs = meter.meanMs();
      load.chunksLeft = leftOf(stage);
      fixed.push(load);
    }
    return { nowMs, stages, fixed, cores: topology.cores, freeBytes };
  };

  const decideRegion = (region: number, nowMs: number, replicas: ReturnType<Scheduler["replicas"]>, freeBytes: number): readonly SchedulerEvent[] => {
    const situation = situationOf(region, nowMs, replicas, freeBytes);
    const decided = decideReplicas(situation);
    const events: SchedulerEvent[] = [];
    for (const { stage, from, to, reason, figures } of decided.changes) {
      options.log({ kind: "decision", stage, from, to, reason, figures });
      stageLoads[stage].lastChange = { atMs: nowMs, isMore: to > from, serviceMs: stageMeters[stage].meanMs() };
      for (let count = from; count !== to; count += Math.sign(to - from)) events.push({ kind: to > from ? "load" : "unload", stage });
    }
    if (events.length === 0) {
      sayWhyNot(region, decided.reason, situation);
      return events;
    }
    // What was measured held for the workers there were.
    for (const { stage } of situation.stages) resetMeters(stage);
    saidOfRegion[region].clear();
    return events;
  };

  const addToMeters = (stage: number, { rows, busyMs, computeMs }: PartsDone): void => {
    // A stage that gets no rows is measured, too: all others would wait for it.
    const batches = Math.max(1, options.batchesOf(stage, rows));
    stageMeters[stage].add(busyMs, batches);
    computeMeters[stage]?.add(computeMs, batches);
  };

  const resetMeters = (stage: number): void => {
    stageMeters[stage].reset();
    computeMeters[stage]?.reset();
  };

  /** Once for each reason: they stay for many chunks, or take turns. */
  const sayWhyNot = (region: number, whyNot: string, { stages }: Situation): void => {
    const held = stages.find(({ stage, max }) => max < topology.stages[stage].replicasMax);
    const [elastic, reason] = held === undefined ? [stages.find(({ min, max }) => min < max), whyNot] : [held, REPLACED];
    if (saidOfRegion[region].has(reason)) return;
    saidOfRegion[region].add(reason);
    if (elastic !== undefined) options.log({ kind: "decision", stage: elastic.stage, from: elastic.active, to: elastic.active, reason, figures: { chunksLeft: elastic.chunksLeft, serviceMs: elastic.serviceMs } });
  };

  return {
    partDone: ({ stage, replica, chunk, isLast, rows, busyMs, computeMs }) => {
      const part = { rows, busyMs, computeMs };
      const before = underWay[stage].get(chunk);
      const sum = before === undefined ? part : { rows: before.rows + rows, busyMs: before.busyMs + busyMs, computeMs: before.computeMs + computeMs };
      if (!isLast) return void underWay[stage].set(chunk, sum);
      if (before !== undefined) underWay[stage].delete(chunk);
      if (warm[stage].has(replica)) addToMeters(stage, sum);
      warm[stage].add(replica);
    },
    sinkDone: (sink, busyMs) => sinkMeters[sink].add(busyMs, 1),
    loaded: (stage, replica, ms) => {
      warm[stage].delete(replica);
      stageLoads[stage].loadMs = Math.max(stageLoads[stage].loadMs, ms);
    },
    stop: () => {
      stopped = true;
    },
    decide: (nowMs) => {
      // Nothing is decided while workers load or the run drains.
      if (stopped) return [];
      const replicas = options.scheduler.replicas();
      if (replicas.some(({ loading }) => loading > 0)) return [];
      const events: SchedulerEvent[] = [];
      elastic.forEach((stages, region) => {
        if (stages.every(({ id }) => replicas[id].hasEnded)) return;
        // Memory that another region's new workers will hold does not look taken yet.
        const promised = events.reduce((sum, event) => sum + (event.kind === "load" ? options.replicaBytes(event.stage) : 0), 0);
        events.push(...decideRegion(region, nowMs, replicas, options.freeBytes() - promised));
      });
      return events;
    },
  };
}
