import { describe, expect, test } from "vitest";
import { createSourceFile } from "../../../language/source/source-file.ts";
import type { Expr, PipelineAst } from "../../../language/syntax/ast.ts";
import { plainText } from "../../../language/syntax/ast.ts";
import { verifyGrammar } from "../../../language/syntax/grammar.ts";
import { parseFile, parseSignature } from "../../../language/syntax/parse.ts";
import { describeWithShared } from "../../support/shared.ts";
import { sharedPrograms, withoutSpans } from "../../support/syntax.ts";

function parse(text: string) {
  return parseFile(createSourceFile("main.pipe", text));
}

function parseClean(text: string): PipelineAst {
  const { ast, diagnostics } = parse(text);
  expect(diagnostics).toEqual([]);
  return ast;
}

function codesOf(text: string): readonly string[] {
  return parse(text).diagnostics.map(({ code }) => code);
}

/** The expression of `const x = ...`. */
function valueOf(text: string): Expr {
  const [item] = parseClean(`const x = ${text}`).items;
  if (item?.kind !== "const") throw new Error("no const");
  return item.value;
}

test("the grammar is LL(1) and unambiguous", () => {
  verifyGrammar();
});

describeWithShared("the shared programs", "programs", () => {
  test.each(sharedPrograms())("$name parses clean", ({ text }) => {
    expect(parseClean(text).items.length).toBeGreaterThan(4);
  });
});

test.each([
  "pipeline p with { errors: skip } { let a = read jsonl(1) as R }",
  "pipeline p { let a = read jsonl(1) as R } with { errors: skip }",
  "pipeline p { let a = read jsonl(1) as R }\nwith { errors: skip }",
  "pipeline p {\n  errors: skip\n  let a = read jsonl(1) as R\n}",
  "pipeline p {\n  let a = read jsonl(1) as R\n  write a to jsonl(2)\n  errors: skip\n}",
])("a pipeline's settings in another place: %s", (text) => {
  const [first] = parse(text).diagnostics;
  expect(first?.reason).toBe("the settings of a pipeline are the first thing between its braces: `pipeline p { with { … } … }`");
});

test.each(["fn f(x: int) -> int {\n  errors: 1\n  return x\n}", 'test "t" {\n  errors: 1\n}'])("what only looks like settings: %s", (text) => {
  const { diagnostics } = parse(text);
  expect(diagnostics.length).toBeGreaterThan(0);
  expect(diagnostics.map(({ reason }) => reason ?? "").join()).not.toContain("settings");
});

describe("words", () => {
  test("keywords may name fields, arguments, settings and keys", () => {
    const words = "edition import from as model where pipeline test with let to if then or not true null tensor list in".split(" ");
    for (const word of words) {
      parseClean(`record R { ${word}: int }\nfn f(${word}: int) -> (${word}: int) = g(${word}: x.${word}, { .${word}, ${word}: .${word} })`);
      parseClean(`model m { ${word}: 1 }`);
    }
  });

  test("a unit needs a number before it and ends the word", () => {
    expect(valueOf("2 s")).toMatchObject({ kind: "quantity", value: 2, unit: "s" });
    expect(valueOf("1_000ms")).toMatchObject({ kind: "quantity", value: 1000, text: "1000", unit: "ms" });
    expect(valueOf("[2 * h, d]")).toMatchObject({ kind: "list", elements: [{ kind: "binary" }, { kind: "name", name: "d" }] });
    expect(valueOf("10 %")).toMatchObject({ kind: "quantity", unit: "%" });
  });

  test("a number with a unit that does not exist is missing, and said once", () => {
    expect(codesOf("const a = f(2 hours)\nconst b = 5 x_s")).toEqual(["P0110", "P0110"]);
  });

  test("`>=` ends a type and assigns", () => {
    parseClean("param sizes: list<int>=[1, 2]\nconst names: list<list<string>>=[[\"a\"]]\nfn f(x: list<int>, y: int) -> bool = y >= 1");
    expect(codesOf("const a: list<int = 1 >= 2")).toEqual(["P0101"]);
  });

  test("strings know their parts and places", () => {
    const literal = valueOf(String.raw`"a\t{out}{{x}}\u{1F600}"`);
    if (literal.kind !== "string") throw new Error("no string");
    expect(withoutSpans(literal.parts)).toEqual([
      { kind: "text", text: "a\t" },
      { kind: "interpolation", name: { kind: "identifier", name: "out" } },
      { kind: "text", text: "{x}😀" },
    ]);
    expect(literal.parts.map(({ span }) => [span.start, span.end])).toEqual([[11, 14], [14, 19], [19, 33]]);
    expect(plainText(literal)).toBeUndefined();
    const plain = valueOf(String.raw`"say \"{{hi}}\""`);
    expect(plain.kind === "string" ? plainText(plain) : "").toBe("say \"{hi}\"");
  });

  test("a file may be empty or hold only comments", () => {
    expect(parseClean("").items).toEqual([]);
    expect(parseClean("// nothing\n/// here").items).toEqual([]);
  });
});

describe("structure", () => {
  test("brackets group and leave no node", () => {
    expect(valueOf("(a - b) - c")).toMatchObject({ left: { kind: "binary", op: "-" }, right: { kind: "name" } });
    expect(valueOf("a - (b - c)")).toMatchObject({ left: { kind: "name" }, right: { kind: "binary", op: "-" } });
  });

  test("a step without brackets is a bare call, a name elsewhere is a name", () => {
    expect(valueOf("a |> phash |> f()")).toMatchObject({
      kind: "pipe", source: { kind: "name" }, steps: [{ step: { kind: "call", bare: true } }, { step: { kind: "call", bare: false } }],
    });
  });

  test("not binds looser than a comparison, minus tighter than everything", () => {
    expect(valueOf("not .a in b")).toMatchObject({ kind: "unary", op: "not", operand: { kind: "binary", op: "in" } });
    expect(valueOf("-a * b")).toMatchObject({ kind: "binary", op: "*", left: { kind: "unary", op: "-" } });
    expect(valueOf("a ?? b + 1 as f32")).toMatchObject({ op: "??", right: { op: "+", right: { kind: "cast" } } });
  });

  test("else-if chains and pipes in arguments nest", () => {
    expect(valueOf("if a then 1 else if b then 2 else 3")).toMatchObject({ else: { kind: "if", else: { text: "3" } } });
    expect(valueOf("f(.x |> g(1), h: .y |> k)")).toMatchObject({ args: [{ name: undefined, value: { kind: "pipe" } }, { name: { name: "h" }, value: { kind: "pipe" } }] });
  });

  test("doc comments belong to the item or field after them", () => {
    const { items } = parseClean("/// one\n///  two\n\nexport record R {\n  /// of a\n  a: int,\n  b: int,\n}\n// not a doc\nparam p: int");
    expect(items[0]).toMatchObject({ doc: { text: "one\n two" }, exported: true, fields: [{ doc: { text: "of a" } }, { doc: undefined }] });
    expect(items[1]).toMatchObject({ doc: undefined, exported: false });
  });

  test("a doc comment behind other text documents nothing", () => {
    expect(parseClean("record R {\n  a: int, /// not of b\n  b: int,\n}").items[0]).toMatchObject({ fields: [{ doc: undefined }, { doc: undefined }] });
  });

  test("spans cover the text of the node, brackets included", () => {
    const text = "const x = (a + b) * f(1)";
    const [item] = parseClean(text).items;
    if (item?.kind !== "const" || item.value.kind !== "binary") throw new Error("no product");
    const slice = ({ start, end }: { start: number; end: number }) => text.slice(start, end);
    expect(slice(item.span)).toBe(text);
    expect(slice(item.value.span)).toBe("(a + b) * f(1)");
    expect(slice(item.value.left.span)).toBe("a + b");
    expect(slice(item.value.right.span)).toBe("f(1)");
  });
});

describe("signatures of the catalogue", () => {
  test("rest dimensions and bounds", () => {
    const { signature, where, diagnostics } = parseSignature("(x: tensor<D>[..S, K], axis: int) -> (y: tensor<D>[..S]) where K <= 2 * axis");
    expect(diagnostics).toEqual([]);
    expect(signature).toMatchObject({ params: [{ type: { dims: [{ kind: "restDim", name: { name: "S" } }, { kind: "name" }] } }, {}], result: { kind: "fields" } });
    expect(where).toMatchObject([{ op: "<=", right: { op: "*" } }]);
  });

  test("what is wrong with one is reported", () => {
    expect(parseSignature("(x: int) ->").diagnostics).toHaveLength(1);
    expect(parseSignature("(x: int) -> int int").diagnostics).toHaveLength(1);
    expect(parseSignature("").signature).toMatchObject({ params: [], result: { kind: "missing" } });
  });
});

describe("broken files", () => {
  const kindsOf = (text: string) => parse(text).ast.items.map(({ kind }) => kind);

  test("a broken item leaves the others", () => {
    const text = "record A { id: string\nmodel m(x: tensor<f32[N]) { file: 1 }\nfn f( = 3\npipeline p {\nparam a: int = 1\nconst c = f(1,, 2)\ntest \"x\" {}";
    expect(kindsOf(text)).toEqual(["record", "model", "fn", "pipeline", "param", "const", "test"]);
    expect(codesOf(text)).toHaveLength(5);
  });

  test("a broken statement leaves the others", () => {
    const { ast, diagnostics } = parse("pipeline p {\n  let a = \n  let b = f(1 2)\n  let c = a |> { .id, 3 }\n  write c to\n  let d = 1\n}\n");
    expect(ast.items[0]).toMatchObject({ statements: [{ name: { name: "a" } }, { name: { name: "b" } }, { name: { name: "c" } }, { kind: "write" }, { name: { name: "d" }, value: { value: 1 } }] });
    expect(diagnostics).toHaveLength(4);
  });

  test("a misspelt keyword is read as the keyword", () => {
    const { ast, diagnostics } = parse("pipline p {\n  lte a = raed f(x) az R\n  wriet a to g() wiht { b: 1 }\n}\nparm q: int");
    expect(diagnostics.map(({ code }) => code)).toEqual(Array.from({ length: 7 }, () => "P0107"));
    expect(ast.items).toMatchObject([{ kind: "pipeline", statements: [{ value: { kind: "read" } }, { settings: { entries: [{}] } }] }, { kind: "param" }]);
  });

  test("a name that is a keyword keeps the item", () => {
    expect(codesOf("const model = 1\nfn test(x: int) -> int = x\npipeline let { let write = 1 }")).toEqual(["P0108", "P0108", "P0108", "P0108"]);
  });

  test("an item's keyword on a line of its own ends an open bracket", () => {
    expect(kindsOf("const a = f(1,\nparam b: int")).toEqual(["const", "param"]);
    expect(kindsOf("record R {\n  model: int,\n  test: int\n}")).toEqual(["record"]);
  });

  test("text without end is refused rather than parsed", () => {
    for (const open of ["(", "[", "{ a: ", "f(", "if "]) {
      const { diagnostics } = parse(`const x = ${open.repeat(20_000)}\nparam p: int`);
      expect(diagnostics.map(({ code }) => code)).toContain("P0111");
    }
    expect(codesOf(`const x = ${"1 + ".repeat(20_000)} 1`)).toEqual(["P0111"]);
    expect(codesOf(`const x = a${".b".repeat(20_000)}`)).toEqual(["P0111"]);
    expect(codesOf(`param x: ${"list<".repeat(20_000)}int`)).toEqual(["P0111"]);
  });

  test("nesting to the limit parses", () => {
    parseClean(`const x = ${"(".repeat(32)}1${")".repeat(32)}`);
    parseClean(`const x = [${Array.from({ length: 100 }, () => "if a then 1 else 2").join(", ")}]`);
  });
});
