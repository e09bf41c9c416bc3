/** Lays out the models of a stage: small ones in one file, large ones with their weights beside it, ready to be mapped. */
import { emptyRope, type Rope } from "../onnx/rope.ts";
import { sharedWeights, writeModel, type WrittenModel } from "../onnx/write-model.ts";
import type { ShardRank, ShardStage } from "./shard-set.ts";

/** From here on weights lie in a file beside the model: protobuf ends at 2 GiB, and sessions can share mapped weights. */
const externalFromBytes = 256 * 2 ** 20;
/** Weights that several segments of a rank use lie in one file beside them, where they would be repeated by as much. */
const repeatedFromBytes = 2 ** 20;
/** Smaller tensors stay in the model; shape inference and constant folding read them. */
const externalTensorBytesMin = 4096;

export interface SegmentFiles {
  readonly model: string;
  /** Shared by the segments of a rank. */
  readonly weights: string;
}

/** Names of a segment's files: they refer to each other by name, so the names are part of the model. */
export function segmentFiles(stage: ShardStage, rank: number, segment: number): SegmentFiles {
  const name = `stage-${stage.index + 1}`;
  if (stage.ranks.length === 1) return { model: `${name}.onnx`, weights: `${name}.weights` };
  return { model: `${name}-rank-${rank}-segment-${segment}.onnx`, weights: `${name}-rank-${rank}.weights` };
}

/** The files of one rank. */
export interface WrittenRank {
  readonly segments: readonly { readonly file: string; readonly model: Rope }[];
  /** Absent if all weights are in the models. */
  readonly weights?: { readonly file: string; readonly data: Rope };
}

/** `mapped`: with the weights beside the models, however small they are. */
export function writeRank(stage: ShardStage, rank: number, mapped = false): WrittenRank {
  const own = stage.ranks[rank];
  if (!own) throw new RangeError(`stage ${stage.index + 1} has no rank ${rank}`);
  const cache = mapped ? writtenMapped : written;
  const known = cache.get(own) ?? layOut(stage, rank, own, mapped);
  cache.set(own, known);
  return known;
}

const written = new WeakMap<ShardRank, WrittenRank>();
const writtenMapped = new WeakMap<ShardRank, WrittenRank>();

function layOut(stage: ShardStage, rank: number, { segments }: ShardRank, mapped: boolean): WrittenRank {
  const { weights: location } = segmentFiles(stage, rank, 0);
  const isExternal = mapped || segments.reduce((sum, { weightBytes }) => sum + weightBytes, 0) >= externalFromBytes || repeatedBytes(segments) >= repeatedFromBytes;
  const shared = isExternal ? sharedWeights(location, externalTensorBytesMin) : undefined;
  const models = segments.map(({ draft }, segment) => ({ file: segmentFiles(stage, rank, segment).model, model: writeModel(draft, shared ? { shared } : {}).model }));
  const data = shared?.rope();
  return data && data.length > 0 ? { segments: models, weights: { file: location, data } } : { segments: models };
}

/** Bytes of sliced weights that stand in more than one segment. */
function repeatedBytes(segments: ShardRank["segments"]): number {
  const seen = new Set<string>();
  let bytes = 0;
  for (const { draft } of segments) {
    for (const tensor of draft.graph.initializers) {
      if (tensor.kind !== "new") continue;
      if (seen.has(tensor.name)) bytes += tensor.data.length;
      seen.add(tensor.name);
    }
  }
  return bytes;
}

/** The files of one segment: its model, and with the first segment the weights that those of the rank share. */
export function writeSegment(stage: ShardStage, rank: number, segment: number, mapped = false): WrittenModel {
  const { segments, weights } = writeRank(stage, rank, mapped);
  const found = segments[segment];
  if (!found) throw new RangeError(`rank ${rank} of stage ${stage.index + 1} has no segment ${segment}`);
  return { model: found.model, external: segment === 0 && weights ? weights.data : emptyRope };
}

/** The stage as one model, whatever its ranks. */
export function writeStage({ index, draft, weightBytes }: ShardStage): WrittenModel {
  if (weightBytes < externalFromBytes) return writeModel(draft);
  return writeModel(draft, { external: { location: `stage-${index + 1}.weights`, bytesMin: externalTensorBytesMin } });
}
