/**
 * Drives the scheduler in fake time: workers that take random times, messages that take random times (in order for each
 * sender, in no order between senders), sinks that put chunks back in order. No threads, no clock; a seed tells all.
 */
import { BEGINNING } from "../../runtime/contract/stage-parts.ts";
import { createScheduler } from "../../runtime/topology/scheduler.ts";
import type { SchedulerCommand, SchedulerEvent } from "../../runtime/topology/scheduler.ts";
import type { Topology } from "../../runtime/topology/topology.ts";
import type { ChunkLoad } from "./planned-graph.ts";
import type { Random } from "./random.ts";

export interface Simulation {
  readonly topology: Topology;
  /** By region. */
  readonly chunks: readonly number[];
  readonly random: Random;
  /** What chunks take; else anything. */
  readonly load?: ChunkLoad;
  /** Sinks that never take anything. */
  readonly blockedSinks?: ReadonlySet<number>;
  /** From which chunk on a stage says it gives no more rows. */
  readonly exhaustedAt?: ReadonlyMap<number, number>;
}

export interface SimulationResult {
  /** Chunks each sink took, in the order it did. */
  readonly taken: readonly (readonly number[])[];
  readonly completed: readonly (readonly number[])[];
  /** Of the completed ones, those from which a row could come to a sink. */
  readonly needed: readonly (readonly number[])[];
  /** Chunks that each region's source was asked for. */
  readonly started: readonly number[];
  /** By stage: the chunks in the order they were done. */
  readonly done: readonly (readonly number[])[];
  readonly isFinished: boolean;
  /** The most chunks in flight at once, by region. */
  readonly mostInFlight: readonly number[];
  readonly verifyIdle: () => void;
}

interface Ended {
  readonly stage: number;
  readonly replica: number;
  readonly chunk: number;
  readonly part: number;
  readonly isLast: boolean;
  readonly to: readonly number[];
  readonly busyMs: number;
}

/** Parts that a stage which cuts makes of a chunk. */
function partsOf(stage: number, chunk: number): number {
  return 1 + ((stage * 5 + chunk * 3) % 7);
}

/** Moments after which each worker is there. */
const OPENING_MAX = 60;

/** Moments without anything that are counted through one by one. */
const SKIPS_MAX = 64;

/** Runs until nothing happens any more. */
export function simulate(simulation: Simulation): SimulationResult {
  const { topology, random, load } = simulation;
  const scheduler = createScheduler(topology);
  // Times are whole numbers: what is due at each, in the order it was put down.
  const agenda = new Map<number, (() => void)[]>();
  let now = 0;
  let pending = 0;
  const later = (at: number, act: () => void): void => {
    const due = agenda.get(at);
    if (due === undefined) agenda.set(at, [act]);
    else due.push(act);
    pending++;
  };
  const lastSent = new Map<string, number>();
  /** Delivers in order for each pair of sender and receiver. */
  const send = (sender: string, act: () => void): void => {
    const at = Math.max(lastSent.get(sender) ?? 0, now + random.integer(5));
    lastSent.set(sender, at);
    later(at, act);
  };

  const workers = new Map<string, { busyUntil: number }>();
  const taken = topology.sinks.map((): number[] => []);
  const waiting = topology.sinks.map(() => new Set<number>());
  const sinkFreeAt = topology.sinks.map(() => 0);
  const completed = topology.regions.map((): number[] => []);
  const needed = topology.regions.map((): number[] => []);
  const started = topology.regions.map(() => 0);
  const done = topology.stages.map((): number[] => []);
  const mostInFlight = topology.regions.map(() => 0);
  /** In-edges that delivered all of a chunk, or the part where the worker takes parts: with whether it is the last. */
  const arrivals = new Map<string, Map<number, boolean>>();
  const nextPart = new Map<string, number>();
  const ended = new Set<number>();

  const tell = (sender: string, event: SchedulerEvent): void => send(sender, () => carryOut(scheduler.handle(event)));

  const carryOut = (commands: readonly SchedulerCommand[]): void => {
    scheduler.inFlight().forEach((count, region) => (mostInFlight[region] = Math.max(mostInFlight[region], count)));
    for (const command of commands) {
      if (command.kind === "completed") {
        completed[command.region].push(command.chunk);
        if (command.isNeeded) needed[command.region].push(command.chunk);
      } else if (command.kind === "run") begin(command);
    }
  };

  /** A worker does what it is told, in order; its inputs must have been sent to it and nowhere else. */
  const begin = ({ stage, replica, chunk, part, to }: Extract<SchedulerCommand, { kind: "run" }>): void => {
    const node = topology.stages[stage];
    const name = `stage ${stage}.${replica}`;
    if (node.isSource) started[node.region]++;
    const inputs = arrivals.get(node.takesParts ? `${name} ${chunk}.${part}` : `${name} ${chunk}`) ?? new Map<number, boolean>();
    if (!node.isSource && inputs.size !== node.ins.length) throw new Error(`${name} was told to do chunk ${chunk} before it was sent`);
    if (part !== (nextPart.get(`${stage} ${chunk}`) ?? (node.cutsParts ? BEGINNING : 0))) throw new Error(`${name} was told to do part ${part} of chunk ${chunk} out of turn`);
    nextPart.set(`${stage} ${chunk}`, part + 1);
    const isLast = node.takesParts ? [...inputs.values()][0] : !node.cutsParts || part === partsOf(stage, chunk) - 1;
    const worker = workers.get(name) ?? { busyUntil: 0 };
    workers.set(name, worker);
    const busyMs = load?.serviceMs(stage, chunk) ?? 1 + random.integer(20);
    worker.busyUntil = Math.max(worker.busyUntil, now) + busyMs;
    later(worker.busyUntil, () => end({ stage, replica, chunk, part, isLast, to, busyMs }));
  };

  const end = ({ stage, replica, chunk, part, isLast, to, busyMs }: Ended): void => {
    const node = topology.stages[stage];
    const name = `stage ${stage}.${replica}`;
    if (node.isSource && chunk >= simulation.chunks[node.region]) {
      if (!ended.has(stage)) tell(name, { kind: "sourceEnd", stage, chunks: chunk });
      ended.add(stage);
      return;
    }
    if (isLast) done[stage].push(chunk);
    const outs = part === BEGINNING ? [] : node.outs;
    outs.forEach((id, index) => {
      const target = topology.edges[id].to;
      const takesParts = target.kind === "stage" && topology.stages[target.stage].takesParts;
      if (!isLast && !takesParts) return;
      if (target.kind === "sink") return void send(`${name} to sink ${target.sink}`, () => arriveAtSink(target.sink, chunk));
      const key = `stage ${target.stage}.${to[index]} ${chunk}${takesParts ? `.${part}` : ""}`;
      arrivals.set(key, (arrivals.get(key) ?? new Map<number, boolean>()).set(id, isLast));
    });
    const exhausted = chunk >= (simulation.exhaustedAt?.get(stage) ?? Infinity);
    tell(name, { kind: "done", stage, replica, incarnation: 0, chunk, part, isLast, bytes: outs.map((edge) => load?.bytes(edge, chunk) ?? random.integer(100)), exhausted, busyMs });
  };

  const arriveAtSink = (sink: number, chunk: number): void => {
    waiting[sink].add(chunk);
    if (simulation.blockedSinks?.has(sink) === true) return;
    while (waiting[sink].delete(taken[sink].length)) {
      const next = taken[sink].length;
      taken[sink].push(next);
      sinkFreeAt[sink] = Math.max(sinkFreeAt[sink], now) + random.integer(10);
      later(sinkFreeAt[sink], () => tell(`sink ${sink}`, { kind: "sinkDone", sink, chunk: next }));
    }
  };

  // Sources too begin when they are there; what comes before others are waits for these.
  for (const { id, replicas } of topology.stages) {
    for (let replica = 0; replica < replicas; replica++) later(random.integer(OPENING_MAX), () => carryOut(scheduler.handle({ kind: "loaded", stage: id, replica, incarnation: 0 })));
  }
  while (pending > 0) {
    // Long services leave gaps: the next moment at which anything is due.
    for (let skipped = 0; !agenda.has(now) && skipped < SKIPS_MAX; skipped++) now++;
    if (!agenda.has(now)) now = Math.min(...agenda.keys());
    const due = agenda.get(now) ?? [];
    // Grows while it is worked through: what is due at once is put at its end.
    for (const act of due) {
      pending--;
      act();
    }
    agenda.delete(now);
  }
  return { taken, completed, needed, started, done, isFinished: scheduler.isFinished(), mostInFlight, verifyIdle: scheduler.verifyIdle };
}
