/** Lays out the model of a stage: small ones in one file, large ones with their weights beside it, ready to be mapped. */
import { writeModel, type WrittenModel } from "../onnx/write-model.ts";
import type { ShardStage } from "./shard-set.ts";

/** From here on weights lie in a file beside the model: protobuf ends at 2 GiB, and sessions can share mapped weights. */
const externalFromBytes = 256 * 2 ** 20;
/** Smaller tensors stay in the model; shape inference and constant folding read them. */
const externalTensorBytesMin = 4096;

/** Names of a stage's files: they refer to each other by name, so the names are part of the model. */
export function stageFiles(stage: ShardStage): { readonly model: string; readonly weights: string } {
  return { model: `stage-${stage.index + 1}.onnx`, weights: `stage-${stage.index + 1}.weights` };
}

export function writeStage(stage: ShardStage): WrittenModel {
  if (stage.weightBytes < externalFromBytes) return writeModel(stage.draft);
  return writeModel(stage.draft, { external: { location: stageFiles(stage).weights, bytesMin: externalTensorBytesMin } });
}
