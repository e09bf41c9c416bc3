import { setImmediate as nextTurn } from "node:timers/promises";
import { MessageChannel, receiveMessageOnPort } from "node:worker_threads";
import type { MessagePort } from "node:worker_threads";
import { afterEach, expect, test } from "vitest";
import { voidChunk } from "../../../runtime/channel/chunk-codec.ts";
import { toWire } from "../../../runtime/channel/wire-chunk.ts";
import type { WireChunk } from "../../../runtime/channel/wire-chunk.ts";
import { inTurn } from "../../../runtime/topology/in-turn.ts";
import type { ToWorker } from "../../../runtime/topology/messages.ts";
import { openPorts } from "../../../runtime/topology/worker-ports.ts";
import type { ArrivedChunk } from "../../../runtime/topology/worker-ports.ts";

const open: MessagePort[] = [];
afterEach(() => open.splice(0).forEach((port) => port.close()));

function channel(): { readonly ours: MessagePort; readonly theirs: MessagePort } {
  const { port1, port2 } = new MessageChannel();
  open.push(port1, port2);
  return { ours: port1, theirs: port2 };
}

function chunk(ordinal: number, bytes = 0): WireChunk {
  const empty = voidChunk(0, { ordinal, split: 0, firstRow: 0 });
  return toWire(bytes === 0 ? empty : { ...empty, columns: [{ layout: "fixed", data: new Uint8Array(bytes) }] });
}

/** A worker's ports, and what was told to whoever listens, in order. */
function listen(inPorts: readonly MessagePort[], control: MessagePort): { readonly ports: ReturnType<typeof openPorts>; readonly told: string[]; readonly chunks: ArrivedChunk[] } {
  const ports = openPorts({ inPorts, outPorts: [] }, control);
  const [told, chunks]: [string[], ArrivedChunk[]] = [[], []];
  ports.onControl((message) => told.push(message.kind === "run" ? `run ${message.chunk}` : message.kind));
  ports.onChunk((message) => {
    chunks.push(message);
    told.push(`chunk ${message.id.ordinal}`);
  });
  return { ports, told, chunks };
}

test("what comes is told by the event loop, and what has come since by a poll, the coordinator's words first", async () => {
  const [control, from] = [channel(), channel()];
  const { ports, told } = listen([from.ours], control.ours);
  expect(ports.poll()).toBe(false);
  from.theirs.postMessage(chunk(0));
  while (told.length === 0) await nextTurn();
  from.theirs.postMessage(chunk(1));
  from.theirs.postMessage(chunk(2));
  control.theirs.postMessage({ kind: "run", part: 0, chunk: 1, to: [] } satisfies ToWorker);
  expect([ports.poll(), ports.poll()]).toEqual([true, false]);
  expect(told).toEqual(["chunk 0", "run 1", "chunk 1", "chunk 2"]);
});

test("who is told ahead lets the event loop have its turn now and then: what comes home by it is there", async () => {
  const [control, out] = [channel(), channel()];
  const ports = openPorts({ inPorts: [], outPorts: [{ edge: 3, replica: 0, port: out.ours }] }, control.ours);
  const seen: string[] = [];
  ports.onHome((edge, buffers) => seen.push(`home ${edge}: ${buffers.length}`));
  const done = new Promise<void>((resolve) => {
    inTurn(ports, (message) => {
      if (message.kind !== "run") return resolve();
      seen.push(`chunk ${message.chunk}`);
      if (message.chunk === 0) out.theirs.postMessage([new ArrayBuffer(8)]);
      // Longer than a worker may go on without a turn.
      for (const started = performance.now(); performance.now() - started < 25; );
    }, (error) => expect.unreachable(String(error)));
  });
  for (let chunk = 0; chunk < 4; chunk++) control.theirs.postMessage({ kind: "run", part: 0, chunk, to: [] } satisfies ToWorker);
  control.theirs.postMessage({ kind: "close" } satisfies ToWorker);
  await done;
  expect(seen.filter((word) => word.startsWith("chunk"))).toEqual(["chunk 0", "chunk 1", "chunk 2", "chunk 3"]);
  expect(seen.indexOf("home 3: 1")).toBeLessThan(seen.indexOf("chunk 3"));
  expect(seen).toContain("home 3: 1");
});

test("who handles a word knows whether another is there", async () => {
  const { ours, theirs } = channel();
  const ports = openPorts({ inPorts: [], outPorts: [] }, ours);
  const more: boolean[] = [];
  const done = new Promise<void>((resolve) => {
    inTurn(ports, (message, hasMore) => {
      more.push(hasMore());
      if (message.kind === "close") resolve();
    }, (error) => expect.unreachable(String(error)));
  });
  const tell = (chunk: number): void => theirs.postMessage({ kind: "run", part: 0, chunk, to: [] } satisfies ToWorker);
  tell(0);
  while (more.length === 0) await nextTurn();
  tell(1);
  tell(2);
  expect(ports.poll()).toBe(true);
  theirs.postMessage({ kind: "close" } satisfies ToWorker);
  await done;
  expect(more).toEqual([false, true, false, false]);
});

test("a poll opens the ports that a word brings before others hear of it", async () => {
  const [control, first, second] = [channel(), channel(), channel()];
  const { ports, told } = listen([first.ours], control.ours);
  first.theirs.postMessage(chunk(0));
  while (told.length === 0) await nextTurn();
  second.theirs.postMessage(chunk(7));
  control.theirs.postMessage({ kind: "join", inPorts: [second.ours], outPorts: [] } satisfies ToWorker, [second.ours]);
  expect(ports.poll()).toBe(true);
  expect(told).toEqual(["chunk 0", "join", "chunk 7"]);
});

test("large buffers go home several at a time, to whoever sent them", async () => {
  const [control, first, second] = [channel(), channel(), channel()];
  const { ports, chunks } = listen([first.ours, second.ours], control.ours);
  for (const [index, { theirs }] of [first, second, first, first].entries()) theirs.postMessage(chunk(index, 2 ** 21 - 1));
  while (chunks.length < 4) await nextTurn();
  const mine = chunks.filter(({ id }) => id.ordinal !== 1);
  const home = (): number | undefined => receiveMessageOnPort(first.theirs)?.message.length;
  for (const message of mine.slice(0, 2)) ports.sendHome(message, 2 ** 30);
  for (const message of chunks.filter(({ id }) => id.ordinal === 1)) ports.sendHome(message, 2 ** 30);
  expect([home(), receiveMessageOnPort(second.theirs)]).toEqual([undefined, undefined]);
  for (const message of mine.slice(2)) ports.sendHome(message, 2 ** 30);
  expect([home(), home()]).toEqual([3, undefined]);
});

test("where little may lie on an edge, half of that goes home", async () => {
  const [control, from] = [channel(), channel()];
  const { ports, chunks } = listen([from.ours], control.ours);
  for (let ordinal = 0; ordinal < 4; ordinal++) from.theirs.postMessage(chunk(ordinal, 2 ** 18));
  while (chunks.length < 4) await nextTurn();
  const counts = chunks.map((message) => {
    ports.sendHome(message, 2 ** 20);
    return receiveMessageOnPort(from.theirs)?.message.length;
  });
  expect(counts).toEqual([undefined, 2, undefined, 2]);
});
