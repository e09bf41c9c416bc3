import { describe, expect, it } from "vitest";
import { conform, findRowFault } from "../../../runtime/contract/check-value.ts";
import type { ColumnType } from "../../../runtime/contract/column.ts";
import { deferTensor } from "../../../runtime/contract/deferred-tensor.ts";
import { RowError } from "../../../runtime/contract/kernel.ts";
import type { Dtype, TensorData, Value } from "../../../runtime/contract/value.ts";

function faultOf(type: ColumnType, value: Value, bytesMax = 100): string | undefined {
  return findRowFault([{ name: "x", type, bytesMax }], { x: value });
}

describe("a value of a column", () => {
  const mode: ColumnType = { kind: "string", choices: ["fast", "slow"] };

  it.each<[string, ColumnType, Value]>([
    ["one of the choices", mode, "fast"],
    ["no choice where there may be none", { kind: "optional", inner: mode }, null],
    ["an empty list", { kind: "list", element: mode }, []],
    ["an integer of 64 bits", { kind: "scalar", dtype: "i64" }, 5n],
  ])("may be %s", (_what, type, value) => expect(faultOf(type, value)).toBeUndefined());

  it.each<[string, ColumnType, Value, string]>([
    ["another string than the choices", mode, "medium", 'field `x` is "medium", but it must be one of "fast", "slow"'],
    ["a list with another string in it", { kind: "list", element: mode }, ["fast", "Fast"], 'field `x` at [1] is "Fast", but it must be one of "fast", "slow"'],
    ["null without `?`", mode, null, "field `x` is null, but its type string is not optional"],
    ["a number of another kind", { kind: "scalar", dtype: "u8" }, 5n, "field `x` is 5, but its type is u8"],
  ])("may not be %s", (_what, type, value, fault) => expect(faultOf(type, value)).toBe(fault));
});

describe("what a function in TypeScript gives", () => {
  const scalar = (dtype: Exclude<Dtype, "string">): ColumnType => ({ kind: "scalar", dtype });
  const tensorType = (dtype: Dtype): ColumnType => ({ kind: "tensor", dtype, shape: [null] });
  const tensor = (dtype: Dtype, data: TensorData, shape: readonly number[] = [data.length]): Value => ({ dtype, shape, data });
  // As untyped code would.
  const odd = (text: string): Value => JSON.parse(text) as Value;

  it.each<[string, ColumnType, Value, Value]>([
    ["a number for i64", scalar("i64"), -3, -3n],
    ["the largest of u64", scalar("u64"), 2n ** 64n - 1n, 2n ** 64n - 1n],
    ["the least of i8", scalar("i8"), -128, -128],
    ["a number rounded to f32", scalar("f32"), 0.1, Math.fround(0.1)],
    ["infinity", scalar("f16"), -Infinity, -Infinity],
    ["not a number", scalar("f32"), NaN, NaN],
    ["a list with holes of what may be missing", { kind: "list", element: { kind: "optional", inner: scalar("i32") } }, new Array<Value>(2), [null, null]],
    ["bytes of a Buffer", tensorType("u8"), tensor("u8", Buffer.from([1, 2])), tensor("u8", Buffer.from([1, 2]))],
    ["truths", tensorType("bool"), tensor("bool", new Uint8Array([0, 1])), tensor("bool", new Uint8Array([0, 1]))],
    ["strings", tensorType("string"), tensor("string", ["a"]), tensor("string", ["a"])],
    ["bits of f16", tensorType("f16"), tensor("f16", new Uint16Array([0x7c00])), tensor("f16", new Uint16Array([0x7c00]))],
  ])("may be %s", (_what, type, value, made) => expect(conform(type, value, "`u`")).toEqual(made));

  it.each<[string, ColumnType, Value, string]>([
    ["part of a whole number", scalar("u8"), 300.5, "is 300.5, but its type is u8"],
    ["not a number for a whole one", scalar("u32"), NaN, "is NaN, but its type is u32"],
    ["infinity for a whole number", scalar("i16"), Infinity, "is Infinity, but its type is i16"],
    ["too large", scalar("u8"), 256, "is 256, which does not fit u8 (0 to 255)"],
    ["too large for 64 bits", scalar("i64"), 2n ** 63n, "is 9223372036854775808, which does not fit i64 (-9223372036854775808 to 9223372036854775807)"],
    ["less than none", scalar("u64"), -1, "is -1, which does not fit u64 (0 to 18446744073709551615)"],
    ["too large in a list", { kind: "list", element: scalar("i32") }, [0, 2 ** 32], "at [1] is 4294967296, which does not fit i32 (-2147483648 to 2147483647)"],
    ["too large in a field", { kind: "record", fields: [{ name: "x", type: scalar("f16"), bytesMax: 2 }] }, { x: 1e6 }, "at .x is 1000000, which does not fit f16"],
    ["a number that would be infinite", { kind: "optional", inner: scalar("f32") }, -1e300, "is -1e+300, which does not fit f32"],
    ["a hole in a list", { kind: "list", element: scalar("i32") }, new Array<Value>(1), "at [0] is null, but its type i32 is not optional"],
    ["numbers of another precision", tensorType("f32"), tensor("f32", new Float64Array(2)), "has its elements in Float64Array, and those of f32 are in Float32Array"],
    ["numbers of another kind", tensorType("f16"), tensor("f16", new Float32Array(2)), "has its elements in Float32Array, and those of f16 are in Uint16Array"],
    ["a plain list of numbers", tensorType("f32"), odd('{"dtype": "f32", "shape": [1], "data": [1]}'), "has its elements in Array, and those of f32 are in Float32Array"],
    ["numbers for strings", tensorType("string"), odd('{"dtype": "string", "shape": [1], "data": [1]}'), "has elements that are no strings"],
    ["no elements at all", tensorType("f32"), odd('{"dtype": "f32", "shape": [1], "data": null}'), "has its elements in Null, and those of f32 are in Float32Array"],
    ["neither true nor false", tensorType("bool"), tensor("bool", new Uint8Array([0, 2])), "has elements other than 0 and 1, which are those of bool"],
    ["less than nothing", { kind: "tensor", dtype: "u8", shape: [null, null] }, tensor("u8", new Uint8Array(2), [-1, -2]), "has the shape [-1, -2], and sizes are whole numbers from 0 on"],
    ["part of a size", tensorType("u8"), tensor("u8", new Uint8Array(2), [2.5]), "has the shape [2.5], and sizes are whole numbers from 0 on"],
    ["a shape that is none", tensorType("u8"), odd('{"dtype": "u8", "shape": "2", "data": []}'), "has the shape String, and sizes are whole numbers from 0 on"],
    ["another dtype", tensorType("u8"), tensor("i8", new Int8Array(2)), "is tensor<i8>[2], but its type is tensor<u8>[_]"],
  ])("may not be %s", (_what, type, value, fault) => expect(() => conform(type, value, "`u`")).toThrow(new RowError(`the result of \`u\` ${fault}`)));

  it("may be a tensor whose elements are not made yet, and they stay so", () => {
    const late = deferTensor([2], () => {
      throw new Error("nobody asked");
    });
    expect(conform(tensorType("f32"), late, "`u`")).toBe(late);
  });
});
