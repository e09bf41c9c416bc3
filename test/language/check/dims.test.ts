/** Dimensions: binding, agreement, bounds, fresh names. */
import { describe, expect, test } from "vitest";
import { printType } from "../../../language/check/print-type.ts";
import { checkedOf, codesOf } from "../../support/check-codes.ts";

/** The complaints about calling `f`, declared with a signature, on a value of a type. */
function call(signature: string, argument: string): string {
  return codesOf(`extern fn f${signature} from "./f.ts"\n\nfn g(x: ${argument}) -> int = f(x)\n`).join();
}

describe("binding at a use c*x + d", () => {
  test.each([
    ["(x: tensor<f32>[2*S]) -> int", "tensor<f32>[8]", ""],
    ["(x: tensor<f32>[2*S]) -> int", "tensor<f32>[2*T + 4]", ""],
    ["(x: tensor<f32>[2*S]) -> int", "tensor<f32>[7]", "P0403"],
    ["(x: tensor<f32>[2*S]) -> int", "tensor<f32>[T]", "P0403"],
    ["(x: tensor<f32>[S + 3]) -> int", "tensor<f32>[2]", "P0403"],
    ["(x: tensor<f32>[S + 3]) -> int", "tensor<f32>[T + 3]", ""],
    ["(x: tensor<f32>[S, S + 1]) -> int", "tensor<f32>[3, 4]", ""],
    ["(x: tensor<f32>[S, S + 1]) -> int", "tensor<f32>[3, 5]", "P0401"],
    ["(x: tensor<f32>[S, R, S*R]) -> int", "tensor<f32>[2, 3, 6]", ""],
    ["(x: tensor<f32>[S*R, S, R]) -> int", "tensor<f32>[6, 2, 3]", ""],
    ["(x: tensor<f32>[S*R, S, R]) -> int", "tensor<f32>[7, 2, 3]", "P0401"],
    ["(x: tensor<f32>[floor(S / 2), S]) -> int", "tensor<f32>[2, 5]", ""],
    ["(x: tensor<f32>[S*R]) -> int", "tensor<f32>[6]", "P0401"],
    ["(x: tensor<f32>[S]) -> int where S <= 8", "tensor<f32>[8]", ""],
    ["(x: tensor<f32>[S]) -> int where S <= 8", "tensor<f32>[9]", "P0404"],
    ["(x: tensor<f32>[S]) -> int where 2 <= S", "tensor<f32>[1]", "P0404"],
    ["(x: list<tensor<f32>[S]>) -> int", "list<tensor<f32>[T]>", ""],
    ["(x: { a: tensor<f32>[S], b: tensor<f32>[S] }) -> int", "{ a: tensor<f32>[T], b: tensor<f32>[T] }", ""],
    ["(x: { a: tensor<f32>[S], b: tensor<f32>[S] }) -> int", "{ a: tensor<f32>[T], b: tensor<f32>[U] }", "P0401"],
  ])("%s takes %s: %s", (signature, argument, code) => {
    expect(call(signature, argument)).toBe(code);
  });
});

describe("functions", () => {
  test("a function is generic in its dimensions", () => {
    expect(codesOf(`
fn double(x: tensor<f32>[T, K]) -> tensor<f32>[T, K] = x * 2
fn f(a: tensor<f32>[3, 4], b: tensor<f32>[T, 4]) -> tensor<f32>[3, 4] {
  let c = double(b)
  return double(a)
}
`)).toEqual([]);
  });

  test("its body may not choose the dimensions of its parameters", () => {
    expect(codesOf("fn f(x: tensor<f32>[T]) -> tensor<f32>[8] = x\n")).toEqual(["P0401"]);
    expect(codesOf("fn f(x: tensor<f32>[T], y: tensor<f32>[K]) -> tensor<f32>[T] = y\n")).toEqual(["P0401"]);
  });

  test("names of the result that nothing binds are fresh in each call", () => {
    expect(codesOf(`
extern fn words(x: string) -> tensor<f32>[S] where S <= 9 from "./f.ts"
fn f(a: string, b: string) -> tensor<f32>[S] where S <= 9 = words(a) + words(b)
`)).toEqual(["P0411"]);
  });

  test("elements of a list have dimensions of their own", () => {
    const source = `
extern fn crops(x: string) -> list<tensor<u8>[h, w, 3]> where h <= 64, w <= 64 from "./f.ts"
fn one(x: string) -> tensor<u8>[h, w, 3] where h <= 64, w <= 64 = crops(x)[0]
`;
    expect(codesOf(source)).toEqual([]);
    expect(codesOf(`${source}fn two(x: string) -> bool {\n  let all = crops(x)\n  return all[0] < all[1]\n}\n`)).toContain("P0411");
  });

  test("constants and build params are dimensions by their values", () => {
    const [fn] = checkedOf("const SIZE = 2 * half\nparam half: int = 8\n\nfn f(x: tensor<f32>[SIZE, T]) -> tensor<f32>[16, T] = x\n").functions;
    expect(fn && printType(fn.parameters[0]?.type ?? { kind: "error" })).toBe("tensor<f32>[16, T]");
  });
});
