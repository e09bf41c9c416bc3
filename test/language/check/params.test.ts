/** Params: ranges, defaults, what fixes them at build, values given there; secrets. */
import { describe, expect, test } from "vitest";
import { checkedOf, codesOf } from "../../support/check-codes.ts";

const rest = "\npipeline p {\n  let rows = read jsonl(input) as { id: string, text: string, score: f32 }\n  write rows |> filter(.score > cut) |> { .id, ..tokenize(.text, tok, max: most) } to jsonl(\"{output}/x\") \n}\n";
const params = "param input: uri = \"in\"\nparam output: uri = \"out\"\nparam cut: float in 0..1 = 0.5\nparam most: int in 16..512 = 128\nconst tok = tokenizer(\"tok.json\")\n";

describe("params", () => {
  test("that reach a shape are fixed at build, the others are given when the program runs", () => {
    const program = checkedOf(params + rest);
    expect(program.params.map(({ name, fixedAt }) => `${name} ${fixedAt}`)).toEqual(["input run", "output run", "cut run", "most build"]);
    expect(program.params[3]?.value).toEqual({ kind: "int", value: 128n });
  });

  test("given at build take that value", () => {
    const program = checkedOf(params + rest, { params: "most=64\ncut=0.25\n" });
    expect(program.params.map(({ value }) => value)).toMatchObject([undefined, undefined, { value: 0.25 }, { value: 64n }]);
    expect(program.pipelines[0]?.streams.at(-1)?.bytesMax).toMatchObject({ ids: 64 * 8 });
  });

  test.each([
    ["most=9", "P0217"], ["most=x", "P0217"], ["most=1.5", "P0217"], ["cut=2", "P0217"], ["mots=20", "P0220"],
  ])("given at build as %s: %s", (given, code) => {
    expect(codesOf(params + rest, { params: `${given}\n` })).toEqual([code]);
  });

  test("may be optional, enumerations, and refer to constants", () => {
    const program = checkedOf("const base = \"s3://x\"\nparam a: string? = null\nparam mode: \"fast\" | \"best\" = \"fast\"\nparam b: uri = \"{base}/in\"\nparam c: f32 in 0..1\n");
    expect(program.params.map((param) => param.default)).toEqual([{ kind: "null" }, { kind: "string", value: "fast" }, { kind: "string", value: "s3://x/in" }, undefined]);
  });

  test.each([
    ["param a: int = 1.5", "P0306"], ["param a: \"x\" | \"y\" = \"z\"", "P0316"], ["param a: int = b\nparam b: int = 2", "P0314"],
    ["param a: int in 1..b = 2\nparam b: int = 2", "P0322"], ["param a: bool = 1", "P0301"], ["param a: bool in 0..1 = true", "P0322"],
  ])("%s: %s", (text, code) => {
    expect(codesOf(`${text}\n`).join()).toBe(code);
  });

  test("in paths of settings do not become fixed", () => {
    const program = checkedOf("param out: uri = \"o\"\nparam every: int = 100\npipeline p {\n  with { errors: dead_letter(\"{out}/bad\", max: 1%), checkpoint: { at: \"{out}/c\", every: every } }\n  let rows = read jsonl(\"in\") as { id: string }\n  write rows to jsonl(out)\n}\n");
    expect(program.params.map(({ fixedAt }) => fixedAt)).toEqual(["run", "build"]);
    expect(program.pipelines[0]?.settings["errors"]).toMatchObject({ kind: "call", args: { path: { kind: "expr" }, max: { value: { value: 0.01 } } } });
  });
});

test("constants that depend on params of the run stand where they are used", () => {
  const program = checkedOf("param cut: float = 0.5\nconst high = cut * 2\n\npipeline p {\n  let rows = read jsonl(\"in\") as { score: f32 }\n  write rows |> filter(.score > high) to jsonl(\"out\")\n}\n");
  expect(program.constants).toEqual([]);
  expect(program.params[0]?.fixedAt).toBe("run");
});

test("a secret is read from the environment or a file and is no value of rows", () => {
  expect(checkedOf("secret token from env(\"HUB_TOKEN\")\n").secrets).toMatchObject([{ name: "token", from: { operator: "env" } }]);
  expect(codesOf("secret token from env(\"HUB_TOKEN\")\nconst x = \"a{token}\"\n")).toEqual(["P0218"]);
});
