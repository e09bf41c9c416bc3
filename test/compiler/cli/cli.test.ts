/** The command line: what each command prints and how it ends. */
import { existsSync, readFileSync, writeFileSync } from "node:fs";
import { SourceMap } from "node:module";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { createModelBuilder } from "../../../compiler/onnx/build-model.ts";
import type { ModelBuilder } from "../../../compiler/onnx/build-model.ts";
import { builtBytes } from "../../support/onnx-models.ts";
import { sampleFolder } from "../../support/compile-sample.ts";
import { makeWorkplace, node, pipec } from "../../support/workplace.ts";

const copy = `edition 1

record Note { id: string, text: string }

pipeline copy {
  let notes = read jsonl("notes.jsonl") as Note
  write notes to jsonl("out/notes")
}
`;

describe("check", () => {
  test("a clean program: exit 0, one line", async () => {
    const folder = makeWorkplace({ "copy.pipe": copy });
    expect(await pipec(folder, "check")).toEqual({ code: 0, stdout: "copy.pipe: no problems found\n", stderr: "" });
  });

  test("problems go to stderr with their places, exit 1", async () => {
    const folder = makeWorkplace({ "copy.pipe": copy.replace("write notes", "write note") });
    const { code, stdout, stderr } = await pipec(folder, "check");
    expect({ code, stdout }).toEqual({ code: 1, stdout: "" });
    expect(stderr).toMatch(/^error P\d{4}: /);
    expect(stderr).toContain("--> copy.pipe:7:9");
    expect(stderr).toContain("write `notes`");
    expect(stderr).toMatch(/1 error\n$/);
  });

  test("--json: the same object on stdout, nothing else", async () => {
    const folder = makeWorkplace({ "copy.pipe": copy.replace("write notes", "write note") });
    const { code, stdout, stderr } = await pipec(folder, "check", "--json");
    expect({ code, stderr }).toEqual({ code: 1, stderr: "" });
    const { diagnostics } = JSON.parse(stdout) as { diagnostics: { severity: string; labels: { span: { line: number; column: number } }[] }[] };
    expect(diagnostics).toHaveLength(1);
    expect(diagnostics[0]?.severity).toBe("error");
    expect(diagnostics[0]?.labels[0]?.span).toMatchObject({ line: 7, column: 9 });
  });
});

describe("which program", () => {
  test("none: exit 2, and what to do", async () => {
    const { code, stderr } = await pipec(makeWorkplace(), "check");
    expect(code).toBe(2);
    expect(stderr).toContain("error P0801: there is no `.pipe` file in this folder");
    expect(stderr).toContain("pipec init");
  });

  test("several: exit 2, with their names", async () => {
    const { code, stderr } = await pipec(makeWorkplace({ "a.pipe": copy, "b.pipe": copy }), "build");
    expect(code).toBe(2);
    expect(stderr).toContain("error P0802");
    expect(stderr).toContain("a.pipe, b.pipe");
  });

  test("several with main.pipe: that one", async () => {
    const { stdout } = await pipec(makeWorkplace({ "a.pipe": copy, "main.pipe": copy }), "check");
    expect(stdout).toContain("main.pipe: no problems found");
  });

  test("a missing one: exit 2, its name", async () => {
    const { code, stderr } = await pipec(makeWorkplace(), "check", "nothing.pipe");
    expect(code).toBe(2);
    expect(stderr).toContain("error P0803: nothing.pipe cannot be read: there is no such file");
  });
});

describe("usage", () => {
  test.each([
    [["bild"], "Did you mean build?"],
    [["check", "--jsn"], "Did you mean --json?"],
  ])("%j: exit 2 and a suggestion", async (argv, hint) => {
    const { code, stderr } = await pipec(makeWorkplace(), ...argv);
    expect(code).toBe(2);
    expect(stderr).toContain(hint);
  });

  test("--param of another form: exit 2", async () => {
    const { code, stderr } = await pipec(makeWorkplace({ "copy.pipe": copy }), "check", "--param", "input");
    expect(code).toBe(2);
    expect(stderr).toContain("error P0804");
  });

  test("--param that the program does not have: exit 2", async () => {
    const { code, stderr } = await pipec(makeWorkplace({ "copy.pipe": copy }), "check", "--param", "input=x");
    expect(code).toBe(2);
    expect(stderr).toContain("`input`");
  });

  test("--help lists every command", async () => {
    const { code, stdout } = await pipec(makeWorkplace(), "--help");
    expect(code).toBe(0);
    for (const name of ["check", "build", "run", "plan", "dump", "fmt", "explain", "test", "init", "inspect", "solve", "hw"]) expect(stdout).toMatch(new RegExp(`^  ${name} `, "m"));
  });
});

describe("explain", () => {
  test("a diagnostic's page", async () => {
    const { code, stdout } = await pipec(makeWorkplace(), "explain", "p0101");
    expect(code).toBe(0);
    expect(stdout).toMatch(/^# P0101: unexpected text\n/);
  });

  test("a fault of running programs", async () => {
    const { code, stdout } = await pipec(makeWorkplace(), "explain", "R0160");
    expect(code).toBe(0);
    expect(stdout).toMatch(/^# R0160: /);
  });

  test("an unknown code: exit 2 and the nearest", async () => {
    const { code, stderr } = await pipec(makeWorkplace(), "explain", "P0100");
    expect(code).toBe(2);
    expect(stderr).toContain("P0101");
  });
});

describe("fmt", () => {
  const untidy = copy.replace("record Note { id: string, text: string }", "record Note {id:string,text:string}");

  test("--check says which files are not formatted and changes nothing", async () => {
    const folder = makeWorkplace({ "copy.pipe": untidy });
    expect(await pipec(folder, "fmt", "--check")).toEqual({ code: 1, stdout: "copy.pipe is not formatted\n", stderr: "" });
    expect(readFileSync(join(folder, "copy.pipe"), "utf8")).toBe(untidy);
  });

  test("formats in place, once", async () => {
    const folder = makeWorkplace({ "copy.pipe": untidy });
    expect((await pipec(folder, "fmt")).stdout).toBe("copy.pipe formatted\n");
    expect(readFileSync(join(folder, "copy.pipe"), "utf8")).toBe(copy);
    expect(await pipec(folder, "fmt", "--check")).toEqual({ code: 0, stdout: "", stderr: "" });
  });

  test("leaves a broken file as it is", async () => {
    const broken = copy.replace("record Note {", "record {");
    const folder = makeWorkplace({ "copy.pipe": broken });
    expect((await pipec(folder, "fmt")).code).toBe(1);
    expect(readFileSync(join(folder, "copy.pipe"), "utf8")).toBe(broken);
  });
});

describe("plan and dump", () => {
  test("plan prints stages; --json is the plan itself", async () => {
    const folder = makeWorkplace({ "copy.pipe": copy });
    const text = await pipec(folder, "plan");
    expect(text.stdout).toContain("pipeline copy");
    const { stdout } = await pipec(folder, "plan", "--json");
    expect(JSON.parse(stdout)).toMatchObject({ phase: "planned", pipelines: [{ name: "copy", stages: [{ label: "notes" }] }] });
  });

  test("a plan that cannot fit: exit 3, with the parts of the bound", async () => {
    const tight = copy.replace("pipeline copy {", "pipeline copy {\n  with { memory: 1 MiB }\n");
    const { code, stderr } = await pipec(makeWorkplace({ "copy.pipe": tight }), "build");
    expect(code).toBe(3);
    expect(stderr).toContain("error P0805: pipeline `copy` may need ");
    expect(stderr).toContain("--> copy.pipe:6:");
  });

  test("less memory, fewer chunks under way", async () => {
    const planWith = async (memory: string): Promise<{ readonly tickets: number; readonly memory: { readonly boundBytes: number } }> => {
      const folder = makeWorkplace({ "copy.pipe": copy.replace("pipeline copy {", `pipeline copy {\n  with { memory: ${memory}, row_max: 1 MiB }\n`) });
      const { stdout } = await pipec(folder, "plan", "--json");
      const [plan] = (JSON.parse(stdout) as { pipelines: { tickets: number; memory: { boundBytes: number } }[] }).pipelines;
      return plan ?? { tickets: 0, memory: { boundBytes: 0 } };
    };
    const ample = await planWith("1 TiB");
    const tight = await planWith(`${Math.floor(ample.memory.boundBytes / 2 ** 20) - 1} MiB`);
    expect(tight.tickets).toBeGreaterThan(0);
    expect(tight.tickets).toBeLessThan(ample.tickets);
    expect(tight.memory.boundBytes).toBeLessThan(ample.memory.boundBytes);
  });

  test("dump of an unknown pass: exit 2 and the nearest", async () => {
    const { code, stderr } = await pipec(makeWorkplace({ "copy.pipe": copy }), "dump", "--after=plann");
    expect(code).toBe(2);
    expect(stderr).toContain("--after=plan");
  });
});

describe("other commands", () => {
  test("inspect names the model's inputs", async () => {
    const { code, stdout } = await pipec(sampleFolder("text-branch"), "inspect", "models/spam.onnx", "--json");
    expect(code).toBe(0);
    expect(JSON.stringify(JSON.parse(stdout))).toContain('"ids"');
  });

  test("hw lists presets, and names an action it does not know", async () => {
    const { code, stdout } = await pipec(makeWorkplace(), "hw", "show");
    expect(code).toBe(0);
    expect(stdout).toContain("aws.g4dn_12xlarge");
    const odd = await pipec(makeWorkplace(), "hw", "shw");
    expect(odd.code).toBe(2);
    expect(odd.stderr).toContain("pipec hw show");
  });

  test("init writes a program that checks, runs and passes its tests", async () => {
    const folder = makeWorkplace();
    expect((await pipec(folder, "init")).code).toBe(0);
    expect(await pipec(folder, "check")).toEqual({ code: 0, stdout: "main.pipe: no problems found\n", stderr: "" });
    expect((await pipec(folder, "fmt", "--check")).code).toBe(0);
    expect((await pipec(folder, "test")).stdout).toContain("1 passed, 0 failed");
    expect((await pipec(folder, "build")).code).toBe(0);
    const ran = await node(folder, "out.js");
    expect(ran.code).toBe(0);
    expect(ran.stdout).toContain("bread, olives and a bag of lemons");
    expect((await pipec(folder, "init")).stderr).toContain("main.pipe cannot be written: it exists already");
  });
});

describe("build", () => {
  test("writes the program and what stands beside it, the same bytes each time", async () => {
    const [one, two] = [makeWorkplace({ "copy.pipe": copy }), makeWorkplace({ "copy.pipe": copy })];
    for (const folder of [one, two]) expect((await pipec(folder, "build")).code).toBe(0);
    for (const name of ["out.js", "out.js.map", "out/program.ts", "out/plan.json", "out/plan.txt"]) {
      const text = readFileSync(join(one, name), "utf8");
      expect(text).toBe(readFileSync(join(two, name), "utf8"));
      expect(text).not.toContain(one);
      expect(text).not.toContain("node_modules");
    }
  });

  test("the program's map leads to the .pipe file", async () => {
    const folder = makeWorkplace({ "copy.pipe": copy.replace("write notes", 'write notes |> filter(.text != "zebra")') });
    expect((await pipec(folder, "build")).code).toBe(0);
    const lines = readFileSync(join(folder, "out.js"), "utf8").split("\n");
    const line = lines.findIndex((text) => text.includes('"zebra"'));
    const map = new SourceMap(JSON.parse(readFileSync(join(folder, "out.js.map"), "utf8")));
    const origin = map.findEntry(line, lines[line]?.indexOf('"zebra"') ?? 0);
    expect(origin).toMatchObject({ originalSource: "copy.pipe", originalLine: 6 });
  });

  test("a program with problems writes nothing", async () => {
    const folder = makeWorkplace({ "copy.pipe": copy.replace("write notes", "write note") });
    expect((await pipec(folder, "build")).code).toBe(1);
    expect(existsSync(join(folder, "out.js"))).toBe(false);
    expect(existsSync(join(folder, "out"))).toBe(false);
  });

  test("an extern whose module is broken is reported at the extern", async () => {
    const program = copy.replace("pipeline copy", 'extern fn clean(text: string) -> string from "./clean.ts"\n\npipeline copy').replace("write notes", "write notes |> { .id, text: clean(.text) }");
    const folder = makeWorkplace({ "copy.pipe": program });
    const missing = await pipec(folder, "build");
    expect(missing.code).toBe(1);
    expect(missing.stderr).toContain("error P0806: ./clean.ts cannot be bundled");
    expect(missing.stderr).toContain("--> copy.pipe:5:");
    writeFileSync(join(folder, "clean.ts"), "export const tidy = (text: string): string => text;\n");
    const nameless = await pipec(folder, "build");
    expect(nameless.code).toBe(1);
    expect(nameless.stderr).toContain('"clean"');
    expect(existsSync(join(folder, "out.js"))).toBe(false);
  });
});

describe("paths", () => {
  const parts = `edition 1

export param input: uri = "../notes.jsonl"
export const words = lines("words.txt")
export extern fn tidy(text: string) -> string from "./tidy.ts"
`;
  const main = `edition 1
import { input, words, tidy } from "./lib/parts.pipe"

record Note { id: string, text: string }

pipeline notes {
  let notes = read jsonl(input) as Note
  write notes |> { .id, text: tidy(.text), word: words[0] } to jsonl("results/notes.jsonl")
}
`;
  const files = {
    "job/main.pipe": main,
    "job/lib/parts.pipe": parts,
    "job/lib/words.txt": "first\nsecond\n",
    "job/lib/tidy.ts": "export const tidy = (text: string): string => text.trim();\n",
    "job/notes.jsonl": '{"id": "a", "text": " one "}\n',
    "other/notes.jsonl": '{"id": "b", "text": "two"}\n',
  };
  const resultOf = (folder: string): string => readFileSync(join(folder, "job", "results", "notes.jsonl"), "utf8");

  test("are relative to the file that says them, wherever out.js and the current folder are", async () => {
    const folder = makeWorkplace(files);
    expect(await pipec(folder, "build", "job/main.pipe", "-o", "bin/notes.js")).toMatchObject({ code: 0, stderr: "" });
    expect(await node(folder, "bin/notes.js", "--quiet")).toMatchObject({ code: 0, stderr: "" });
    expect(resultOf(folder)).toBe('{"id":"a","text":"one","word":"first"}\n');
  });

  test("given on a command line are relative to the current folder", async () => {
    const folder = makeWorkplace(files);
    expect((await pipec(join(folder, "other"), "build", "../job/main.pipe", "--param", "input=notes.jsonl")).code).toBe(0);
    expect((await node(join(folder, "job"), "out.js", "--quiet")).code).toBe(0);
    expect(resultOf(folder)).toContain('"id":"b"');
    expect((await node(folder, "job/out.js", "--quiet", "--input", "job/notes.jsonl")).code).toBe(0);
    expect(resultOf(folder)).toContain('"id":"a"');
  });
});

describe("what a command cannot do is said with its code", () => {
  test("a name it does not know: P0809, exit 2", async () => {
    const { code, stderr } = await pipec(makeWorkplace(), "explain", "P9999");
    expect({ code, stderr }).toMatchObject({ code: 2, stderr: expect.stringContaining("error P0809: there is no code `P9999`") });
  });

  test("a place where nothing can be written: P0810, exit 2, nothing half-written", async () => {
    const folder = makeWorkplace({ "copy.pipe": copy, "notes.jsonl": "", taken: "a file, no folder" });
    const { code, stderr } = await pipec(folder, "build", "-o", "taken/out.js");
    expect({ code, stderr }).toMatchObject({ code: 2, stderr: expect.stringContaining("error P0810: ") });
    expect(readFileSync(join(folder, "taken"), "utf8")).toBe("a file, no folder");
  });

  test("a binding that is none: P1013, exit 2", async () => {
    const folder = makeWorkplace({ "m.onnx": "not looked at" });
    const { code, stderr } = await pipec(folder, "inspect", "m.onnx", "--dim", "batch=many");
    expect({ code, stderr }).toMatchObject({ code: 2, stderr: expect.stringContaining('error P1013: "batch=many" is not a binding') });
  });

  test("a model that onnxruntime refuses when it is measured: P1146", async () => {
    const folder = makeWorkplace({
      "m.onnx": builtBytes(modelOfUnknownOperator()),
      "main.pipe": `edition 1

record Row { x: tensor<f32>[2] }
model m(x: tensor<f32>[N, 2]) -> (y: tensor<f32>[N, 2]) { file: "m.onnx" }

pipeline p {
  let rows = read jsonl("rows.jsonl") as Row
  write rows |> { ..m(.x) } to jsonl("out/rows")
}
`,
    });
    const { code, stderr } = await pipec(folder, "bench", "--batch", "1");
    expect({ code, stderr }).toMatchObject({ code: 1, stderr: expect.stringContaining("error P1146: m could not be measured: ") });
  });
});

/** Its shapes are declared, so that only running it shows that nobody has the operator. */
function modelOfUnknownOperator(): ModelBuilder {
  const builder = createModelBuilder(17);
  builder.node("Softsign", [builder.input("x", "f32", ["batch", 2])], {}, { outputs: ["y"], domain: "org.example" });
  builder.output("y", "f32", ["batch", 2]);
  return builder;
}
