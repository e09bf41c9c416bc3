/**
 * Both ends of a channel, in two threads, with the ports, messages and pools of the engine's workers. The sender keeps
 * `AHEAD` batches on their way; the receiver decodes each, reads it and works on until `workMs` are over, as a model call
 * would, gives its buffers back, and says how long it stood still between two calls, or how long a batch took to an idle
 * receiver.
 */
import { performance } from "node:perf_hooks";
import { hrtime } from "node:process";
import { parentPort, workerData } from "node:worker_threads";
import type { MessagePort } from "node:worker_threads";
import { decodeChunk, encodeChunk, postChunk } from "../../runtime/channel/chunk-codec.ts";
import type { EdgeSchema } from "../../runtime/channel/chunk-codec.ts";
import type { Chunk } from "../../runtime/contract/chunk.ts";
import { createBufferPool } from "../../runtime/pool/buffer-pool.ts";
import { openPorts } from "../../runtime/topology/worker-ports.ts";
import type { ArrivedChunk } from "../../runtime/topology/worker-ports.ts";

interface Start {
  readonly port: MessagePort;
  readonly role: "send" | "receive";
  readonly batches: number;
  readonly workMs: number;
  /** Undefined: as fast as credits come. */
  readonly everyMs?: number;
}

const [VALUE, VALUES] = [0.5, 3 * 224 * 224];
const SUM = VALUE * VALUES;
const BATCH_BYTES = VALUES * Float32Array.BYTES_PER_ELEMENT;
/** About twice what goes home at a time. */
const AHEAD = 16;
const schema: EdgeSchema = { columns: [{ name: "pixels", type: { kind: "tensor", dtype: "f32", shape: [3, 224, 224] }, bytesMax: BATCH_BYTES }], levels: [] };
const micros = sharedClock();
const { port, role, batches, workMs, everyMs } = workerData as Start;
if (parentPort === null) throw new Error("a worker without the benchmark");
const coordinator = parentPort;

/**
 * Microseconds, the same in all threads. Each look at `hrtime.bigint()` makes an object: a call that waits by it would fill
 * the caches with ten thousand of them, as no model's call does.
 */
function sharedClock(): () => number {
  const looks = Array.from({ length: 20 }, () => Number(hrtime.bigint()) / 1000 - performance.now() * 1000);
  // The pair with the least between its two looks.
  const origin = Math.max(...looks);
  return () => origin + performance.now() * 1000;
}

/** Reads all of the batch, as a model does. */
function sumOf({ rows }: Chunk): number {
  const [{ pixels }] = rows;
  if (!(typeof pixels === "object" && pixels !== null && "data" in pixels && pixels.data instanceof Float32Array)) throw new Error("a batch was lost");
  let sum = 0;
  for (let index = 0; index < pixels.data.length; index++) sum += pixels.data[index];
  return sum;
}

function send(): void {
  const data = new Float32Array(VALUES).fill(VALUE);
  const pool = createBufferPool(AHEAD * BATCH_BYTES);
  const ports = openPorts({ inPorts: [], outPorts: [{ edge: 0, replica: 0, port }] }, coordinator);
  const sent: number[] = [];
  let credits = everyMs === undefined ? AHEAD : 0;
  const post = (): void => {
    const next = sent.length;
    const chunk = { id: { ordinal: next, split: 0, firstRow: next }, rows: [{ pixels: { dtype: "f32" as const, shape: [3, 224, 224], data } }], parents: [0], children: [0], levels: [], places: ["row"] };
    const message = encodeChunk(0, schema, chunk, pool.take);
    sent.push(micros());
    postChunk(ports.outPort(0, 0), message);
    if (sent.length === batches) coordinator.postMessage(sent);
  };
  const postAll = (): void => {
    for (; credits > 0 && sent.length < batches; credits--) post();
  };
  ports.onHome((_edge, buffers) => {
    pool.keep(buffers);
    if (everyMs === undefined) credits += buffers.length;
    postAll();
  });
  postAll();
  if (everyMs === undefined) return;
  const timer = setInterval(() => {
    post();
    if (sent.length === batches) clearInterval(timer);
  }, everyMs);
}

function receive(): void {
  const [begun, ended]: [number[], number[]] = [[], []];
  const ports = openPorts({ inPorts: [port], outPorts: [] }, coordinator);
  const waiting: ArrivedChunk[] = [];
  let isBusy = false;
  const work = (message: ArrivedChunk): void => {
    const chunk = decodeChunk(schema, message);
    begun.push(micros());
    const until = begun[begun.length - 1] + workMs * 1000;
    if (sumOf(chunk) !== SUM) throw new Error("a batch is not what was sent");
    while (micros() < until);
    ended.push(micros());
    ports.sendHome(message, AHEAD * BATCH_BYTES);
    if (begun.length === batches) coordinator.postMessage({ begun, ended });
  };
  const workAll = async (): Promise<void> => {
    if (isBusy) return;
    isBusy = true;
    for (let due = waiting.shift(); due !== undefined; due = waiting.shift()) {
      const turn = ports.giveTurn();
      if (turn !== undefined) await turn;
      work(due);
      // As a worker that has been told what to do next.
      if (waiting.length === 0) ports.poll();
    }
    isBusy = false;
  };
  ports.onChunk((message) => {
    waiting.push(message);
    void workAll();
  });
}

if (role === "send") send();
else receive();
