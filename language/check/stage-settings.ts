/** `with` on a step: settings that make sense for what the step does. */
import { settingCodes } from "../diagnostics/codes/settings.ts";
import type { Settings as AstSettings } from "../syntax/ast.ts";
import type { Settings } from "./checked-program.ts";
import { complain } from "./context.ts";
import type { Scope } from "./context.ts";
import { checkSettings } from "./settings.ts";
import { modelSettings } from "./settings-schema.ts";

const timedSteps: readonly string[] = ["map", "filter", "explode", "implode"];

/** `models`: how many model calls the step has; -1 where a mistake hides that. */
export function checkStageSettings(scope: Scope, block: AstSettings, stage: { readonly models: number; readonly step: string }): Settings {
  const settings = checkSettings(scope, block, "stage");
  for (const entry of block.entries) {
    const name = entry.key.name;
    if (modelSettings.includes(name) && stage.models === 0) {
      complain(scope.cx, settingCodes.needsModel, { name }, {
        at: entry.key.span, reason: "it says how a model runs, and this step calls none",
        ...(name === "replicas" ? { fix: { text: "write `workers` for the number of workers of a step without a model", edits: [{ span: entry.key.span, replacement: "workers" }] } } : {}),
      });
    }
    if (name === "max" && stage.step !== "explode") {
      complain(scope.cx, settingCodes.wrongPlace, { name, place: `\`${stage.step}\`` }, { at: entry.key.span, reason: "`max` is the most children of one row of an `explode`" });
    }
    if (name === "timeout" && !timedSteps.includes(stage.step)) {
      complain(scope.cx, settingCodes.wrongPlace, { name, place: `\`${stage.step}\`` }, { at: entry.key.span, reason: "`timeout` is how long the computing of one row may take, and this step computes none" });
    }
  }
  checkParts(scope, block, settings);
  return settings;
}

/** One entry of `replicas` for each part of the pipeline. */
function checkParts(scope: Scope, block: AstSettings, settings: Settings): void {
  const replicas = settings["replicas"];
  if (replicas?.kind !== "constant" || replicas.value.kind !== "list") return;
  const shard = settings["shard"];
  const pipeline = shard?.kind === "record" ? shard.fields["pipeline"] : undefined;
  const parts = pipeline?.kind === "constant" && pipeline.value.kind === "int" ? Number(pipeline.value.value) : 1;
  if (replicas.value.items.length === parts) return;
  const at = block.entries.find((entry) => entry.key.name === "replicas");
  complain(scope.cx, settingCodes.replicaParts, { given: replicas.value.items.length, parts }, {
    at: at?.value.span ?? block.span,
    others: shard === undefined ? [] : [{ span: shard.span, text: `${parts} parts` }],
    reason: "a list of replicas has one entry for each part that `shard: { pipeline: n }` cuts the model into",
  });
}
