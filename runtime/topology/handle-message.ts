/** What the coordinator does at a worker's word: books it, tells the scheduler, and carries out what that decides. */
import { performance } from "node:perf_hooks";
import { JobError } from "../contract/kernel.ts";
import type { Coordination } from "./coordination.ts";
import { noteInputs } from "./engine-processes.ts";
import { fromFault } from "./messages.ts";
import type { FromWorker, WorkerRole } from "./messages.ts";
import { joinReplica } from "./run-workers.ts";
import type { RunningWorker } from "./run-workers.ts";
import type { SchedulerCommand } from "./scheduler.ts";

/** Throws what ends the run. */
export function handleMessage(c: Coordination, role: WorkerRole, message: FromWorker): void {
  if (message.kind === "fault") throw fromFault(message.fault);
  if (message.kind === "ready") handleReady(c, role, message);
  else if (role.kind === "stage") handleStageMessage(c, role, message);
  else handleSinkMessage(c, role.sink, message);
}

/**
 * Rows start to move when all sources and sinks are ready. Models may still load then, which can take minutes: what is
 * made before waits for them on the edges.
 */
function handleReady(c: Coordination, role: WorkerRole, message: Extract<FromWorker, { kind: "ready" }>): void {
  noteReady(c, role, message);
  const { opening } = c;
  const isEnd = role.kind === "sink" || message.splits !== undefined;
  if (isEnd && --opening.ends === 0) startMoving(c);
  if (opening.all > 0 && --opening.all === 0) opening.done();
  if (!isEnd) tellLoaded(c, role);
}

function noteReady(c: Coordination, role: WorkerRole, { activity, calls, splits }: Extract<FromWorker, { kind: "ready" }>): void {
  const { topology, outputs, ledger, log, supervised } = c.request;
  if (role.kind === "stage") {
    const loadMs = performance.now() - (c.loadingSince.get(placeOf(role)) ?? performance.now());
    log({ kind: "stageReady", stage: role.stage, replica: role.replica, loadMs });
    c.elasticity?.loaded(role.stage, role.replica, loadMs);
  } else log({ kind: "sinkReady", sink: role.sink });
  c.stalls.ready(role, activity);
  if (calls !== undefined) supervised?.onCalls(role, calls);
  if (role.kind !== "stage" || splits === undefined) return;
  outputs.checkInputs(splits);
  ledger.addSource(topology.stages[role.stage].region, splits);
}

/** What the sources will read is known: they begin. */
function startMoving(c: Coordination): void {
  const { topology, outputs, ledger, onStart, control, supervised } = c.request;
  const splits = topology.regions.map(({ id }) => ledger.splitsOf(id));
  outputs.noteSources(splits);
  noteInputs(supervised?.order.folder, splits);
  onStart(c.scheduler);
  for (const { source } of topology.regions) tellLoaded(c, { kind: "stage", stage: source, replica: 0, incarnation: 0 });
  control?.onDrain((reason, atOnce) => drain(c, reason, atOnce));
}

function tellLoaded(c: Coordination, { stage, replica, incarnation }: Extract<WorkerRole, { kind: "stage" }>): void {
  carryOut(c, c.scheduler.handle({ kind: "loaded", stage, replica, incarnation }));
}

function drain(c: Coordination, reason: string, atOnce: boolean): void {
  c.request.log({ kind: "drain", reason });
  c.elasticity?.stop();
  carryOut(c, c.scheduler.handle({ kind: "drain", atOnce }));
}

export function placeOf(role: WorkerRole): string {
  return role.kind === "stage" ? `stage ${role.stage}.${role.replica}` : `sink ${role.sink}`;
}

/** More workers or fewer, where what was measured says so. */
function adapt(c: Coordination): void {
  for (const event of c.elasticity?.decide(performance.now()) ?? []) carryOut(c, c.scheduler.handle(event));
}

function handleStageMessage(c: Coordination, { stage, replica, incarnation }: Extract<WorkerRole, { kind: "stage" }>, message: FromWorker): void {
  if (message.kind === "done") {
    c.request.ledger.addReport(stage, message.chunk, message, message.isLast);
    const { chunk, part, isLast, bytes, exhausted } = message;
    c.request.log({ kind: "chunkDone", stage, replica, chunk, part, isLast, rowsIn: message.rowsIn, rowsOut: message.rowsOut, failed: message.failures.length, busyMs: message.busyMs });
    carryOut(c, c.scheduler.handle({ kind: "done", stage, replica, incarnation, chunk, part, isLast, bytes, exhausted, busyMs: message.busyMs }));
    c.elasticity?.partDone({ stage, replica, chunk, isLast, rows: message.rowsIn, busyMs: message.busyMs, computeMs: message.computeMs });
    adapt(c);
  } else if (message.kind === "faulty") {
    const { chunk, part, isLast, bytes } = message;
    const { code, message: text, fix } = message.fault;
    c.request.log({ kind: "fault", code, message: text, stage });
    c.request.ledger.addFault(stage, chunk, new JobError(code, text, fix));
    carryOut(c, c.scheduler.handle({ kind: "done", stage, replica, incarnation, chunk, part, isLast, bytes, exhausted: false }));
  } else if (message.kind === "gangRestart") {
    c.request.log({ kind: "restart", what: "gang", stage, replica, incarnation: message.incarnation, reason: message.reason });
  } else if (message.kind === "sourceEnd") {
    carryOut(c, c.scheduler.handle({ kind: "sourceEnd", stage, chunks: message.chunks }));
  }
}

function handleSinkMessage(c: Coordination, sink: number, message: FromWorker): void {
  const { ledger, pipeline, topology } = c.request;
  if (message.kind === "sinkDone") {
    ledger.addSinkReport(sink, message.rows, message.busyMs);
    c.elasticity?.sinkDone(sink, message.busyMs);
    c.request.log({ kind: "sinkDone", sink, chunk: message.chunk, rows: message.rows, busyMs: message.busyMs });
    carryOut(c, c.scheduler.handle({ kind: "sinkDone", sink, chunk: message.chunk }));
  } else if (message.kind === "sinkGroup") {
    c.groups.sinkGroup(topology.sinks[sink].region, sink, message);
  } else if (message.kind === "finished") {
    c.finished.add(sink);
    if (c.finished.size < pipeline.sinks.length) return;
    c.scheduler.verifyIdle();
    c.request.control?.noteEnd(topology.regions.some(({ id }) => isCutShort(c, id)));
    // What the sinks hold is committed after they said so.
    c.groups.done.then(c.resolve, c.reject);
  }
}

/**
 * Whether a drain left rows of the region unread: one whose source says how many it has may come to stop at its end.
 * Asked of each by itself, since others may read on when it is done.
 */
function isCutShort(c: Coordination, region: number): boolean {
  return c.scheduler.isCutShort(region) && !c.request.ledger.isAllRead(region);
}

/** The compiler's bound holds more than what lies on edges (weights, heaps): to pass it even so is our bug. */
function verifyWithinBound(c: Coordination): void {
  const bytes = c.scheduler.edgeFill().reduce((sum, edge) => sum + edge.bytes, 0);
  const { memoryBoundBytes } = c.request.pipeline;
  if (bytes > memoryBoundBytes) throw new Error(`${bytes} bytes wait between stages, the plan's bound for the whole run is ${memoryBoundBytes}`);
}

function workerAt(c: Coordination, stage: number, replica: number): RunningWorker {
  const worker = c.stageWorkers[stage][replica];
  if (worker === undefined) throw new Error(`stage ${stage} has no worker ${replica}`);
  return worker;
}

/** One more worker for a stage that runs, joined to its neighbours. */
function loadWorker(c: Coordination, { stage, replica, incarnation }: Extract<SchedulerCommand, { kind: "load" }>): void {
  const role = { kind: "stage", stage, replica, incarnation } as const;
  const ports = joinReplica(c.request.pipeline, role, (to) => (to.kind === "stage" ? c.stageWorkers[to.stage] : [c.sinkWorkers[to.sink]]));
  c.stageWorkers[stage][replica] = c.start(role, ports);
}

export function carryOut(c: Coordination, commands: readonly SchedulerCommand[]): void {
  const { topology, ledger, outputs } = c.request;
  verifyWithinBound(c);
  for (const command of commands) {
    switch (command.kind) {
      case "run":
        workerAt(c, command.stage, command.replica).post({ kind: "run", chunk: command.chunk, part: command.part, to: command.to });
        break;
      case "load":
        loadWorker(c, command);
        break;
      case "retire":
        workerAt(c, command.stage, command.replica).post({ kind: "close" });
        c.stageWorkers[command.stage][command.replica] = undefined;
        break;
      case "completed":
        if (command.isNeeded) c.groups.chunkCompleted(command.region, command.chunk, ledger.completeChunk(command.region, command.chunk, outputs.deadLetters));
        else ledger.dropChunk(command.region, command.chunk);
        break;
      case "finished":
        c.groups.regionFinished(command.region, isCutShort(c, command.region));
        for (const sink of topology.regions[command.region].sinks) c.sinkWorkers[sink].post({ kind: "finish" });
    }
  }
}
