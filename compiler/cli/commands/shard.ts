/** `pipec shard MODEL --pipeline P --tensor T [-o DIR] [--json]`: cuts a model and writes the shards with a manifest. */
import { join, resolve } from "node:path";
import { formatBytes, visibleName } from "../../onnx/inspect/format-quantity.ts";
import { shardManifest, type ShardManifest, type StageManifest } from "../../shard/manifest.ts";
import { flag, textOption } from "../command.ts";
import type { CommandRun } from "../command.ts";
import { exitCodes } from "../io.ts";
import { describeSize, failed, showFailure, withCutModel, writeShards } from "../shards/cut-model.ts";
import { writeFiles } from "../write-files.ts";

const defaultFolder = "shards";

export const run: CommandRun = async (args, io) => {
  const shownFolder = textOption(args, "out") ?? defaultFolder;
  const folder = resolve(io.cwd, shownFolder);
  const outcome = await withCutModel(args, io, async ({ set, inferred, shown }) => {
    const manifest = shardManifest(set, inferred);
    const text = `${JSON.stringify(manifest, undefined, 2)}\n`;
    const problem =
      writeShards(set, folder, shownFolder) ?? writeFiles([{ path: join(folder, "manifest.json"), shown: join(shownFolder, "manifest.json"), text }]);
    if (problem) return failed(problem);
    io.stdout(flag(args, "json") ? text : printShards(manifest, shown, shownFolder, describeSize(set)));
    return { ok: true, value: exitCodes.ok };
  });
  return outcome.ok ? outcome.value : showFailure(outcome, args, io);
};

function printShards(manifest: ShardManifest, shown: string, folder: string, size: string): string {
  return `${shown} in ${size}, written to ${folder}\n${manifest.stages.map(printStage).join("")}`;
}

function printStage(stage: StageManifest): string {
  const from = stage.inputs.map((input) => `    in   ${visibleName(input.name)}: ${input.type}, ${input.stage === 0 ? "given" : `from stage ${input.stage}`}\n`);
  const to = stage.outputs.map((output) => `    out  ${visibleName(output.name)}: ${output.type}\n`);
  const past = stage.forwards.map((name) => `    past ${visibleName(name)}\n`);
  const cloned = stage.cloned > 0 ? ` (${stage.cloned} of them wherever needed)` : "";
  const name = stage.ranks.length > 1 ? `stage ${stage.stage}` : (stage.ranks[0]?.segments[0]?.file ?? "");
  return `  ${name}: ${stage.nodes} nodes${cloned}, ${formatBytes(stage.weightBytes)} of weights\n${[...from, ...to, ...past, ...printRanks(stage)].join("")}`;
}

/** How the work of a stage is shared: what each rank holds, what crosses, and what is not shared, by reason. */
function printRanks(stage: StageManifest): readonly string[] {
  if (stage.ranks.length < 2) return [];
  const ranks = stage.ranks.map(({ rank, segments, weightsBytes }) => {
    const bytes = weightsBytes > 0 ? weightsBytes : segments.reduce((sum, segment) => sum + segment.weightBytes, 0);
    return `    rank ${rank}: ${segments.length} segments, ${formatBytes(bytes)} of weights\n`;
  });
  const [sums, joins] = [countOf(stage, "sum"), countOf(stage, "concat")];
  const byReason = new Map<string, { count: number; bytes: number }>();
  for (const { reason, bytes } of stage.replicated ?? []) {
    const known = byReason.get(reason) ?? { count: 0, bytes: 0 };
    byReason.set(reason, { count: known.count + 1, bytes: known.bytes + bytes });
  }
  const whole = [...byReason].map(([reason, { count, bytes }]) => `    whole ${count} ${count === 1 ? "weight" : "weights"}, ${formatBytes(bytes)}: ${reason}\n`);
  return [...ranks, `    exchanged: ${sums} ${sums === 1 ? "sum" : "sums"}, ${joins} put together from shares\n`, ...whole];
}

function countOf(stage: StageManifest, op: "sum" | "concat"): number {
  return (stage.collectives ?? []).filter((collective) => collective.op === op).length;
}
