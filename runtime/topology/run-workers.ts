/**
 * The worker threads of a run: starting them with their ports, joining new ones to those that run, ending them. Nothing
 * here decides anything.
 */
import { MessageChannel, Worker } from "node:worker_threads";
import type { MessagePort } from "node:worker_threads";
import { jobError } from "../contract/failures.ts";
import type { EdgeSpec, PipelineSpec } from "../contract/program.ts";
import type { Value } from "../contract/value.ts";
import { endThread } from "./end-thread.ts";
import { labelOf, stageBeginning } from "./messages.ts";
import type { FromWorker, OutPort, StageResume, ToWorker, WorkerRole, WorkerStart } from "./messages.ts";
import type { Supervised } from "./engine-order.ts";
import type { Placement } from "./placement.ts";
import type { Topology } from "./topology.ts";

/** What every worker of a run is started with. */
export interface WorkerSetting {
  readonly pipeline: PipelineSpec;
  readonly params: Readonly<Record<string, Value>>;
  /** The program's own bundle, which every worker runs, and its folder. */
  readonly file: string;
  readonly folder: string;
  /** Text that a worker's code writes to stdout or stderr. */
  readonly onText: (stream: "stdout" | "stderr", text: Uint8Array) => void;
  readonly stop: SharedArrayBuffer;
  readonly placement: Placement;
  readonly resumeOf: (stage: number) => StageResume;
  readonly supervised?: Supervised | undefined;
}

export interface RunningWorker {
  readonly role: WorkerRole;
  readonly thread: Worker;
  readonly post: (message: ToWorker) => void;
  readonly ended: Promise<void>;
  /** Hands over ports to a worker that was started later. */
  readonly join: (ports: PortsOfWorker) => void;
}

export interface PortsOfWorker {
  readonly inPorts: MessagePort[];
  readonly outPorts: OutPort[];
}

/** A channel from every worker of a stage to every worker that its edges lead to. */
export function joinPorts(pipeline: PipelineSpec, topology: Topology): { readonly ofStage: (stage: number, replica: number) => PortsOfWorker; readonly ofSink: (sink: number) => PortsOfWorker } {
  const empty = (): PortsOfWorker => ({ inPorts: [], outPorts: [] });
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

/** Channels between a worker that is added to a running stage and those there are: theirs are handed over at once. */
export function joinReplica(pipeline: PipelineSpec, role: Extract<WorkerRole, { kind: "stage" }>, workersAt: (to: EdgeSpec["to"]) => readonly (RunningWorker | undefined)[]): PortsOfWorker {
  const own: PortsOfWorker = { inPorts: [], outPorts: [] };
  for (const edge of pipeline.edges) {
    if (edge.to.kind === "stage" && edge.to.stage === role.stage) {
      for (const sender of workersAt({ kind: "stage", stage: edge.fromStage })) {
        if (sender === undefined) continue;
        const { port1, port2 } = new MessageChannel();
        sender.join({ inPorts: [], outPorts: [{ edge: edge.id, replica: role.replica, port: port1 }] });
        own.inPorts.push(port2);
      }
    }
    if (edge.fromStage !== role.stage) continue;
    workersAt(edge.to).forEach((receiver, replica) => {
      if (receiver === undefined) return;
      const { port1, port2 } = new MessageChannel();
      receiver.join({ inPorts: [port2], outPorts: [] });
      own.outPorts.push({ edge: edge.id, replica, port: port1 });
    });
  }
  return own;
}

export function startWorker(setting: WorkerSetting, role: WorkerRole, ports: PortsOfWorker, onMessage: (message: FromWorker) => void, onFault: (error: unknown) => void): RunningWorker {
  const start: WorkerStart = { pipeline: setting.pipeline.name, role, params: setting.params, folder: setting.folder, stop: setting.stop, placement: setting.placement, resume: role.kind === "stage" ? setting.resumeOf(role.stage) : stageBeginning, order: setting.supervised?.order, ...ports };
  const thread = new Worker(setting.file, {
    workerData: { pipec: start },
    transferList: [...ports.inPorts, ...ports.outPorts.map(({ port }) => port)],
    stdout: true,
    stderr: true,
  });
  let closing = false;
  thread.on("message", onMessage);
  thread.on("error", (error) => onFault(describeThreadError(error, setting.pipeline, role)));
  thread.stdout.on("data", (text: Uint8Array) => setting.onText("stdout", text));
  thread.stderr.on("data", (text: Uint8Array) => setting.onText("stderr", text));
  const ended = new Promise<void>((resolve) => {
    thread.once("exit", () => {
      if (!closing) onFault(jobError("R0171", `the worker of ${labelOf(setting.pipeline, role)} ended before its work was done`));
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
    join: ({ inPorts, outPorts }) => thread.postMessage({ kind: "join", inPorts, outPorts } satisfies ToWorker, [...inPorts, ...outPorts.map(({ port }) => port)]),
  };
}

export async function closeWorkers(workers: readonly RunningWorker[]): Promise<void> {
  for (const worker of workers) worker.post({ kind: "close" });
  await Promise.all(workers.map(({ thread, ended }) => endThread(thread, ended)));
}

function describeThreadError(error: unknown, pipeline: PipelineSpec, role: WorkerRole): unknown {
  const isMemory = error instanceof Error && "code" in error && error.code === "ERR_WORKER_OUT_OF_MEMORY";
  return isMemory ? jobError("R0170", `the worker of ${labelOf(pipeline, role)} ran out of memory`, "use smaller chunks or batches, or run node with a larger --max-old-space-size") : error;
}
