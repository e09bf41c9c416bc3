import { MessageChannel, receiveMessageOnPort } from "node:worker_threads";
import { expect, test } from "vitest";
import { collectSpent, decodeChunk, encodeChunk, postChunk } from "../../../runtime/channel/chunk-codec.ts";
import type { EdgeSchema } from "../../../runtime/channel/chunk-codec.ts";
import { fromWire } from "../../../runtime/channel/wire-chunk.ts";
import { createBufferPool, POOLED_BYTES_MIN } from "../../../runtime/pool/buffer-pool.ts";

const large = 2 * POOLED_BYTES_MIN;

test("a buffer that came home is taken again where its size is wanted, and only there", () => {
  const pool = createBufferPool(10 * large);
  const home = new ArrayBuffer(large);
  pool.keep([home]);
  expect(pool.take(large + 8)).not.toBe(home);
  expect(pool.take(large)).toBe(home);
  expect(pool.take(large)).not.toBe(home);
});

test("what passes the bound is let go, oldest first; small buffers are never kept waiting for", () => {
  const pool = createBufferPool(2 * large);
  const [a, b, c] = [new ArrayBuffer(large), new ArrayBuffer(large), new ArrayBuffer(large)];
  pool.keep([a]);
  pool.keep([b, c]);
  expect([pool.take(large), pool.take(large)]).toEqual([c, b]);
  expect(pool.take(large)).not.toBe(a);
  expect(pool.take(16).byteLength).toBe(16);
});

test("chunks go out in pooled buffers, whatever those held, and the buffers come home", () => {
  const schema: EdgeSchema = { columns: [{ name: "x", type: { kind: "tensor", dtype: "f32", shape: [null] }, bytesMax: 2 ** 20 }], levels: [] };
  const rows = [1, 2].map((value) => ({ x: { dtype: "f32" as const, shape: [large / 8], data: new Float32Array(large / 8).fill(value) } }));
  const chunk = { id: { ordinal: 0, split: 0, firstRow: 0 }, rows, parents: [0, 0], children: [0, 1], levels: [], places: ["a", "b"] };
  const pool = createBufferPool(10 * large);
  const stale = new ArrayBuffer(large);
  new Float32Array(stale).fill(7);
  pool.keep([stale]);
  const { port1, port2 } = new MessageChannel();
  postChunk(port1, encodeChunk(0, schema, chunk, pool.take));
  expect(stale.byteLength).toBe(0);
  const arrived = fromWire(receiveMessageOnPort(port2)?.message);
  expect(decodeChunk(schema, arrived)).toEqual(chunk);
  const spent: ArrayBuffer[] = [];
  expect(collectSpent(arrived, POOLED_BYTES_MIN, spent)).toBe(large);
  port2.postMessage(spent, spent);
  const home: readonly ArrayBuffer[] = receiveMessageOnPort(port1)?.message;
  pool.keep(home);
  expect(home.map((buffer) => buffer.byteLength)).toEqual([large]);
  expect(pool.take(large)).toBe(home[0]);
  port1.close();
});
