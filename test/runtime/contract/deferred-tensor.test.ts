import { expect, test } from "vitest";
import { bytesOf, findFault } from "../../../runtime/contract/check-value.ts";
import { deferTensor, fillDeferred } from "../../../runtime/contract/deferred-tensor.ts";
import { decodeColumns, encodeColumns } from "../../../runtime/channel/columns.ts";

const type = { kind: "tensor", dtype: "f32", shape: [2, 2] } as const;
const columns = [{ name: "x", type, bytesMax: 16 }];

test("rows carry elements on that nobody had to make before: each row's are made once, in its place", () => {
  const made: Float32Array[] = [];
  const rows = [1, 2, 3].map((value) => ({ x: deferTensor([2, 2], (target) => made.push(target.fill(value))) }));
  expect(rows.map(({ x }) => [findFault(type, x), bytesOf(x)])).toEqual([[undefined, 16], [undefined, 16], [undefined, 16]]);
  expect(made).toEqual([]);
  const [column] = encodeColumns(columns, rows);
  expect(made.map((target) => target.byteOffset)).toEqual([0, 16, 32]);
  expect(decodeColumns(columns, [column], 3).map(({ x }) => x)).toEqual([1, 2, 3].map((value) => ({ dtype: "f32", shape: [2, 2], data: new Float32Array(4).fill(value) })));
});

test("whoever looks finds a tensor like others, whose elements stay", () => {
  const tensor = deferTensor([3], (target) => target.set([1, 2, 3]));
  expect({ ...tensor }).toEqual({ dtype: "f32", shape: [3], data: Float32Array.of(1, 2, 3) });
  expect(tensor.data).toBe(tensor.data);
  expect(fillDeferred(tensor, new Float32Array(3))).toBe(false);
});

test("a shape of another size is a fault all the same", () => {
  expect(findFault(type, deferTensor([2, 3], () => {}))).toContain("tensor<f32>[2, 3]");
});
