/** Tells of models whose ranks can share little: each of them holds most weights whole, and computes with them again. */
import { shardCodes } from "../../language/diagnostics/codes/shard.ts";
import type { Diagnostic } from "../../language/diagnostics/diagnostic.ts";
import { formatBytes } from "../onnx/inspect/format-quantity.ts";
import { reportInModel } from "../onnx/model-diagnostics.ts";
import type { ShardSet } from "./shard-set.ts";
import type { ReplicatedWeight } from "./tensor/stage-tensors.ts";

/** A warning where more than half of the weights are whole on every rank, with the reason for most of them. */
export function checkSharing({ model, stages }: Pick<ShardSet, "model" | "stages">): readonly Diagnostic[] {
  const replicated = stages.flatMap(({ tensors }) => tensors?.replicated ?? []);
  const ranks = Math.max(...stages.map((stage) => stage.ranks.length));
  const wholeBytes = replicated.reduce((sum, { bytes }) => sum + bytes, 0);
  const weightBytes = stages.reduce((sum, stage) => sum + stage.weightBytes, 0);
  const reason = mainReason(replicated);
  if (reason === undefined || wholeBytes * 2 <= weightBytes) return [];
  const params = { file: model.files.name, ranks, whole: formatBytes(wholeBytes), weights: formatBytes(weightBytes) };
  return [reportInModel(shardCodes.littleShared, params, { reason, fix: { text: "take a number of ranks that divides the model's heads and channels, often 2, 4 or 8", edits: [] } })];
}

/** The one that is given for the most bytes. */
function mainReason(replicated: readonly ReplicatedWeight[]): string | undefined {
  const bytes = new Map<string, number>();
  for (const own of replicated) bytes.set(own.reason, (bytes.get(own.reason) ?? 0) + own.bytes);
  return [...bytes].sort((a, b) => b[1] - a[1])[0]?.[0];
}
