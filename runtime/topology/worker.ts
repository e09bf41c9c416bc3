/**
 * The worker's side of a run. A stage's worker does chunks in the order the coordinator says, and sends results to the
 * workers it was told, at once. A sink's worker puts chunks back in order and writes them.
 */
import { performance } from "node:perf_hooks";
import { parentPort, workerData } from "node:worker_threads";
import type { MessagePort } from "node:worker_threads";
import { onnxBackend } from "../backends/onnx-executor.ts";
import { decodeChunk, postChunk, voidChunk } from "../channel/chunk-codec.ts";
import type { ChunkMessage } from "../channel/chunk-codec.ts";
import type { ModelSession } from "../contract/backend.ts";
import type { Program } from "../contract/define-program.ts";
import { JobError } from "../contract/kernel.ts";
import type { PipelineSpec } from "../contract/program.ts";
import { setProgramFolder } from "../contract/program-folder.ts";
import { BEGINNING } from "../contract/stage-parts.ts";
import { createSinkWriter } from "../recovery/sink-writer.ts";
import { Stopped } from "../stage/step-context.ts";
import type { PartStepSpec } from "../stage/step-context.ts";
import { openDeviceLocks } from "./device-locks.ts";
import { edgeSchema } from "./edge-schema.ts";
import { openGang } from "./gang.ts";
import { inTurn } from "./in-turn.ts";
import { placeBackend } from "./placement.ts";
import { labelOf, toFault, toJobFault } from "./messages.ts";
import type { FromWorker, WorkerRole, WorkerStart } from "./messages.ts";
import { onReplica } from "./replica-devices.ts";
import { onStrayError } from "./stray-errors.ts";
import { openStage } from "./stage-runner.ts";
import type { StageRunner } from "./stage-runner.ts";
import { openSinkGuard, openStageGuard } from "./stage-guard.ts";
import { openPorts } from "./worker-ports.ts";
import type { ArrivedChunk, WorkerPorts } from "./worker-ports.ts";

/** What this thread was started to do; undefined in the thread of the command line. */
export function findWorkerStart(): WorkerStart | undefined {
  const data: unknown = workerData;
  // Only the coordinator makes workers with this key.
  return typeof data === "object" && data !== null && "pipec" in data ? (data.pipec as WorkerStart) : undefined;
}

/** `file` is the program's own bundle. */
export function runWorker(program: Program, start: WorkerStart, file: string): void {
  if (parentPort === null) throw new Error("a worker without a coordinator");
  const control = parentPort;
  program.setParams(start.params);
  setProgramFolder(start.folder);
  const pipeline = program.pipelines.find((candidate) => candidate.name === start.pipeline);
  if (pipeline === undefined) throw new Error(`the program has no pipeline ${start.pipeline}`);
  const { role } = start;
  const fail = faultSender(control);
  onStrayError(file, `, in the worker of ${labelOf(pipeline, role)}`, (error) => {
    fail(error);
    // What was under way may wait for ever now.
    process.exit();
  });
  const working = role.kind === "stage" ? runStageWorker(onReplica(pipeline, role.stage, role.replica), role.stage, start, control, file) : runSinkWorker(pipeline, role, start, control);
  working.catch((error: unknown) => {
    fail(error);
    // What could not be opened has nothing to close.
    const ports = openPorts(start, control);
    ports.onControl((message) => {
      if (message.kind === "close") ports.close();
    });
  });
}

function faultSender(control: MessagePort): (error: unknown) => void {
  return (error) => {
    if (!(error instanceof Stopped)) control.postMessage({ kind: "fault", fault: toFault(error) } satisfies FromWorker);
  };
}

async function runStageWorker(pipeline: PipelineSpec, stageId: number, start: WorkerStart, control: MessagePort, file: string): Promise<void> {
  const send = (message: FromWorker): void => control.postMessage(message);
  const fail = faultSender(control);
  const stop = new Int32Array(start.stop);
  const isStopped = (): boolean => Atomics.load(stop, 0) === 1;
  const { placement, folder } = start;
  const backend = placeBackend(onnxBackend, placement);
  const onRestart = (incarnation: number, reason: string): void => send({ kind: "gangRestart", incarnation, reason });
  const openGangOf = (step: PartStepSpec): Promise<ModelSession> =>
    openGang({ pipeline: pipeline.name, file, folder, backend, device: placement.device, files: placement.files, locks: openDeviceLocks(pipeline, placement.device, placement.locks), onRestart }, step);
  const guard = openStageGuard({ start, file, steps: pipeline.stages[stageId].steps.map((step) => pipeline.steps[step]), isStopped });
  const stage = await openStage(pipeline, pipeline.stages[stageId], { backend, isStopped, openGang: openGangOf, around: guard.around, reading: guard.reading, resume: start.resume });
  // Words that come while the stage opens wait until somebody listens.
  const ports = openPorts(start, control);
  ports.onHome(stage.reclaim);
  const inbox = createInbox(ports, stage);

  let sourceEnded = false;
  // Where a source stands after a fault is unknown: it reads no more.
  let hasFailed = false;
  let isClosed = false;
  const endSource = (chunks: number): void => {
    sourceEnded = true;
    send({ kind: "sourceEnd", chunks });
  };
  const runChunk = async (chunk: number, part: number, to: readonly number[]): Promise<void> => {
    if (sourceEnded || isStopped()) return;
    const isBegun = stage.cutsParts && part !== BEGINNING;
    const inputs = isBegun ? [] : await inbox.take(chunk, part);
    const post = (messages: readonly ChunkMessage[]): readonly number[] => messages.map((message, index) => postChunk(ports.outPort(message.edge, to[index]), message));
    if (hasFailed && stage.splits !== undefined) return endSource(chunk);
    try {
      const result = await (isBegun ? stage.next(chunk) : stage.run(inputs));
      if (result === undefined) return endSource(chunk);
      send({ kind: "done", chunk, part, isLast: result.isLast, bytes: post(result.messages), exhausted: result.exhausted, ...result.report });
      if (stage.leavesNothing) for (const input of inputs) ports.sendHome(input, pipeline.edges[input.edge].queueBytesMax);
    } catch (error) {
      if (!(error instanceof JobError)) throw error;
      hasFailed = true;
      const id = inputs[0]?.id ?? { ordinal: chunk, split: 0, firstRow: 0 };
      // What is left of a chunk that was being cut is lost with it.
      const place = { part, isLast: stage.takesParts ? inputs[0].isLast : true };
      send({ kind: "faulty", chunk, ...place, bytes: post(stage.outs.map((edge) => voidChunk(edge.id, id, place))), fault: toJobFault(error) });
    }
  };

  ports.onControl((message) => {
    // When the run is given up, chunks that were promised do not come any more.
    if (message.kind === "close") inbox.giveUp();
  });
  inTurn(ports, async (message, hasMore) => {
    if (message.kind === "run") {
      await runChunk(message.chunk, message.part, message.to);
      // Between two calls each look is paid for with the caches cold.
      if (!hasMore()) ports.poll();
      return;
    }
    // One that was retired is told again when the run ends.
    if (message.kind === "close" && !isClosed) {
      isClosed = true;
      await guard.close();
      await stage.close();
      ports.close();
    }
  }, fail);
  send({ kind: "ready", splits: stage.splits, calls: guard.words, activity: guard.activity });
}

interface Inbox {
  /**
   * A part, or of a stage that takes chunks whole all parts of all in-edges: the coordinator's word may come before they
   * do. Parts of one edge come in order.
   */
  readonly take: (chunk: number, part: number) => Promise<readonly ArrivedChunk[]>;
  /** Whoever waits, now or later, gets `Stopped`. */
  readonly giveUp: () => void;
}

function createInbox(ports: WorkerPorts, { takesParts, ins }: Pick<StageRunner, "takesParts" | "ins">): Inbox {
  const keyOf = (chunk: number, part: number): string => (takesParts ? `${chunk}.${part}` : String(chunk));
  const isAll = (messages: readonly ArrivedChunk[]): boolean => (takesParts ? messages.length === 1 : messages.filter(({ isLast }) => isLast).length === ins.length);
  const arrived = new Map<string, ArrivedChunk[]>();
  const waiting = new Map<string, { readonly come: (messages: readonly ArrivedChunk[]) => void; readonly giveUp: (error: Error) => void }>();
  const givenUp = (): Error => new Stopped("the run is being given up");
  let isGivenUp = false;
  ports.onChunk((message) => {
    const key = keyOf(message.id.ordinal, message.part);
    const messages = arrived.get(key) ?? [];
    messages.push(message);
    arrived.set(key, messages);
    if (isAll(messages)) waiting.get(key)?.come(messages);
  });
  return {
    take: async (chunk, part) => {
      const key = keyOf(chunk, part);
      const here = (): readonly ArrivedChunk[] => arrived.get(key) ?? [];
      while (!isAll(here()) && ports.poll());
      if (!isAll(here()) && isGivenUp) throw givenUp();
      const messages = isAll(here()) ? here() : await new Promise<readonly ArrivedChunk[]>((come, giveUp) => waiting.set(key, { come, giveUp }));
      arrived.delete(key);
      waiting.delete(key);
      return messages;
    },
    giveUp: () => {
      isGivenUp = true;
      for (const { giveUp } of waiting.values()) giveUp(givenUp());
    },
  };
}

async function runSinkWorker(pipeline: PipelineSpec, role: Extract<WorkerRole, { kind: "sink" }>, start: WorkerStart, control: MessagePort): Promise<void> {
  const send = (message: FromWorker): void => control.postMessage(message);
  const fail = faultSender(control);
  const sink = pipeline.sinks[role.sink];
  const edge = pipeline.edges.find(({ to }) => to.kind === "sink" && to.sink === role.sink);
  if (edge === undefined) throw new Error(`nothing leads to sink ${sink.label}`);
  const schema = edgeSchema(pipeline, edge);
  const writer = createSinkWriter({ sink, columns: schema.columns, groupChunks: pipeline.groupChunks, target: role.target, start: role.start, onGroup: (group) => send({ kind: "sinkGroup", ...group }) });
  const guard = openSinkGuard(start, role.sink, pipeline.stages.length + role.sink);
  const early = new Map<number, ChunkMessage[]>();
  let next = role.start.chunk;
  let last = Promise.resolve();

  const writeChunk = async (chunk: number, messages: readonly ChunkMessage[]): Promise<void> => {
    const started = performance.now();
    const rows = messages.some(({ isVoid }) => isVoid) ? [] : messages.flatMap((message) => decodeChunk(schema, message).rows);
    await guard.writing(messages[0].id, rows.length, () => writer.write(chunk, rows));
    send({ kind: "sinkDone", chunk, rows: rows.length, busyMs: performance.now() - started });
  };
  const writeInOrder = (): void => {
    for (let messages = early.get(next); messages?.at(-1)?.isLast === true; messages = early.get(next)) {
      const [chunk, due] = [next++, messages];
      early.delete(chunk);
      last = last.then(() => writeChunk(chunk, due)).catch(fail);
    }
  };
  const ports = openPorts(start, control);
  ports.onChunk((message) => {
    const messages = early.get(message.id.ordinal) ?? [];
    messages.push(message);
    early.set(message.id.ordinal, messages);
    writeInOrder();
  });
  inTurn(ports, async (message) => {
    await last;
    if (message.kind === "finish") {
      await guard.writing({ ordinal: next, split: 0, firstRow: 0 }, 0, () => writer.finish());
      send({ kind: "finished" });
    } else if (message.kind === "close") {
      await writer.abort();
      guard.close();
      ports.close();
    }
  }, fail);
  send({ kind: "ready", splits: undefined, activity: guard.activity });
}
