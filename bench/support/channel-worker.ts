/**
 * Both ends of a channel as the engine uses it, in two threads. The sender keeps `AHEAD` batches on their way; the
 * receiver decodes each, works for `workMs` as a model call would, gives the credit back, and says how long it stood
 * still between two calls, or how long a batch took to an idle receiver.
 */
import { hrtime } from "node:process";
import { parentPort, workerData } from "node:worker_threads";
import type { MessagePort } from "node:worker_threads";
import { decodeChunk, encodeChunk, postChunk } from "../../runtime/channel/chunk-codec.ts";
import type { ChunkMessage, EdgeSchema } from "../../runtime/channel/chunk-codec.ts";

interface Start {
  readonly port: MessagePort;
  readonly role: "send" | "receive";
  readonly batches: number;
  readonly workMs: number;
  /** Undefined: as fast as credits come. */
  readonly everyMs?: number;
}

const AHEAD = 4;
const schema: EdgeSchema = { columns: [{ name: "pixels", type: { kind: "tensor", dtype: "f32", shape: [3, 224, 224] }, bytesMax: 602_112 }], levels: [] };
const micros = (): number => Number(hrtime.bigint()) / 1000;
const { port, role, batches, workMs, everyMs } = workerData as Start;

function send(): void {
  const data = new Float32Array(3 * 224 * 224).fill(0.5);
  const sent: number[] = [];
  let [credits, next] = [AHEAD, 0];
  const post = (): void => {
    const chunk = { id: { ordinal: next, split: 0, firstRow: next }, rows: [{ pixels: { dtype: "f32" as const, shape: [3, 224, 224], data } }], parents: [0], children: [0], levels: [], places: ["row"] };
    const message = encodeChunk(0, schema, chunk);
    sent[next++] = micros();
    postChunk(port, message);
  };
  port.on("message", () => {
    credits++;
    while (everyMs === undefined && credits > 0 && next < batches) {
      credits--;
      post();
    }
    if (credits === AHEAD && next === batches) {
      parentPort?.postMessage(sent);
      port.close();
    }
  });
  if (everyMs === undefined) while (credits-- > 0) post();
  else {
    const timer = setInterval(() => {
      post();
      credits--;
      if (next === batches) clearInterval(timer);
    }, everyMs);
  }
  credits = Math.max(0, credits);
}

function receive(): void {
  const [begun, ended]: [number[], number[]] = [[], []];
  port.on("message", (message: ChunkMessage) => {
    const chunk = decodeChunk(schema, message);
    begun.push(micros());
    if (chunk.rows.length !== 1) throw new Error("a batch was lost");
    for (const until = micros() + workMs * 1000; micros() < until; );
    ended.push(micros());
    port.postMessage(null);
    if (begun.length === batches) parentPort?.postMessage({ begun, ended });
  });
  port.on("close", () => port.close());
}

if (role === "send") send();
else receive();
