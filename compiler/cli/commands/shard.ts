/** `pipec shard MODEL --pipeline P [-o DIR] [--json]`: cuts a model into stages and writes them with a manifest. */
import { join, resolve } from "node:path";
import { formatBytes, visibleName } from "../../onnx/inspect/format-quantity.ts";
import { shardManifest, type ShardManifest } from "../../shard/manifest.ts";
import { flag, textOption } from "../command.ts";
import type { CommandRun } from "../command.ts";
import { exitCodes } from "../io.ts";
import { failed, showFailure, withCutModel, writeShards } from "../shards/cut-model.ts";
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
    io.stdout(flag(args, "json") ? text : printShards(manifest, shown, shownFolder));
    return { ok: true, value: exitCodes.ok };
  });
  return outcome.ok ? outcome.value : showFailure(outcome, args, io);
};

function printShards(manifest: ShardManifest, shown: string, folder: string): string {
  const stages = manifest.stages.map((stage) => {
    const from = stage.inputs.map((input) => `    in   ${visibleName(input.name)}: ${input.type}, ${input.stage === 0 ? "given" : `from stage ${input.stage}`}\n`);
    const to = stage.outputs.map((output) => `    out  ${visibleName(output.name)}: ${output.type}\n`);
    const past = stage.forwards.map((name) => `    past ${visibleName(name)}\n`);
    const cloned = stage.cloned > 0 ? ` (${stage.cloned} of them wherever needed)` : "";
    const files = stage.ranks.length === 1 ? (stage.ranks[0]?.segments[0]?.file ?? "") : `stage ${stage.stage}`;
    return `  ${files}: ${stage.nodes} nodes${cloned}, ${formatBytes(stage.weightBytes)} of weights\n${[...from, ...to, ...past].join("")}`;
  });
  return `${shown} in ${manifest.stages.length} ${manifest.stages.length === 1 ? "stage" : "stages"}, written to ${folder}\n${stages.join("")}`;
}
