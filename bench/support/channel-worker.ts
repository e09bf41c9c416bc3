/**
 * Both ends of a channel, in two threads, with the ports, messages and pools of the engine's workers. The sender keeps `AHEAD` batches on their way; the
 * receiver decodes each, works for `workMs` as a model call would, gives its buffers back, and says how long it stood
 * still between two calls, or how long a batch took to an idle receiver.
 */
import { hrtime } from "node:process";
import { parentPort, workerData } from "node:worker_threads";
import type { MessagePort } from "node:worker_threads";
import { decodeChunk, encodeChunk, postChunk } from "../../runtime/channel/chunk-codec.ts";
import type { EdgeSchema } from "../../runtime/channel/chunk-codec.ts";
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

const BATCH_BYTES = 3 * 224 * 224 * 4;
/** About twice what goes home at a time. */
const AHEAD = 16;
const schema: EdgeSchema = { columns: [{ name: "pixels", type: { kind: "tensor", dtype: "f32", shape: [3, 224, 224] }, bytesMax: BATCH_BYTES }], levels: [] };
const micros = (): number => Number(hrtime.bigint()) / 1000;
const { port, role, batches, workMs, everyMs } = workerData as Start;
if (parentPort === null) throw new Error("a worker without the benchmark");
const coordinator = parentPort;

function send(): void {
  const data = new Float32Array(3 * 224 * 224).fill(0.5);
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
    if (chunk.rows.length !== 1) throw new Error("a batch was lost");
    for (const until = micros() + workMs * 1000; micros() < until; );
    ended.push(micros());
    ports.sendHome(message, AHEAD * BATCH_BYTES);
    if (begun.length === batches) coordinator.postMessage({ begun, ended });
  };
  const workAll = async (): Promise<void> => {
    if (isBusy) return;
    isBusy = true;
    for (let due = waiting.shift(); due !== undefined; due = waiting.shift()) {
      await ports.giveTurn();
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
