/** The standard's record of devices in the shards: which models have it, and what it says. */
import { Tensor } from "onnxruntime-node";
import { expect, it } from "vitest";
import { createModelBuilder } from "../../../../compiler/onnx/build-model.ts";
import { bytesSource } from "../../../../compiler/onnx/byte-source.ts";
import { ropeBytes } from "../../../../compiler/onnx/rope.ts";
import { createWireReader } from "../../../../compiler/onnx/wire.ts";
import { writeModel } from "../../../../compiler/onnx/write-model.ts";
import { writeSegment } from "../../../../compiler/shard/write-stage.ts";
import { readSound } from "../../../support/onnx-models.ts";
import { differences, rankSoundly, runRanks } from "../../../support/rank-trial.ts";
import { runBytes } from "../../../support/shard-trial.ts";

/** A fused projection, taken apart in three. */
function model(irVersion: number, opset = 17): Uint8Array {
  const b = createModelBuilder(opset, 2);
  b.node("MatMul", [b.input("x", "f32", ["N", 4]), b.weight("w", [4, 24], 1)], {}, { outputs: ["fused"] });
  b.node("Split", ["fused", b.ints("sizes", [3], [8, 8, 8])], { axis: 1 }, { outputs: ["q", "k", "v"] });
  b.node("Add", [b.node("Mul", ["q", "k"]), "v"], {}, { outputs: ["y"] });
  b.output("y", "f32", ["N", 8]);
  return ropeBytes(writeModel({ ...b.draft(), irVersion }).model);
}

/** A protobuf message as nested lists of [field, number or text or message]. */
function dump(bytes: Uint8Array, path: readonly number[]): readonly string[] {
  const source = bytesSource(bytes);
  const wire = createWireReader(source);
  let found: { offset: number; length: number }[] = [{ offset: 0, length: bytes.length }];
  for (const number of path) {
    found = found.flatMap((range) => {
      const inner: { offset: number; length: number }[] = [];
      wire.fields(range, (field) => {
        if (field.number === number && field.type === "bytes") inner.push({ offset: field.offset, length: field.length });
      });
      return inner;
    });
  }
  return found.map(({ offset, length }) => Buffer.from(source.read(offset, length)).toString("hex"));
}

const configuration = [26];
const configuredNodes = [7, 1, 10];

it.each([
  { irVersion: 11, opset: 17 },
  { irVersion: 10, opset: 23 },
])("models of IR version $irVersion and opset $opset say which axes are divided, as lists of factors", async ({ irVersion, opset }) => {
  const bytes = model(irVersion, opset);
  const set = rankSoundly(readSound("m.onnx", bytes), 1, 2);
  const [stage] = set.stages;
  if (!stage) throw new Error("there is a stage");
  const shard = ropeBytes(writeSegment(stage, 0, 0).model);
  expect(readSound("shard", shard).irVersion).toBe(11);
  expect(dump(shard, [...configuration, 1])).toEqual([Buffer.from("pipec").toString("hex")]);
  expect(dump(shard, configuredNodes)).toHaveLength(4);
  // The weight, of 3 times 8 columns: axis 1, a factor of 3 that is whole and one of 8 in 2 shards.
  expect(dump(shard, [...configuredNodes, 2, 4])[0]).toBe("0801" + "120408031801" + "120408081802");
  const feeds = { x: new Tensor("float32", Float32Array.from({ length: 12 }, (_, i) => i / 9), [3, 4]) };
  expect([...differences(await runBytes(bytes, feeds), await runRanks(set, feeds)).values()].map(({ within }) => within)).toEqual([true]);
});

it("models of earlier versions stay without", () => {
  const [stage] = rankSoundly(readSound("m.onnx", model(8)), 1, 2).stages;
  if (!stage) throw new Error("there is a stage");
  const shard = ropeBytes(writeSegment(stage, 0, 0).model);
  expect([...dump(shard, configuration), ...dump(shard, configuredNodes)]).toEqual([]);
});
