/** The exported models, run by the executor on their recorded inputs: the recorded outputs must come out. */
import { readFileSync, readdirSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { bytesModel } from "../../../compiler/onnx/byte-source.ts";
import type { ValueInfo } from "../../../compiler/onnx/model-graph.ts";
import { readTensor } from "../../../compiler/onnx/read-tensor.ts";
import { onnxBackend } from "../../../runtime/backends/onnx-executor.ts";
import type { ModelPortSpec } from "../../../runtime/contract/program.ts";
import { allocate, writeElement } from "../../../runtime/contract/tensor.ts";
import type { Dtype, Tensor } from "../../../runtime/contract/value.ts";
import { readFile } from "../../support/onnx-models.ts";
import { readRecorded } from "../../support/onnx-recorded.ts";
import { describeWithShared, sharedFolders, sharedPath } from "../../support/shared.ts";

const supported: readonly Dtype[] = ["f32", "f64", "i32", "i64", "bool"];

function dtypeOf(info: ValueInfo): Dtype {
  const dtype = info.type.kind === "tensor" ? supported.find((known) => info.type.kind === "tensor" && known === info.type.dtype) : undefined;
  if (dtype === undefined) throw new Error(`${info.name} is of a type this test does not know`);
  return dtype;
}

/** `input_0.pb` and so on belong to the graph's ports in order. */
function readPorts(folder: string, kind: "input" | "output", infos: readonly ValueInfo[]): ReadonlyMap<string, Tensor> {
  const names = readdirSync(folder);
  return new Map(
    infos.flatMap((info, index) => {
      const name = `${kind}_${index}.pb`;
      if (!names.includes(name)) return [];
      const bytes = new Uint8Array(readFileSync(join(folder, name)));
      const recorded = readRecorded(bytes, info.type);
      const values = recorded.kind === "tensor" ? readTensor(bytesModel(name, bytes), recorded.ref, 1e7) : undefined;
      if (recorded.kind !== "tensor" || values === undefined) throw new Error(`${folder}/${name} holds no plain tensor`);
      const dtype = dtypeOf(info);
      const data = allocate(dtype, values.values.length);
      values.values.forEach((value, at) => writeElement(dtype, data, at, value));
      return [[info.name, { dtype, shape: recorded.dims, data }] as const];
    }),
  );
}

/** The largest difference, as a share of the largest value. */
function distance(actual: Tensor, expected: Tensor): number {
  let largest = 1;
  let apart = 0;
  for (let at = 0; at < expected.data.length; at++) {
    const wanted = Number(expected.data[at]);
    largest = Math.max(largest, Math.abs(wanted));
    const difference = Math.abs(Number(actual.data[at]) - wanted);
    if (Number.isNaN(difference)) return Infinity;
    apart = Math.max(apart, difference);
  }
  return apart / largest;
}

describeWithShared("recorded models", "models", () => {
  test.each(sharedFolders("models"))("%s", async (name) => {
    const file = sharedPath("models", name, "model.onnx");
    const { graph } = readFile(file);
    const held = new Set(graph.initializers.map((tensor) => tensor.name));
    const inputs = graph.inputs.filter((info) => !held.has(info.name));
    const port = (info: ValueInfo): ModelPortSpec => ({ port: info.name, dtype: dtypeOf(info), rowShape: [] });
    const session = await onnxBackend.open(
      { name, at: { file: "recorded.pipe", line: 1, column: 1 }, inputs: inputs.map(port), outputs: graph.outputs.map(port), device: "cpu", intraOpThreads: 1 },
      file,
    );
    const recorded = sharedPath("models", name, "test_data_set_0");
    const results = await session.run(readPorts(recorded, "input", inputs));
    const expected = readPorts(recorded, "output", graph.outputs);
    expect(expected.size).toBeGreaterThan(0);
    for (const [output, tensor] of expected) {
      const actual = results.get(output);
      if (actual === undefined) throw new Error(`no output ${output}`);
      expect({ output, dtype: actual.dtype, shape: actual.shape }).toEqual({ output, dtype: tensor.dtype, shape: tensor.shape });
      expect(distance(actual, tensor)).toBeLessThan(1e-3);
    }
    await session.close();
  });
});
