/** `pipec bench` on a program with data: stages, rows that come to them, lengths of rows, and a plan from all that. */
import { existsSync, readdirSync } from "node:fs";
import { expect, test } from "vitest";
import { createModelBuilder } from "../../../compiler/onnx/build-model.ts";
import { readCalibration } from "../../../compiler/plan/cluster/read-calibration.ts";
import { builtBytes } from "../../support/onnx-models.ts";
import { makeWorkplace, pipec } from "../../support/workplace.ts";

const program = `edition 1
record Row { id: int, ids: tensor<i64>[T] }
model embed(ids: tensor<i64>[N, T]) -> (vec: tensor<f32>[N, T, 8]) {
  file: "embed.onnx",
  pad: { T: { multiple: 4, ids: 0 } },
}
pipeline vectors {
  let kept = read jsonl("rows.jsonl") as Row |> filter(.id < 300)
  let out = kept |> { .id, ids: .ids } |> { .id, ..embed(.ids) } with { batch: 4 }
  write out |> { .id } to jsonl("out.jsonl")
}
`;

function workplace(rows: number): string {
  const graph = createModelBuilder(17);
  graph.input("ids", "i64", ["N", "T"]);
  graph.output("vec", "f32", ["N", "T", 8]);
  graph.node("Gather", [graph.weight("table", [16, 8], 0.1), "ids"], { axis: 0 }, { outputs: ["vec"] });
  const lines = Array.from({ length: rows }, (_, id) => JSON.stringify({ id, ids: Array.from({ length: id % 4 === 0 ? 9 : 3 }, () => id % 16) }));
  return makeWorkplace({ "main.pipe": program, "embed.onnx": builtBytes(graph), ...(rows === 0 ? {} : { "rows.jsonl": `${lines.join("\n")}\n` }) });
}

test("runs the stages on the program's data and leaves nothing behind", async () => {
  const folder = workplace(400);
  const { code, stderr } = await pipec(folder, "bench", "--seconds", "1", "--batch", "2", "-o", "calibration.json");
  expect([code, stderr]).toEqual([0, ""]);
  expect(readdirSync(folder).sort()).toEqual(["calibration.json", "embed.onnx", "main.pipe", "rows.jsonl"]);
  const { stdout } = await pipec(folder, "plan", "--hw", "aws.m5_large", "--calibration", "calibration.json", "--json");
  const [pipeline] = JSON.parse(stdout).pipelines;
  for (const stage of pipeline.cpuStages.filter((candidate: { readonly kind: string }) => candidate.kind !== "model")) expect(stage.measured).toBe(true);
  expect(pipeline.cpuStages.find((stage: { readonly kind: string }) => stage.kind === "sink").rowsPerSource).toBeLessThan(1);
  expect(pipeline.assumes).not.toContain("every row of embed is as long as it may be");
});

test("lengths are those of the rows that came to the model", async () => {
  const folder = workplace(40);
  const { stdout } = await pipec(folder, "bench", "--seconds", "1", "--batch", "2");
  const read = readCalibration(stdout);
  if ("wrong" in read) throw new Error(read.wrong);
  expect(read.lengths).toEqual([{ model: "embed", rows: [{ dims: { T: 3 }, share: 0.75 }, { dims: { T: 9 }, share: 0.25 }] }]);
  expect(read.models.map(({ name, batch, onRows }) => [name, batch, onRows])).toEqual([["embed", 4, true], ["embed", 2, undefined]]);
  expect(existsSync(`${folder}/out.jsonl`)).toBe(false);
});

test("measures the models all the same where there are no data", async () => {
  const { code, stdout, stderr } = await pipec(workplace(0), "bench", "--seconds", "1", "--batch", "2");
  expect(code).toBe(0);
  expect(stderr).toContain("P1148");
  const read = readCalibration(stdout);
  expect("wrong" in read ? read.wrong : read.models.map(({ batch }) => batch)).toEqual([2]);
});
