/**
 * Measures the stages of a run that may change their number of workers, and asks `decideReplicas` after every chunk.
 * No threads, no clock: whoever drives it says what time it is.
 */
import type { RunLog } from "../telemetry/run-event.ts";
import { decideReplicas } from "./decide-replicas.ts";
import type { Change, Situation, StageLoad } from "./decide-replicas.ts";
import { createServiceMeter } from "./service-meter.ts";
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
}

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

/** Undefined where no stage has a range. */
export function createElasticity(options: ElasticityOptions): Elasticity | undefined {
  const { topology } = options;
  if (!topology.stages.some(({ replicasMin, replicasMax }) => replicasMin < replicasMax)) return undefined;
  // By region, since they are gone through after every chunk.
  const working = topology.regions.map(({ id }) => topology.stages.filter((stage) => stage.region === id && !stage.isSource));
  const elastic = working.map((stages) => stages.filter(({ replicasMin, replicasMax }) => replicasMin < replicasMax));
  const stageMeters = topology.stages.map(() => createServiceMeter());
  const sinkMeters = topology.sinks.map(() => createServiceMeter());
  const loadMs = topology.stages.map(() => 0);
  const changes = new Map<number, Change>();
  /** By stage: workers that have done their first chunk, which warms them up. */
  const warm = topology.stages.map(() => new Set<number>());
  /** By stage and chunk: what the parts of chunks that are under way took so far. */
  const underWay = topology.stages.map(() => new Map<number, { readonly rows: number; readonly busyMs: number }>());
  const saidOfRegion = new Map<number, string>();
  let stopped = false;

  const situationOf = (region: number, nowMs: number, replicas: ReturnType<Scheduler["replicas"]>, freeBytes: number): Situation => {
    const stages = working[region].filter(({ id }) => !replicas[id].hasEnded);
    const chunks = options.chunks(region);
    const leftOf = (stage: number): number => Math.max(0, chunks - options.scheduler.done(stage));
    const loadOf = (stage: StageNode): StageLoad => ({
      stage: stage.id,
      label: stage.label,
      active: replicas[stage.id].active,
      min: stage.replicasMin,
      max: stage.replicasMax,
      cores: stage.cores,
      serviceMs: stageMeters[stage.id].meanMs(),
      batches: stageMeters[stage.id].batches(),
      loadMs: loadMs[stage.id],
      replicaBytes: options.replicaBytes(stage.id),
      chunksLeft: leftOf(stage.id),
      lastChange: changes.get(stage.id),
    });
    const { source, sinks } = topology.regions[region];
    const fixed = [
      { label: topology.stages[source].label, serviceMs: stageMeters[source].meanMs(), chunksLeft: leftOf(source) },
      ...sinks.map((sink) => ({ label: `sink ${sink + 1}`, serviceMs: sinkMeters[sink].meanMs(), chunksLeft: leftOf(topology.edges[topology.sinks[sink].edge].fromStage) })),
    ];
    return { nowMs, stages: stages.map(loadOf), fixed, cores: topology.cores, freeBytes };
  };

  const decideRegion = (region: number, nowMs: number, replicas: ReturnType<Scheduler["replicas"]>, freeBytes: number): readonly SchedulerEvent[] => {
    const situation = situationOf(region, nowMs, replicas, freeBytes);
    const decided = decideReplicas(situation);
    const events: SchedulerEvent[] = [];
    for (const { stage, from, to, reason, figures } of decided.changes) {
      options.log({ kind: "decision", stage, from, to, reason, figures });
      changes.set(stage, { atMs: nowMs, isMore: to > from, serviceMs: stageMeters[stage].meanMs() });
      for (let count = from; count !== to; count += Math.sign(to - from)) events.push({ kind: to > from ? "load" : "unload", stage });
    }
    // What was measured held for the workers there were.
    if (events.length > 0) for (const { stage } of situation.stages) stageMeters[stage].reset();
    else sayWhyNot(region, decided.reason, situation);
    return events;
  };

  /** Once for each reason: it stays the same for many chunks. */
  const sayWhyNot = (region: number, reason: string, situation: Situation): void => {
    if (saidOfRegion.get(region) === reason) return;
    saidOfRegion.set(region, reason);
    const elastic = situation.stages.find(({ min, max }) => min < max);
    if (elastic !== undefined) options.log({ kind: "decision", stage: elastic.stage, from: elastic.active, to: elastic.active, reason, figures: { chunksLeft: elastic.chunksLeft, serviceMs: elastic.serviceMs } });
  };

  return {
    partDone: ({ stage, replica, chunk, isLast, ...part }) => {
      const parts = underWay[stage].get(chunk) ?? { rows: 0, busyMs: 0 };
      const sum = { rows: parts.rows + part.rows, busyMs: parts.busyMs + part.busyMs };
      if (!isLast) return void underWay[stage].set(chunk, sum);
      underWay[stage].delete(chunk);
      if (warm[stage].has(replica)) stageMeters[stage].add(sum.busyMs, options.batchesOf(stage, sum.rows));
      warm[stage].add(replica);
    },
    sinkDone: (sink, busyMs) => sinkMeters[sink].add(busyMs, 1),
    loaded: (stage, replica, ms) => {
      warm[stage].delete(replica);
      loadMs[stage] = Math.max(loadMs[stage], ms);
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
