/** One rank of a gang by itself: what it holds, gives away and waits for. */
import { expect, test } from "vitest";
import type { Backend } from "../../../runtime/contract/backend.ts";
import type { ModelPart, ModelSpec, SegmentSpec, TensorOrigin } from "../../../runtime/contract/program.ts";
import type { Tensor } from "../../../runtime/contract/value.ts";
import { createMailbox, PeerFailed } from "../../../runtime/stage/mailbox.ts";
import { openLocalPart } from "../../../runtime/stage/local-part.ts";
import { openRank } from "../../../runtime/stage/rank.ts";

const model: ModelSpec = { name: "m", at: { file: "a.pipe", line: 1, column: 1 }, file: "", inputs: [], outputs: [], batch: 1, fixedBatch: false, batched: true, pad: [], device: "cpu", intraOpThreads: 1 };
const number = (value: number): Tensor => ({ dtype: "f32", shape: [1], data: Float32Array.of(value) });
const valueOf = (tensor: Tensor | undefined): number => Number(tensor?.data[0]);
const self = (segment: number, port: string): TensorOrigin => ({ kind: "self", segment, port });
const peer = (rank: number, segment: number, port: string): TensorOrigin => ({ kind: "peer", rank, segment, port });
const segment = (file: string, inputs: Readonly<Record<string, TensorOrigin>>, outputs: readonly string[]): SegmentSpec => ({ file, inputs: Object.entries(inputs).map(([port, from]) => ({ port, from })), outputs });

/** Every segment gives the sum of what it is fed, at each of its outputs. A file named "broken" fails. */
const sums: Backend = {
  open: async (spec, file) => ({
    run: async (inputs) => {
      if (file.includes("broken")) throw new Error(`${file.split("/").at(-1)} broke`);
      const sum = [...inputs.values()].reduce((total, tensor) => total + valueOf(tensor), 0);
      return new Map(spec.outputs.map(({ port }) => [port, number(sum)]));
    },
    close: async () => {},
  }),
};

/** Three segments on each of two ranks: 1 + x is exchanged, then everything is added up. */
function part(files: readonly string[] = ["a", "b"]): ModelPart {
  const ranks = files.map((file, rank) => ({
    device: "cpu",
    segments: [
      segment(file, { x: { kind: "stage", value: "x" } }, ["p"]),
      segment("c", { own: self(0, "p"), other: peer(1 - rank, 0, "p") }, ["q"]),
      segment("d", { own: self(1, "q"), again: self(0, "p"), other: peer(1 - rank, 0, "p") }, ["y"]),
    ],
  }));
  return { call: "m", index: 0, count: 1, receives: ["x"], sends: ["y"], ranks, outputs: [{ value: "y", from: self(2, "y") }] };
}

test("ranks in one thread: tensors are handed over, and used again as often as wanted", async () => {
  const opened = await openLocalPart(sums, model, part());
  expect(valueOf((await opened.run(new Map([["x", number(3)]]))).get("y"))).toBe(12);
  expect(valueOf((await opened.run(new Map([["x", number(1)]]))).get("y"))).toBe(4);
  await opened.close();
});

test("of two ranks that fail by themselves the first is believed; one that only waited is not", async () => {
  const both = await openLocalPart(sums, model, part(["broken-a", "broken-b"]));
  await expect(both.run(new Map([["x", number(3)]]))).rejects.toThrow("broken-a broke");
  const second = await openLocalPart(sums, model, part(["a", "broken-b"]));
  await expect(second.run(new Map([["x", number(3)]]))).rejects.toThrow("broken-b broke");
});

test("only what nobody here wants any more is given away", async () => {
  const sent: unknown[] = [];
  const exchange = { send: (to: number, made: number, port: string, _: Tensor, mayGive: boolean) => sent.push([to, made, port, mayGive]), receive: async () => number(5), fail: () => {} };
  const first = await openRank(sums, model, part(), 0);
  await first.run(new Map([["x", number(3)]]), exchange);
  expect(sent).toEqual([[1, 0, "p", false]]);
  sent.length = 0;
  const all = part();
  const [zero, one] = all.ranks;
  const forgetful = await openRank(sums, model, { ...all, ranks: [{ ...zero, segments: [zero.segments[0], segment("c", { other: peer(1, 0, "p") }, ["q"]), segment("d", { own: self(1, "q") }, ["y"])] }, one] }, 0);
  await forgetful.run(new Map([["x", number(3)]]), exchange);
  expect(sent).toEqual([[1, 0, "p", true]]);
});

test("a mailbox gives what came before a fault, and nothing after it", async () => {
  const box = createMailbox();
  const waiting = box.take(1, 2, "q");
  box.put(1, 0, "p", number(1));
  box.fail(1, 1, new PeerFailed("gone"));
  await expect(waiting).rejects.toThrow("gone");
  expect(valueOf(await box.take(1, 0, "p"))).toBe(1);
  await expect(box.take(1, 1, "r")).rejects.toThrow("gone");
});
