/**
 * Runs a pipeline on worker threads: starts a worker per stage replica and per sink, joins them by direct ports, and
 * carries out what the scheduler decides. Sees control messages only, never a row.
 */
import { performance } from "node:perf_hooks";
import type { Coordination, CoordinatorRequest } from "./coordination.ts";
import { createRunElasticity } from "./elastic-run.ts";
import { handleMessage, placeOf } from "./handle-message.ts";
import type { FromWorker, WorkerRole } from "./messages.ts";
import { schedulerOptions, stageResume, trackGroups } from "./run-start.ts";
import { placeRun } from "./placement.ts";
import { closeWorkers, joinPorts, startWorker } from "./run-workers.ts";
import type { RunningWorker, PortsOfWorker } from "./run-workers.ts";
import { createScheduler } from "./scheduler.ts";
import { createStallWatch } from "./stall-watch.ts";
import type { StallWatch } from "./stall-watch.ts";

/** Ends when everything is committed, and nothing published that waits for the end. Rejects with the first fault; no worker is left behind. */
export async function runOnWorkers(request: CoordinatorRequest): Promise<void> {
  const workers: RunningWorker[] = [];
  const stop = new SharedArrayBuffer(Int32Array.BYTES_PER_ELEMENT);
  const { pipeline, topology, outputs, device, ledger, log } = request;
  const stalls = createStallWatch(pipeline, (stage) => ledger.splitsOf(topology.stages[stage].region), log);
  try {
    await new Promise<void>((resolve, reject) => {
      if (request.signal.aborted) return reject(request.signal.reason);
      coordinate({ ...request, stop, placement: placeRun(pipeline, device), resumeOf: (stage) => stageResume(pipeline, topology, outputs, stage) }, stalls, workers, resolve, reject);
    });
  } finally {
    stalls.close();
    Atomics.store(new Int32Array(stop), 0, 1);
    await closeWorkers(workers);
  }
}

function coordinate(request: Coordination["request"], stalls: StallWatch, workers: RunningWorker[], resolve: Coordination["resolve"], fail: Coordination["reject"]): void {
  const { pipeline, topology, outputs, log } = request;
  // What workers still say is not booked: chunks behind one that failed would take its place in what is committed.
  let isOver = false;
  const reject = (error: unknown): void => {
    isOver = true;
    fail(error);
  };
  const start = (role: WorkerRole, ports: PortsOfWorker): RunningWorker => {
    c.stalls.loading(role);
    c.loadingSince.set(placeOf(role), performance.now());
    if (role.kind === "stage") log({ kind: "stageStarted", stage: role.stage, replica: role.replica, incarnation: role.incarnation });
    const handle = (message: FromWorker): void => {
      if (isOver) return;
      try {
        handleMessage(c, role, message);
      } catch (error) {
        reject(error);
      }
    };
    const worker = startWorker(request, role, ports, handle, reject);
    workers.push(worker);
    return worker;
  };
  let allOpened = (): void => {};
  const opened = new Promise<void>((done) => (allOpened = done));
  const { sinks, regions, stages } = topology;
  const scheduler = createScheduler(topology, schedulerOptions(outputs));
  const c: Coordination = {
    request,
    scheduler,
    elasticity: createRunElasticity(request, scheduler),
    stalls,
    stageWorkers: stages.map(() => []),
    sinkWorkers: [],
    finished: new Set(),
    groups: trackGroups(pipeline, topology, outputs, opened, log),
    opening: { ends: sinks.length + regions.length, all: sinks.length + stages.reduce((sum, { replicas }) => sum + replicas, 0), done: allOpened },
    loadingSince: new Map(),
    start,
    resolve,
    reject,
  };
  c.groups.done.catch(reject);
  request.signal.addEventListener("abort", () => reject(request.signal.reason), { once: true });
  const ports = joinPorts(pipeline, topology);
  for (const stage of stages) {
    for (let replica = 0; replica < stage.replicas; replica++) c.stageWorkers[stage.id].push(start({ kind: "stage", stage: stage.id, replica, incarnation: 0 }, ports.ofStage(stage.id, replica)));
  }
  for (const sink of sinks) c.sinkWorkers.push(start({ kind: "sink", sink: sink.id, target: outputs.targets[sink.id], start: outputs.start.sinks[sink.id] }, ports.ofSink(sink.id)));
}
