/** A cut model in a program as users write it: a row that fails in a later part is set aside alone, on workers and in one thread. */
import { mkdirSync, readFileSync, readdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { createModelBuilder } from "../../compiler/onnx/build-model.ts";
import { builtBytes } from "../support/onnx-models.ts";
import { readRows } from "../support/read-output.ts";
import { makeWorkplace, node, pipec, readTree } from "../support/workplace.ts";

const program = (settings: string): string => `edition 1

record Row { id: string, number: f32 }

model lookup(x: tensor<f32>[N, 1]) -> (y: tensor<f32>[N, 1, 2]) { file: "models/lookup.onnx" }

pipeline look {
  with { errors: dead_letter("out/_errors", max: 50%) }

  let rows = read jsonl("rows.jsonl") as Row

  let found = rows
    |> { .id, .number, ..lookup([.number]) } with { batch: 4, ${settings} }

  write found |> { .id, .number, value: .y[0, 1] } to jsonl("out/found")
}
`;

/** Row x of a table of 8, by way of a cut between what makes the number and what looks it up. */
function lookup(): Uint8Array {
  const builder = createModelBuilder(17, 3);
  const doubled = builder.node("Mul", [builder.input("x", "f32", ["N", 1]), builder.floats("two", [1], [2])]);
  const index = builder.node("Cast", [doubled], { to: 7 });
  builder.node("Gather", [builder.floats("table", [16, 2], Array.from({ length: 32 }, (_, at) => at)), index], { axis: 0 }, { outputs: ["y"] });
  builder.output("y", "f32", ["N", 1, 2]);
  return builtBytes(builder);
}

const rows = Array.from({ length: 11 }, (_, index) => ({ id: `r${index}`, number: index === 6 ? 9 : index % 8 }));

test("a row that fails in the second part", async () => {
  const folder = makeWorkplace({ "rows.jsonl": rows.map((row) => `${JSON.stringify(row)}\n`).join("") });
  mkdirSync(join(folder, "models"));
  writeFileSync(join(folder, "models", "lookup.onnx"), lookup());
  const outputs: ReadonlyMap<string, Buffer>[] = [];
  for (const settings of ["", "shard: { pipeline: 2 }"]) {
    writeFileSync(join(folder, "look.pipe"), program(settings));
    expect(await pipec(folder, "build")).toMatchObject({ code: 0, stderr: "" });
    for (const flags of [["--quiet"], ["--quiet", "--interpret"]]) {
      expect(await node(folder, "out.js", ...flags)).toMatchObject({ code: 0, stderr: "" });
      outputs.push(readTree(join(folder, "out", "found")));
      expect(lettersIn(join(folder, "out", "_errors"))).toMatchObject([{ place: "line 7", message: expect.stringContaining("idx=18 must be within the inclusive range") }]);
    }
  }
  expect(readdirSync(join(folder, "out", "shards", "lookup"))).toEqual(expect.arrayContaining(["stage-1.onnx", "stage-2.onnx"]));
  for (const output of outputs) expect(output).toEqual(outputs[0]);
  expect(await readRows(join(folder, "out", "found"))).toEqual(rows.filter(({ number }) => number < 8).map(({ id, number }) => ({ id, number, value: 4 * number + 1 })));
});

function lettersIn(folder: string): readonly unknown[] {
  return readdirSync(folder).filter((name) => name.endsWith(".jsonl")).flatMap((name) => readFileSync(join(folder, name), "utf8").trim().split("\n").map((line) => JSON.parse(line) as unknown));
}
