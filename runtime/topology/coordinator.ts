/**
 * Runs a pipeline on worker threads: starts a worker per stage replica and per sink, joins them by direct ports, and
 * carries out what the scheduler decides. Sees control messages only, never a row.
 */
import { MessageChannel, Worker } from "node:worker_threads";
import type { MessagePort } from "node:worker_threads";
import { jobError } from "../contract/failures.ts";
import { JobError } from "../contract/kernel.ts";
import type { PipelineSpec } from "../contract/program.ts";
import type { Value } from "../contract/value.ts";
import type { Outputs } from "../recovery/outputs.ts";
import type { WrittenFiles } from "../recovery/sink-writer.ts";
import type { Fault, FromWorker, OutPort, ToWorker, WorkerRole, WorkerStart } from "./messages.ts";
import type { RunLedger } from "./run-ledger.ts";
import { createScheduler } from "./scheduler.ts";
import type { Scheduler, SchedulerCommand } from "./scheduler.ts";
import type { Topology } from "./topology.ts";

export interface CoordinatorRequest {
  readonly pipeline: PipelineSpec;
  readonly topology: Topology;
  readonly ledger: RunLedger;
  readonly outputs: Outputs;
  readonly params: Readonly<Record<string, Value>>;
  /** The program's own bundle, which every worker runs, and its folder. */
  readonly file: string;
  readonly folder: string;
  /** Text that a worker's code writes to stdout or stderr. */
  readonly onText: (stream: "stdout" | "stderr", text: Uint8Array) => void;
  /** Called when rows start to move, and gives the view of queues for progress. */
  readonly onStart: (scheduler: Scheduler) => void;
  readonly signal: AbortSignal;
}

/** An error of our own in a worker, with its stack. */
class WorkerBug extends Error {
  override readonly name = "WorkerBug";
}

interface RunningWorker {
  readonly role: WorkerRole;
  readonly thread: Worker;
  readonly post: (message: ToWorker) => void;
  readonly ended: Promise<void>;
}

/** The files of each sink, written and not yet published. Rejects with the first fault; no worker is left behind. */
export async function runOnWorkers(request: CoordinatorRequest): Promise<readonly WrittenFiles[]> {
  const workers: RunningWorker[] = [];
  const stop = new SharedArrayBuffer(Int32Array.BYTES_PER_ELEMENT);
  try {
    const written = await new Promise<readonly WrittenFiles[]>((resolve, reject) => {
      request.signal.addEventListener("abort", () => reject(request.signal.reason), { once: true });
      if (request.signal.aborted) return reject(request.signal.reason);
      coordinate({ ...request, stop }, workers, resolve, reject);
    });
    return written;
  } finally {
    Atomics.store(new Int32Array(stop), 0, 1);
    await closeAll(workers);
  }
}

/** How long a worker may take to finish what it is in, before it is ended in the middle of its JavaScript. */
const CLOSE_MS = 10_000;

/**
 * Workers end by themselves: a thread that is terminated while it returns from native code takes the process with it.
 * One that does not come back is terminated in the end, since then it is most likely lost in JavaScript.
 */
async function closeAll(workers: readonly RunningWorker[]): Promise<void> {
  for (const worker of workers) worker.post({ kind: "close" });
  await Promise.all(workers.map(async (worker) => {
    const timer = setTimeout(() => void worker.thread.terminate(), CLOSE_MS);
    await worker.ended;
    clearTimeout(timer);
  }));
}

interface StoppableRequest extends CoordinatorRequest {
  readonly stop: SharedArrayBuffer;
}

interface Coordination {
  readonly request: StoppableRequest;
  readonly scheduler: Scheduler;
  readonly stageWorkers: readonly RunningWorker[][];
  readonly sinkWorkers: RunningWorker[];
  readonly written: Map<number, WrittenFiles>;
  notReady: number;
  readonly resolve: (written: readonly WrittenFiles[]) => void;
}

function coordinate(request: StoppableRequest, workers: RunningWorker[], resolve: (written: readonly WrittenFiles[]) => void, reject: (error: unknown) => void): void {
  const { pipeline, topology, outputs } = request;
  const c: Coordination = { request, scheduler: createScheduler(topology), stageWorkers: topology.stages.map(() => []), sinkWorkers: [], written: new Map(), notReady: 0, resolve };
  const start = (role: WorkerRole, ports: WorkerPorts): RunningWorker => {
    c.notReady++;
    const handle = (message: FromWorker): void => {
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
  const ports = joinPorts(pipeline, topology);
  for (const stage of topology.stages) {
    for (let replica = 0; replica < stage.replicas; replica++) c.stageWorkers[stage.id].push(start({ kind: "stage", stage: stage.id, replica }, ports.ofStage(stage.id, replica)));
  }
  for (const sink of topology.sinks) c.sinkWorkers.push(start({ kind: "sink", sink: sink.id, target: outputs.targets[sink.id] }, ports.ofSink(sink.id)));
}

function handleMessage(c: Coordination, role: WorkerRole, message: FromWorker): void {
  if (message.kind === "fault") throw fromFault(message.fault);
  if (message.kind === "ready") handleReady(c, role, message);
  else if (role.kind === "stage") handleStageMessage(c, role, message);
  else handleSinkMessage(c, role.sink, message);
}

/** Rows start to move when every worker is ready: what is wrong with a model or a path shows before the first row. */
function handleReady(c: Coordination, role: WorkerRole, message: Extract<FromWorker, { kind: "ready" }>): void {
  const { topology, outputs, ledger, onStart } = c.request;
  if (role.kind === "stage" && message.splits !== undefined) {
    outputs.checkInputs(message.splits);
    ledger.addSource(topology.stages[role.stage].region, message.splits);
  }
  if (--c.notReady > 0) return;
  onStart(c.scheduler);
  carryOut(c, c.scheduler.start());
}

function handleStageMessage(c: Coordination, { stage, replica }: Extract<WorkerRole, { kind: "stage" }>, message: FromWorker): void {
  if (message.kind === "done") {
    c.request.ledger.addReport(stage, message.chunk, message);
    carryOut(c, c.scheduler.handle({ kind: "done", stage, replica, chunk: message.chunk, bytes: message.bytes, exhausted: message.exhausted }));
  } else if (message.kind === "faulty") {
    const { code, message: text, fix } = message.fault;
    c.request.ledger.addFault(stage, message.chunk, new JobError(code, text, fix));
    carryOut(c, c.scheduler.handle({ kind: "done", stage, replica, chunk: message.chunk, bytes: message.bytes, exhausted: false }));
  } else if (message.kind === "sourceEnd") {
    carryOut(c, c.scheduler.handle({ kind: "sourceEnd", stage, chunks: message.chunks }));
  }
}

function handleSinkMessage(c: Coordination, sink: number, message: FromWorker): void {
  const { ledger, pipeline } = c.request;
  if (message.kind === "sinkDone") {
    ledger.addSinkReport(sink, message.rows, message.busyMs);
    carryOut(c, c.scheduler.handle({ kind: "sinkDone", sink, chunk: message.chunk }));
  } else if (message.kind === "finished") {
    c.written.set(sink, message.written);
    if (c.written.size < pipeline.sinks.length) return;
    c.scheduler.verifyIdle();
    c.resolve(pipeline.sinks.map(({ id }) => c.written.get(id) ?? { files: [], rows: 0, bytes: 0 }));
  }
}

/** The compiler's bound holds more than what lies on edges (weights, heaps): to pass it even so is our bug. */
function verifyWithinBound(c: Coordination): void {
  const bytes = c.scheduler.edgeFill().reduce((sum, edge) => sum + edge.bytes, 0);
  const { memoryBoundBytes } = c.request.pipeline;
  if (bytes > memoryBoundBytes) throw new Error(`${bytes} bytes wait between stages, the plan's bound for the whole run is ${memoryBoundBytes}`);
}

function carryOut(c: Coordination, commands: readonly SchedulerCommand[]): void {
  const { topology, ledger, outputs } = c.request;
  verifyWithinBound(c);
  for (const command of commands) {
    if (command.kind === "run") c.stageWorkers[command.stage][command.replica].post({ kind: "run", chunk: command.chunk, to: command.to });
    else if (command.kind === "completed") {
      if (command.isNeeded) ledger.completeChunk(command.region, command.chunk, outputs.deadLetters);
      else ledger.dropChunk(command.region, command.chunk);
    } else for (const sink of topology.regions[command.region].sinks) c.sinkWorkers[sink].post({ kind: "finish" });
  }
}

interface WorkerPorts {
  readonly inPorts: MessagePort[];
  readonly outPorts: OutPort[];
}

/** A channel from every worker of a stage to every worker that its edges lead to. */
function joinPorts(pipeline: PipelineSpec, topology: Topology): { readonly ofStage: (stage: number, replica: number) => WorkerPorts; readonly ofSink: (sink: number) => WorkerPorts } {
  const empty = (): WorkerPorts => ({ inPorts: [], outPorts: [] });
  const stages = topology.stages.map((stage) => Array.from({ length: stage.replicas }, empty));
  const sinks = topology.sinks.map(empty);
  for (const edge of pipeline.edges) {
    const receivers = edge.to.kind === "stage" ? stages[edge.to.stage] : [sinks[edge.to.sink]];
    for (const sender of stages[edge.fromStage]) {
      receivers.forEach((receiver, replica) => {
        const { port1, port2 } = new MessageChannel();
        sender.outPorts.push({ edge: edge.id, replica, port: port1 });
        receiver.inPorts.push(port2);
      });
    }
  }
  return { ofStage: (stage, replica) => stages[stage][replica], ofSink: (sink) => sinks[sink] };
}

function startWorker(request: StoppableRequest, role: WorkerRole, ports: WorkerPorts, onMessage: (message: FromWorker) => void, onFault: (error: unknown) => void): RunningWorker {
  const start: WorkerStart = { pipeline: request.pipeline.name, role, params: request.params, folder: request.folder, stop: request.stop, ...ports };
  const thread = new Worker(request.file, {
    workerData: { pipec: start },
    transferList: [...ports.inPorts, ...ports.outPorts.map(({ port }) => port)],
    stdout: true,
    stderr: true,
  });
  let closing = false;
  thread.on("message", onMessage);
  thread.on("error", (error) => onFault(describeThreadError(error, request.pipeline, role)));
  thread.stdout.on("data", (text: Uint8Array) => request.onText("stdout", text));
  thread.stderr.on("data", (text: Uint8Array) => request.onText("stderr", text));
  const ended = new Promise<void>((resolve) => {
    thread.once("exit", () => {
      if (!closing) onFault(jobError("R0171", `the worker of ${labelOf(request.pipeline, role)} ended before its work was done`));
      resolve();
    });
  });
  return {
    role,
    thread,
    ended,
    post: (message) => {
      if (message.kind === "close") closing = true;
      thread.postMessage(message);
    },
  };
}

function labelOf(pipeline: PipelineSpec, role: WorkerRole): string {
  return role.kind === "stage" ? pipeline.stages[role.stage].label : pipeline.sinks[role.sink].label;
}

function describeThreadError(error: unknown, pipeline: PipelineSpec, role: WorkerRole): unknown {
  const isMemory = error instanceof Error && "code" in error && error.code === "ERR_WORKER_OUT_OF_MEMORY";
  return isMemory ? jobError("R0170", `the worker of ${labelOf(pipeline, role)} ran out of memory`, "use smaller chunks or batches, or run node with a larger --max-old-space-size") : error;
}

function fromFault(fault: Fault): Error {
  if (fault.kind === "job") return new JobError(fault.code, fault.message, fault.fix);
  const bug = new WorkerBug(fault.message);
  bug.stack = fault.stack;
  return bug;
}
