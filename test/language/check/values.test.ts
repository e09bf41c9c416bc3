/** Types of values: literals, conversions, null, enumerations, records, indexing. Codes where there is a complaint. */
import { describe, expect, test } from "vitest";
import { printType } from "../../../language/check/print-type.ts";
import { checkedOf, codesOf, mapText } from "../../support/check-codes.ts";

function typeOf(row: string, value: string): string {
  const [pipeline] = checkedOf(mapText(row, value)).pipelines;
  const field = pipeline?.streams.at(-1)?.row.fields[0];
  return field === undefined ? "" : printType(field.type);
}

describe("types of values", () => {
  test.each([
    ["a: f32", ".a * 2", "f32"],
    ["a: f32", "2 * .a + 1.5", "f32"],
    ["a: u8", ".a + 255", "u8"],
    ["a: i8", ".a - -128", "i8"],
    ["a: int", ".a / 2", "int"],
    ["a: tensor<f32>[3]", ".a / 255", "tensor<f32>[3]"],
    ["a: tensor<f32>[3], b: tensor<f32>[3]", ".a * .b", "tensor<f32>[3]"],
    ["a: tensor<f32>[3, T]", ".a[0]", "tensor<f32>[T]"],
    ["a: tensor<f32>[3, 4]", ".a[-1, 2]", "f32"],
    ["a: tensor<u8>[3]", ".a as f32", "tensor<f32>[3]"],
    ["a: tensor<f32>[T]", ".a as tensor<f32>[8]", "tensor<f32>[8]"],
    ["a: f32", "[.a, 1, 2] as tensor<f32>[3]", "tensor<f32>[3]"],
    ["a: f32", "[[.a, 1], [2, .a]] as tensor<f32>[2, 2]", "tensor<f32>[2, 2]"],
    ["a: tensor<f32>[3]", ".a > 0.5", "tensor<bool>[3]"],
    ["a: tensor<f32>[3]", ".a == .a", "bool"],
    ["a: string?", ".a ?? \"none\"", "string"],
    ["a: int?, b: int?", ".a ?? .b", "int?"],
    ["a: int?", "if .a != null then .a + 1 else 0", "int"],
    ["a: int?", "if .a == null then 0 else .a", "int"],
    ["a: int?", ".a != null and .a > 3", "bool"],
    ["a: int?", "not (.a == null or .a < 3)", "bool"],
    ["a: { b: int? }", "if .a.b != null then .a.b else 1", "int"],
    ["a: f32?", ".a ?? 29.7", "f32"],
    ["a: int", "if .a > 1 then .a else null", "int?"],
    ["a: f32", "[.a, 1, 2.5]", "list<f32>"],
    ["a: int", "if .a > 2 then 1 else 2.5", "float"],
    ["a: list<{ b: string }>", ".a[0].b", "string"],
    ["a: int?", "if .a != null then .a + 1 else null", "int?"],
    ["a: \"x\" | \"y\", b: string", ".a == .b and .a == \"x\"", "bool"],
    ["a: string", ".a in [\"x\", \"y\"]", "bool"],
    ["a: f32", ".a in 0..1", "bool"],
    ["a: string", "\"<{prefix}>\" == .a", "bool"],
    ["a: bytes", "decode_image(.a, mode: \"L\") |> resize(height: 8, width: 8, filter: \"box\")", "tensor<u8>[8, 8, 1]"],
    ["a: tensor<f32>[10]", "top_k(.a, k: 3)", "{ values: tensor<f32>[3], indices: tensor<i64>[3] }"],
    ["a: tensor<f32>[10]", "{ best: argmax(.a), ..top_k(.a, k: 2) }", "{ best: int, values: tensor<f32>[2], indices: tensor<i64>[2] }"],
  ])("of { %s }: %s is %s", (row, value, type) => {
    expect(typeOf(row, value.replace("{prefix}", "a"))).toBe(type);
  });

  test.each([
    ["a: f32, b: f64", ".a + .b", "P0301"],
    ["a: int, b: f32", ".a < .b", "P0301"],
    ["a: int", ".a + 1.5", "P0306"],
    ["a: u8", ".a + 256", "P0306"],
    ["a: int", ".a + 9223372036854775808", "P0306"],
    ["a: u64", ".a + 18446744073709551615", undefined],
    ["a: int?", ".a + 1", "P0303"],
    ["a: int?", "if .a > 1 then 1 else 2", "P0303"],
    ["a: int?", ".a == null or .a > 3", undefined],
    ["a: int?", ".a != null or .a > 3", "P0303"],
    ["a: string", "if .a then 1 else 2", "P0301"],
    ["a: string", "[.a, 1]", "P0301"],
    ["a: tensor<f32>[3], b: tensor<f32>[T]", ".a + .b", "P0411"],
    ["a: tensor<f32>[3]", ".a[3]", "P0415"],
    ["a: tensor<f32>[10]", "top_k(.a, k: 11)", "P0404"],
    ["a: tensor<f32>[T]", "top_k(.a, k: 3)", "P0404"],
    ["a: tensor<f32>[3]", "nms(.a)", "P0307"],
    ["a: bool", "-.a", "P0305"],
    ["a: int", "{ b: .a, b: 2 }", "P0312"],
    ["a: int", ".b", "P0302"],
    ["a: \"x\" | \"y\"", ".a == \"z\"", "P0316"],
    ["a: string", "\"{a}\"", "P0201"],
    ["a: int", "a", "P0201"],
  ])("of { %s }: %s gives %s", (row, value, code) => {
    expect(codesOf(mapText(row, value))).toEqual(code === undefined ? [] : [code]);
  });

  test("one mistake gives one message, however often its result is used", () => {
    expect(codesOf(`record R { a: int }
fn wrong(x: int) -> int = x + "a"
pipeline p {
  let rows = read parquet("in") as R
  let more = rows |> { .a, b: .nope } |> { .a, .b, c: .b + 1, d: lower(.b) }
  write more |> filter(.c > .b) to parquet("out")
}
`)).toEqual(["P0305", "P0302"]);
  });

  test("an int parameter may be a dimension, whose value callers give", () => {
    const program = checkedOf(`
fn square(b: bytes, side: int) -> tensor<u8>[side, side, 3] = b |> decode_image(mode: "RGB") |> resize(height: side, width: side, filter: "box")
fn small(b: bytes) -> tensor<u8>[32, 32, 3] = square(b, 32)
`);
    expect(program.functions.map((fn) => printType(fn.result))).toEqual(["tensor<u8>[side, side, 3]", "tensor<u8>[32, 32, 3]"]);
  });

  test("a list in brackets is the tensor or the list that a function's result declares", () => {
    const program = checkedOf(`
fn three(a: int) -> tensor<f32>[3] = [a as f32, 1, 2]
fn none(a: int) -> list<int> = []
fn both(a: f32) -> { v: tensor<f32>[2], w: list<f32> } = { v: [a, 2], w: [a, 2] }
`);
    expect(program.functions.map((fn) => printType(fn.body.type))).toEqual(["tensor<f32>[3]", "list<int>", "{ v: tensor<f32>[2], w: list<f32> }"]);
  });

  test("numbers of params take the dtype they meet, as literals do", () => {
    expect(codesOf(`param cut: float = 0.5\nparam n: int = 3\n${mapText("a: f32", ".a > cut and .a < n")}`)).toEqual([]);
  });
});
