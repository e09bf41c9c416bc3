/** Lays out the models of a stage: small ones in one file, large ones with their weights beside it, ready to be mapped. */
import { writeModel, type WrittenModel } from "../onnx/write-model.ts";
import type { ShardSegment, ShardStage } from "./shard-set.ts";

/** From here on weights lie in a file beside the model: protobuf ends at 2 GiB, and sessions can share mapped weights. */
const externalFromBytes = 256 * 2 ** 20;
/** Smaller tensors stay in the model; shape inference and constant folding read them. */
const externalTensorBytesMin = 4096;

export interface SegmentFiles {
  readonly model: string;
  readonly weights: string;
}

/** Names of a segment's files: they refer to each other by name, so the names are part of the model. */
export function segmentFiles(stage: ShardStage, rank: number, segment: number): SegmentFiles {
  const name = stage.ranks.length === 1 ? `stage-${stage.index + 1}` : `stage-${stage.index + 1}-rank-${rank}-segment-${segment}`;
  return { model: `${name}.onnx`, weights: `${name}.weights` };
}

/** `mapped`: with the weights beside the model, however small they are. */
export function writeSegment(stage: ShardStage, rank: number, segment: number, mapped = false): WrittenModel {
  const found = segmentAt(stage, rank, segment);
  return writeDraft(found.draft, mapped ? Infinity : found.weightBytes, segmentFiles(stage, rank, segment).weights);
}

function segmentAt(stage: ShardStage, rank: number, segment: number): ShardSegment {
  const found = stage.ranks[rank]?.segments[segment];
  if (!found) throw new RangeError(`stage ${stage.index + 1} has no segment ${segment} of rank ${rank}`);
  return found;
}

/** The stage as one model, whatever its ranks. */
export function writeStage(stage: ShardStage): WrittenModel {
  return writeDraft(stage.draft, stage.weightBytes, `stage-${stage.index + 1}.weights`);
}

function writeDraft(draft: ShardStage["draft"], weightBytes: number, location: string): WrittenModel {
  return weightBytes < externalFromBytes ? writeModel(draft) : writeModel(draft, { external: { location, bytesMin: externalTensorBytesMin } });
}
