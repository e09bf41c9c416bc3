/** Names across files: imports, exports, aliases, cycles, the standard library's modules. */
import { describe, expect, test } from "vitest";
import { checkText } from "../../support/stand-ins.ts";
import { checkedOf, codesOf } from "../../support/check-codes.ts";

const records = "export record Doc { id: string }\n\nexport fn shout(x: string) -> string = lower(x)\n\nrecord Own { id: string }\n";

describe("imports", () => {
  test("bring types, functions and constants, under another name if wanted", () => {
    const text = "import { Doc, shout as whisper } from \"./lib/records.pipe\"\n\nfn f(x: Doc) -> string = whisper(x.id)\n";
    expect(codesOf(text, { "lib/records.pipe": records })).toEqual([]);
  });

  test("are relative to the importing file", () => {
    const program = checkedOf("import { two } from \"./lib/a.pipe\"\n\nfn f(x: int) -> int = x + two\n", {
      "lib/a.pipe": "import { one } from \"../b.pipe\"\n\nexport const two = one + 1\n",
      "b.pipe": "export const one = 1\n",
    });
    expect(program.files.map(({ path }) => path)).toEqual(["main.pipe", "lib/a.pipe", "b.pipe"]);
  });

  test("problems of other files are reported in them, once", () => {
    const { all } = checkText("import { f } from \"./a.pipe\"\nimport { g } from \"./a.pipe\"\n\nfn h(x: int) -> int = f(g(x))\n", {
      "a.pipe": "export fn f(x: int) -> int = x +\n\nexport fn g(x: int) -> int = y\n",
    });
    expect(all.map(({ code, labels }) => `${code} ${labels[0]?.span.file}`)).toEqual(["P0101 a.pipe", "P0201 a.pipe"]);
  });

  test("a name whose import failed is not complained of again", () => {
    expect(codesOf("import { Doc, size, f } from \"./gone.pipe\"\n\nfn g(x: Doc) -> tensor<f32>[size] = f(x)\n")).toEqual(["P0205"]);
  });

  test("a circle is one complaint, where it closes", () => {
    const { all } = checkText("import { b } from \"./b.pipe\"\n\nexport const a = 1\nconst c = b\n", { "b.pipe": "import { a } from \"./main.pipe\"\n\nexport const b = a\n" });
    expect(all.map(({ code, labels }) => `${code} ${labels[0]?.span.file}`)).toEqual(["P0208 b.pipe"]);
  });

  test("an operator of a module may be imported under another name", () => {
    expect(codesOf("import { lower as small } from \"std/text\"\n\nfn f(x: string) -> string = small(x)\n")).toEqual([]);
    expect(codesOf("import { lowr } from \"std/text\"\n")).toEqual(["P0206"]);
  });
});

test("items may be used before they are declared, and an own function goes before an operator", () => {
  expect(codesOf("fn f(x: int) -> int = lower(x)\n\nfn lower(x: int) -> int = x - limit_of\n\nconst limit_of = 3\n")).toEqual([]);
});

test("symbols are unique over all files and never reserved words", () => {
  const program = checkedOf("import { f } from \"./a.pipe\"\n\nfn delete(x: int) -> int = f(x)\n\nfn make_it(x: int) -> int = x\n\nfn makeIt(x: int) -> int = delete(x)\n", { "a.pipe": "export fn f(x: int) -> int = make_it(x)\n\nfn make_it(x: int) -> int = x\n" });
  const symbols = program.functions.map(({ symbol }) => symbol);
  expect(new Set(symbols).size).toBe(symbols.length);
  expect(symbols).not.toContain("delete");
});

test("hardware of `std/hw` is counted and added", () => {
  const program = checkedOf("import { aws } from \"std/hw\"\n\nconst cluster = 2 * (3 * aws.g4dn_12xlarge + aws.m5_16xlarge)\n\npipeline p {\n  with { hardware: cluster }\n  let rows = read jsonl(\"in\") as { id: string }\n  write rows to jsonl(\"out\")\n}\n");
  expect(program.pipelines[0]?.settings["hardware"]).toMatchObject({ value: { name: "hardware", args: { nodes: { items: [
    { fields: { count: { value: 6n } } }, { fields: { count: { value: 2n } } },
  ] } } } });
});
