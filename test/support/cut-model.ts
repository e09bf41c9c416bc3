/** Models cut for tests of the engine: files in a folder, and the parts of a program that runs them. */
import { mkdirSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { ropeBytes } from "../../compiler/onnx/rope.ts";
import { shardModel } from "../../compiler/shard/shard-model.ts";
import { segmentFiles, writeSegment } from "../../compiler/shard/write-stage.ts";
import type { ModelPart, RankSpec, SegmentSpec } from "../../runtime/contract/program.ts";
import { readSound } from "./onnx-models.ts";

/** Cuts the model and writes its files as `shards/<call>/…` below the folder. `batchAxes` as the compiler would know them. */
export function cutModel(folder: string, call: string, bytes: Uint8Array, pipeline: number, tensor = 1, batchAxes?: ModelPart["batchAxes"]): readonly ModelPart[] {
  const result = shardModel(readSound(`${call}.onnx`, bytes), { pipeline, tensor });
  if (!result.ok) throw new Error(result.diagnostics.map(({ message }) => message).join("; "));
  const { stages } = result.set;
  return stages.map((stage): ModelPart => {
    const ranks = stage.ranks.map(({ segments }, rank): RankSpec => ({
      device: "cpu",
      segments: segments.map(({ inputs, outputs }, segment): SegmentSpec => {
        const file = join("shards", call, segmentFiles(stage, rank, segment).model);
        put(folder, file, ropeBytes(writeSegment(stage, rank, segment).model));
        return { file, inputs, outputs };
      }),
    }));
    return { call, index: stage.index, count: stages.length, receives: stage.receives, sends: stage.sends, ranks, outputs: stage.leaves, ...(batchAxes === undefined ? {} : { batchAxes }) };
  });
}

export function put(folder: string, file: string, bytes: Uint8Array): void {
  mkdirSync(dirname(join(folder, file)), { recursive: true });
  writeFileSync(join(folder, file), bytes);
}
