/** Every way a program may call a model: several in a map, one inside another, fixed and missing batch axes, constants, ragged rows. */
import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { createModelBuilder } from "../../compiler/onnx/build-model.ts";
import type { ModelBuilder } from "../../compiler/onnx/build-model.ts";
import { ropeBytes } from "../../compiler/onnx/rope.ts";
import { readRows } from "../support/read-output.ts";
import { typeCheck } from "../support/type-check.ts";
import { makeWorkplace, node, pipec, readTree } from "../support/workplace.ts";

const program = `edition 1

record Row { id: string, a: f32, b: f32, text: string }

model affine(x: tensor<f32>[N, 2]) -> (y: tensor<f32>[N, 2]) { file: "models/affine.onnx" }
model four(x: tensor<f32>[N, 2]) -> (y: tensor<f32>[N, 2]) where N == 4 { file: "models/four.onnx" }
model single(x: tensor<f32>[2]) -> (y: tensor<f32>[2]) { file: "models/single.onnx" }
model scale(x: tensor<f32>[N, 2], by: tensor<f32>[]) -> (y: tensor<f32>[N, 2]) { file: "models/scale.onnx" }
model count(ids: tensor<i64>[N, T]) -> (same: tensor<i64>[N, T]) where T <= 64 {
  file: "models/count.onnx", pad: { T: { multiple: 8, ids: 7 } },
}
model bare { file: "models/affine.onnx" }

pipeline calls {
  let rows = read jsonl("rows.jsonl") as Row

  let two = rows |> { .id, first: affine([.a, .b]).y, ..scale([.b, .a], 3.0) } with { batch: 3 }
  let nested = rows |> { .id, y: affine(affine([.a, .b]).y * 2.0).y, again: affine([.a, .b]).y[0] }
  let others = rows |> { .id, f: four([.a, .b]).y, s: single([.a, .b]).y, u: bare([.a, .b]).y }
  let ragged = rows
    |> { .id, ids: sequence(.text) }
    |> { .id, ..count(.ids) }
    |> { .id, n: sum(.same as tensor<f32>[T]) }

  write two |> { .id, x: .first[0], z: .y[1] } to jsonl("out/two")
  write nested |> { .id, n: .y[0], .again } to jsonl("out/nested")
  write others |> { .id, f: .f[1], s: .s[1], u: .u[0] } to jsonl("out/others")
  write ragged to jsonl("out/ragged")
}

extern fn sequence(text: string) -> tensor<i64>[T] where T <= 64 from "./sequence.ts"
`;

const sequence = `import type { Tensor } from "pipec/runtime";

/** One id a character: 1, 2, 3, … */
export function sequence(text: string): Tensor {
  return { dtype: "i64", shape: [text.length], data: BigInt64Array.from({ length: text.length }, (_, index) => BigInt(index + 1)) };
}
`;

const rows = Array.from({ length: 11 }, (_, index) => ({ id: `r${index}`, a: index, b: index / 2, text: "x".repeat((index * 7) % 20) }));

test("calls of models", async () => {
  const folder = makeWorkplace({ "calls.pipe": program, "sequence.ts": sequence, "rows.jsonl": rows.map((row) => `${JSON.stringify(row)}\n`).join("") });
  writeModels(join(folder, "models"));
  expect(await pipec(folder, "build")).toMatchObject({ code: 0, stderr: "" });
  expect(await typeCheck(folder)).toBe("");
  const ran = await node(folder, "out.js", "--quiet");
  expect(ran).toMatchObject({ code: 0, stderr: "" });
  expect(await readRows(join(folder, "out", "two"))).toEqual(rows.map(({ id, a }) => ({ id, x: 2 * a + 1, z: 3 * a })));
  expect(await readRows(join(folder, "out", "nested"))).toEqual(rows.map(({ id, a }) => ({ id, n: 2 * (2 * (2 * a + 1)) + 1, again: 2 * a + 1 })));
  expect(await readRows(join(folder, "out", "others"))).toEqual(rows.map(({ id, a, b }) => ({ id, f: b + 4, s: b - 1, u: 2 * a + 1 })));
  expect(await readRows(join(folder, "out", "ragged"))).toEqual(rows.map(({ id, text }) => ({ id, n: (text.length * (text.length + 1)) / 2 })));
  const compiled = new Map(["two", "nested", "others", "ragged"].map((name) => [name, readTree(join(folder, "out", name))]));
  expect((await node(folder, "out.js", "--interpret")).code).toBe(0);
  for (const [name, files] of compiled) expect(readTree(join(folder, "out", name))).toEqual(files);
});

function writeModels(folder: string): void {
  mkdirSync(folder, { recursive: true });
  const put = (name: string, make: (graph: ModelBuilder) => void): void => {
    const graph = createModelBuilder(17, 1);
    make(graph);
    writeFileSync(join(folder, `${name}.onnx`), ropeBytes(graph.build().model));
  };
  const unary = (name: string, shape: readonly (string | number)[], op: string, value: number, more?: readonly [string, number]): void => {
    put(name, (graph) => {
      const x = graph.input("x", "f32", [...shape]);
      const steps = more === undefined ? [[op, value] as const] : [[op, value] as const, more];
      let made = x;
      steps.forEach(([step, constant], index) => {
        const last = index === steps.length - 1;
        made = graph.node(step, [made, graph.floats(`c${index}`, [1], [constant])], {}, last ? { outputs: ["y"] } : {});
      });
      graph.output("y", "f32", [...shape]);
    });
  };
  unary("affine", ["N", 2], "Mul", 2, ["Add", 1]);
  unary("four", [4, 2], "Add", 4);
  unary("single", [2], "Sub", 1);
  put("scale", (graph) => {
    const x = graph.input("x", "f32", ["N", 2]);
    const by = graph.input("by", "f32", []);
    graph.node("Mul", [x, by], {}, { outputs: ["y"] });
    graph.output("y", "f32", ["N", 2]);
  });
  put("count", (graph) => {
    const ids = graph.input("ids", "i64", ["N", "T"]);
    graph.node("Identity", [ids], {}, { outputs: ["same"] });
    graph.output("same", "i64", ["N", "T"]);
  });
}
