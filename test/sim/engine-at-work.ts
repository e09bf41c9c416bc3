/**
 * An engine at work in fake time: the scheduler and the elasticity of the real one, workers and sinks that take their
 * time, groups that are committed when all sinks have them, and faults. Whatever it should not do throws.
 */
import type { Flight } from "../../runtime/recovery/flight-recorder.ts";
import type { RunEventBody } from "../../runtime/telemetry/run-event.ts";
import { BEGINNING } from "../../runtime/contract/stage-parts.ts";
import { createElasticity } from "../../runtime/topology/elasticity.ts";
import { createScheduler } from "../../runtime/topology/scheduler.ts";
import type { SchedulerCommand, SchedulerEvent } from "../../runtime/topology/scheduler.ts";
import type { StageNode, Topology } from "../../runtime/topology/topology.ts";
import { createChannel } from "./agenda.ts";
import type { Agenda, Channel } from "./agenda.ts";
import { createBoundsCheck } from "./check-bounds.ts";
import type { Commits } from "./commits.ts";
import type { EngineLife, LifeEnd, LifeReport } from "./engine-life.ts";
import { createWorker, goOn } from "./simulated-worker.ts";
import type { Arrival, SimulatedWorker, Told, WorkerHooks } from "./simulated-worker.ts";
import { HANG_LIMIT_MS, PARTS_MAX } from "./work.ts";
import type { Fault, Poison } from "./work.ts";

/** How the engine as a whole is. */
export interface Vital {
  readonly die: (end: LifeEnd) => void;
  /** Something went wrong that must not. */
  readonly fail: (error: unknown) => void;
  strike: (fault: Fault) => void;
}

/** A worker's place in a stage, with the ways that lead from it. */
interface Place {
  worker: SimulatedWorker | undefined;
  readonly hooks: WorkerHooks;
  /** Between it and the coordinator. */
  readonly said: Channel;
  readonly ordered: Channel;
  /** By out-edge: to each worker (a sink: one) at its end. */
  readonly ways: readonly (readonly Channel[])[];
}

/** Puts everything down on the agenda. Gives what came of it, to be asked when the engine has ended. */
export function startEngine(life: EngineLife, topology: Topology, agenda: Agenda, commits: Commits, vital: Vital): () => Omit<LifeReport, "end" | "endMs"> {
  const { work, integer } = life;
  const { die } = vital;
  const { regions } = commits.state();
  const firstChunks = regions.map(({ chunks }) => chunks);
  const scheduler = createScheduler(topology, { firstChunks, ended: regions.map(({ ended }) => ended) });
  const decisions: (Extract<RunEventBody, { kind: "decision" }> & { atMs: number })[] = [];
  const loaded = { bytes: topology.stages.reduce((sum, { replicas }) => sum + replicas * work.replicaBytes, 0) };
  const elasticity = createElasticity({
    topology,
    scheduler,
    batchesOf: () => work.batches,
    replicaBytes: () => work.replicaBytes,
    freeBytes: () => work.memoryBytes - loaded.bytes,
    mayAdd: () => true,
    chunks: (region) => work.chunks[region] - firstChunks[region],
    log: (event) => {
      if (event.kind === "decision") decisions.push({ atMs: agenda.now(), ...event });
    },
  });
  const sinks = topology.sinks.map(({ region }) => ({ next: firstChunks[region], waiting: new Set<number>(), freeAtMs: 0, said: createChannel() }));
  /** Chunks completed, by region. */
  const through = [...firstChunks];
  const lastInOrder: number[] = [];
  /** By edge and chunk. */
  const nextPart = topology.edges.map(() => new Map<number, number>());
  const state = { coresBusy: 0, coreMs: 0, completed: 0, reloads: 0, faultsUsed: 0, started: false, drainedAtOnce: false, notReady: topology.stages.reduce((sum, { replicas }) => sum + replicas, 0), sourcesNotReady: topology.regions.length };

  const flights = (): readonly Flight[] =>
    places.flatMap((replicas, stage) =>
      replicas.flatMap(({ worker }, replica): Flight[] =>
        worker?.busyWith === undefined || !worker.isAlive || topology.stages[stage].isSource || life.isolated.has(stage) ? [] : [{ kind: "run", stage, replica, step: stage, chunk: worker.busyWith.chunk, split: 0, firstRow: 0, rows: 1, startedMs: agenda.now() }],
      ),
    );
  const tell = (channel: Channel, event: SchedulerEvent): void => agenda.send(channel, work.delayMs(), () => carryOut(scheduler.handle(event)));

  const poisonOf = (stage: number, chunk: number): Poison | undefined => work.poison.find((one) => one.stage === stage && one.chunk === chunk);

  const hooksOf = (stage: StageNode, replica: number): WorkerHooks => ({
    agenda,
    ins: stage.ins.length,
    keyOf: ({ chunk, part }) => (stage.takesParts ? chunk * PARTS_MAX + part : chunk),
    begin: ({ chunk, part }) => {
      if (stage.ordered && part === (stage.cutsParts ? BEGINNING : 0) && chunk !== (lastInOrder[stage.id] ?? firstChunks[stage.region] - 1) + 1) throw new Error(`stage ${stage.id} takes chunks in order, and was given ${chunk} after ${lastInOrder[stage.id]}`);
      lastInOrder[stage.id] = chunk;
      const isPastEnd = stage.isSource && chunk >= work.chunks[stage.region];
      const poison = poisonOf(stage.id, chunk);
      state.coresBusy += stage.cores;
      // One is lent to stages that are quick.
      if (state.coresBusy > topology.cores + 1) throw new Error(`${state.coresBusy} cores are kept busy, there are ${topology.cores}`);
      const ms = isPastEnd ? 1 : work.serviceMs(stage.id, chunk, part);
      if (poison === undefined || isPastEnd) return ms;
      // In a process of its own, the chunk is gone through row by row, and the row is set aside.
      if (life.isolated.has(stage.id)) return 5 * ms;
      if (poison.kind === "crash") agenda.at(agenda.now() + ms / 2, () => die({ kind: "died", how: "crash", flights: flights() }));
      else hang(stage.id, replica);
      return undefined;
    },
    end: (told) => endPart(stage, replica, told),
  });

  const hang = (stage: number, replica: number): void => agenda.at(agenda.now() + HANG_LIMIT_MS, () => die({ kind: "hung", stage, replica, flights: flights().filter((flight) => flight.stage === stage && flight.replica === replica) }));

  /** Whether nothing more comes of the inputs. */
  const endPart = (stage: StageNode, replica: number, { chunk, part, to }: Told): boolean => {
    const { said, ways, worker, hooks } = places[stage.id][replica];
    if (worker === undefined) throw new Error(`worker ${replica} of stage ${stage.id} has gone, and did chunk ${chunk}`);
    const { incarnation } = worker;
    const isLast = stage.takesParts ? worker.arrived.get(hooks.keyOf({ chunk, part }))?.isLast === true : !stage.cutsParts || part === work.parts(stage.id, chunk) - 1;
    state.coresBusy -= stage.cores;
    if (stage.isSource && chunk >= work.chunks[stage.region]) {
      worker.isAlive = false;
      tell(said, { kind: "sourceEnd", stage: stage.id, chunks: chunk });
      return true;
    }
    const outs = part === BEGINNING ? [] : stage.outs;
    outs.forEach((id, index) => {
      const target = topology.edges[id].to;
      const way = ways[index][to[index]];
      if (target.kind === "stage") agenda.send(way, work.delayMs(), () => arrive(target.stage, to[index], id, { chunk, part, isLast }));
      else if (isLast) agenda.send(way, work.delayMs(), () => arriveAtSink(target.sink, chunk));
    });
    const serviceMs = work.serviceMs(stage.id, chunk, part);
    state.coreMs += serviceMs * stage.cores;
    agenda.send(said, work.delayMs(), () => {
      carryOut(scheduler.handle({ kind: "done", stage: stage.id, replica, incarnation, chunk, part, isLast, bytes: outs.map((id) => work.bytes(id, chunk)), exhausted: false, busyMs: serviceMs }));
      elasticity?.partDone({ stage: stage.id, replica, chunk, isLast, rows: 1, busyMs: serviceMs, computeMs: stage.mayWait ? 0 : serviceMs });
      for (const event of elasticity?.decide(agenda.now()) ?? []) carryOut(scheduler.handle(event));
    });
    return stage.takesParts || isLast;
  };

  const arrive = (stage: number, replica: number, edge: number, { chunk, part, isLast }: Arrival): void => {
    const { worker, hooks } = places[stage][replica];
    if (worker === undefined) throw new Error(`chunk ${chunk} was sent to worker ${replica} of stage ${stage}, which is not there`);
    if (part !== (nextPart[edge].get(chunk) ?? 0)) throw new Error(`part ${part} of chunk ${chunk} came to stage ${stage} twice, or out of turn`);
    nextPart[edge].set(chunk, part + 1);
    if (!isLast && !topology.stages[stage].takesParts) return;
    const key = hooks.keyOf({ chunk, part });
    const known = worker.arrived.get(key);
    if (known === undefined) worker.arrived.set(key, { edges: 1, isLast });
    else known.edges++;
    goOn(worker, hooks);
  };

  const arriveAtSink = (sink: number, chunk: number): void => {
    const own = sinks[sink];
    if (chunk < own.next || own.waiting.has(chunk)) throw new Error(`chunk ${chunk} came to sink ${sink} twice`);
    own.waiting.add(chunk);
    while (own.waiting.delete(own.next)) {
      const next = own.next++;
      const ms = work.sinkMs(sink, next);
      own.freeAtMs = Math.max(own.freeAtMs, agenda.now()) + ms;
      agenda.at(own.freeAtMs, () => {
        commits.sinkTook(sink, next);
        elasticity?.sinkDone(sink, ms);
        tell(own.said, { kind: "sinkDone", sink, chunk: next });
      });
    }
  };

  const finish = async (): Promise<void> => {
    await commits.done;
    if (!scheduler.isFinished()) throw new Error("everything is committed, and the scheduler has not finished");
    scheduler.verifyIdle();
    verifyDrained();
    verifyCounts();
    const isCutShort = topology.regions.some(({ id }) => isRegionCutShort(id));
    await commits.close();
    die({ kind: "finished", isCutShort });
  };

  /** Where the sources are read to their ends, a drain has left nothing. */
  const isRegionCutShort = (region: number): boolean => scheduler.isCutShort(region) && through[region] < work.chunks[region];

  /** A drain with time ends at the end of a group: nothing that was read is lost. */
  const verifyDrained = (): void => {
    if (state.drainedAtOnce) return;
    const torn = through.findIndex((count, region) => count < work.chunks[region] && count !== commits.state().regions[region].chunks);
    if (torn >= 0) throw new Error(`region ${torn} was drained in the middle of a group`);
  };

  /** What is committed was counted once, over all engines: a chunk is a row. */
  const verifyCounts = (): void => {
    const { regions: committed, outputs } = commits.state();
    for (const { id, sinks: own } of topology.regions) {
      const { rowsIn, chunks } = committed[id];
      if (rowsIn !== chunks) throw new Error(`${rowsIn} rows of region ${id} are counted, ${chunks} are committed`);
      for (const sink of own) if (outputs[sink].rows !== chunks) throw new Error(`${outputs[sink].rows} rows of sink ${sink} are counted, ${chunks} are committed`);
    }
  };

  const load = (stage: number, replica: number, incarnation: number): void => {
    const place = places[stage][replica];
    if (place.worker !== undefined) throw new Error(`worker ${replica} of stage ${stage} is loaded in the place of another`);
    const worker = createWorker(incarnation);
    place.worker = worker;
    loaded.bytes += work.replicaBytes;
    if (incarnation > 0) state.reloads++;
    agenda.at(agenda.now() + work.loadMs(stage), () => {
      worker.isLoaded = true;
      elasticity?.loaded(stage, replica, work.loadMs(stage));
      tell(place.said, { kind: "loaded", stage, replica, incarnation });
    });
  };

  const carryOut = (commands: readonly SchedulerCommand[]): void => {
    verifyBounds(loaded.bytes);
    for (const command of commands) {
      if (command.kind === "run") {
        const { stage, replica, chunk, part, to } = command;
        const place = places[stage][replica];
        agenda.send(place.ordered, work.delayMs(), () => {
          const { worker } = place;
          if (worker === undefined) {
            // A source is asked ahead, and may have gone by then.
            if (topology.stages[stage].isSource) return;
            throw new Error(`stage ${stage} has no worker ${replica}`);
          }
          if (!worker.isLoaded) throw new Error(`worker ${replica} of stage ${stage} was told to do chunk ${chunk} before it was loaded`);
          worker.told.push({ chunk, part, to });
          goOn(worker, place.hooks);
        });
      } else if (command.kind === "load") load(command.stage, command.replica, command.incarnation);
      else if (command.kind === "retire") {
        const place = places[command.stage][command.replica];
        const { worker } = place;
        if (worker === undefined) throw new Error(`stage ${command.stage} has no worker ${command.replica} to retire`);
        const isOver = topology.stages[command.stage].isSource && !worker.isAlive;
        if (!isOver && (worker.busyWith !== undefined || worker.told.length > 0)) throw new Error(`worker ${command.replica} of stage ${command.stage} is retired over its work`);
        worker.isAlive = false;
        place.worker = undefined;
        loaded.bytes -= work.replicaBytes;
      } else if (command.kind === "completed") {
        if (command.chunk !== through[command.region]++) throw new Error(`chunk ${command.chunk} of region ${command.region} is completed out of turn`);
        state.completed++;
        commits.chunkCompleted(command.region, command.chunk);
      } else commits.regionFinished(command.region, isRegionCutShort(command.region));
    }
  };

  const strike = ({ kind }: Fault): void => {
    state.faultsUsed++;
    if (kind === "crash" || kind === "kill" || kind === "killAll" || kind === "oom") return die({ kind: "died", how: kind, flights: flights() });
    if (kind === "drain" || kind === "drainAtOnce") {
      if (!state.started) return;
      elasticity?.stop();
      if (kind === "drainAtOnce") state.drainedAtOnce = true;
      return carryOut(scheduler.handle({ kind: "drain", atOnce: kind === "drainAtOnce" }));
    }
    if (kind === "load" || kind === "unload") {
      if (!state.started || (kind === "load" && work.memoryBytes - loaded.bytes < work.replicaBytes)) return;
      const ranges = topology.stages.filter(({ replicasMin, replicasMax }) => replicasMin < replicasMax);
      return ranges.length === 0 ? undefined : carryOut(scheduler.handle({ kind, stage: ranges[integer(ranges.length)].id }));
    }
    const busy = places.flatMap((replicas, stage) => replicas.flatMap(({ worker }, replica) => (worker?.isAlive === true && worker.busyWith !== undefined && !topology.stages[stage].isSource ? [{ stage, replica, worker }] : [])));
    if (busy.length === 0) return;
    const { stage, replica, worker } = busy[integer(busy.length)];
    worker.isAlive = false;
    hang(stage, replica);
  };

  const wayOut = (edge: number): readonly Channel[] => {
    const { to } = topology.edges[edge];
    return Array.from({ length: to.kind === "sink" ? 1 : topology.stages[to.stage].replicasMax }, createChannel);
  };
  const placeOf = (stage: StageNode, replica: number): Place => ({
    worker: replica < stage.replicas ? createWorker(0) : undefined,
    hooks: hooksOf(stage, replica),
    said: createChannel(),
    ordered: createChannel(),
    ways: stage.outs.map(wayOut),
  });
  const places = topology.stages.map((stage) => Array.from({ length: stage.replicasMax }, (_, replica) => placeOf(stage, replica)));
  const verifyBounds = createBoundsCheck(work, topology, scheduler);

  const tellLoaded = (stage: number, replica: number): void => carryOut(scheduler.handle({ kind: "loaded", stage, replica, incarnation: 0 }));
  /** Rows begin to move when all sources are there; others may still load. */
  const ready = ({ id, isSource }: StageNode, replica: number): void => {
    elasticity?.loaded(id, replica, work.loadMs(id));
    if (--state.notReady === 0) commits.opened();
    if (!isSource) return tellLoaded(id, replica);
    if (--state.sourcesNotReady > 0) return;
    state.started = true;
    for (const { source } of topology.regions) tellLoaded(source, 0);
  };
  for (const stage of topology.stages) {
    places[stage.id].forEach(({ worker }, replica) => {
      if (worker === undefined) return;
      agenda.at(agenda.now() + work.loadMs(stage.id), () => {
        worker.isLoaded = true;
        ready(stage, replica);
      });
    });
  }
  vital.strike = strike;
  finish().catch(vital.fail);
  return () => ({ completed: state.completed, committed: commits.committed(), rows: commits.state().regions.reduce((sum, { chunks }) => sum + chunks, 0) + state.completed, decisions, reloads: state.reloads, faultsUsed: state.faultsUsed, coreMs: state.coreMs });
}
