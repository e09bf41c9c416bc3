/** What `pipec shard` and `pipec verify` share: opens a model, finds where to cut it, cuts it, writes the shards. */
import { join, resolve } from "node:path";
import { shardCodes } from "../../../language/diagnostics/codes/shard.ts";
import { hasErrors, type Diagnostic } from "../../../language/diagnostics/diagnostic.ts";
import { sourcesOf } from "../../../language/diagnostics/render.ts";
import { inferShapes, type InferredGraph } from "../../onnx/infer/infer-shapes.ts";
import { quoteName } from "../../onnx/model-diagnostics.ts";
import type { ModelGraph, Node } from "../../onnx/model-graph.ts";
import { readModel } from "../../onnx/read-model.ts";
import { chooseCuts, cutAfter, stagesMax } from "../../shard/choose-cuts.ts";
import { shardPipeline } from "../../shard/shard-pipeline.ts";
import type { Cuts, ShardSet } from "../../shard/shard-set.ts";
import { segmentFiles, writeSegment } from "../../shard/write-stage.ts";
import { flag, listOption, textOption, type CommandArgs } from "../command.ts";
import { exitCodes, type Io } from "../io.ts";
import { openModelFiles } from "../model-files.ts";
import { diagnosticsJson, reportNowhere, showDiagnostics } from "../report.ts";
import { writeRopeFile } from "../write-rope-file.ts";

export interface CutModel {
  readonly path: string;
  /** As the user named it. */
  readonly shown: string;
  readonly inferred: InferredGraph;
  readonly set: ShardSet;
}

/** What a step of a command comes to: a value, or the problems and the exit code. */
export type Outcome<T> = { readonly ok: true; readonly value: T } | Failure;

export interface Failure {
  readonly ok: false;
  readonly diagnostics: readonly Diagnostic[];
  readonly exitCode: number;
}

/** Problems of the model or the data: exit code 1. */
export function failed(...diagnostics: readonly Diagnostic[]): Failure {
  return { ok: false, diagnostics, exitCode: exitCodes.diagnostics };
}

function misused(what: string): Failure {
  return { ok: false, diagnostics: [reportNowhere(shardCodes.shardArguments, { what })], exitCode: exitCodes.usage };
}

/** Shows what went wrong; gives the exit code. */
export function showFailure({ diagnostics, exitCode }: Failure, args: CommandArgs, io: Io): number {
  if (flag(args, "json")) io.stdout(diagnosticsJson(diagnostics, sourcesOf()));
  else showDiagnostics(io, diagnostics, sourcesOf());
  return exitCode;
}

/** Cuts the model that the command names and hands it to `use`; its files stay open meanwhile. */
export async function withCutModel(args: CommandArgs, io: Io, use: (cut: CutModel) => Promise<Outcome<number>>): Promise<Outcome<number>> {
  const where = readPlaces(args);
  if (!where.ok) return where;
  const shown = args.positionals[0] ?? "";
  const path = resolve(io.cwd, shown);
  const opened = openModelFiles(path);
  if ("diagnostic" in opened) return failed(opened.diagnostic);
  try {
    const { model, diagnostics } = readModel(opened.files);
    if (!model || hasErrors(diagnostics)) return failed(...diagnostics);
    const inferred = inferShapes(model);
    const cuts = findCuts(model, inferred, where.value);
    if (!cuts.ok) return cuts;
    const result = shardPipeline(model, cuts.value, inferred);
    return result.ok ? await use({ path, shown, inferred, set: result.set }) : failed(...result.diagnostics);
  } finally {
    opened.close();
  }
}

/** Where to cut: into a number of stages, or after the nodes named for each cut. */
interface Places {
  readonly stages: number;
  readonly cuts: readonly (readonly string[])[];
}

function readPlaces(args: CommandArgs): Outcome<Places> {
  const text = textOption(args, "pipeline");
  const cuts = listOption(args, "cut").map((names) => names.split(","));
  if (text === undefined && cuts.length === 0) return misused("say into how many stages: --pipeline 2");
  const stages = text === undefined ? cuts.length + 1 : Number(text);
  if (!/^[1-9]\d{0,5}$/.test(text ?? "1")) return misused(`--pipeline takes a whole number of at least 1, not ${quoteName(text ?? "")}`);
  if (cuts.length > 0 && cuts.length !== stages - 1) return misused(`${stages} stages have ${stages - 1} cuts, and --cut is given ${cuts.length} times`);
  return { ok: true, value: { stages, cuts } };
}

function findCuts(model: ModelGraph, inferred: InferredGraph, { stages, cuts }: Places): Outcome<Cuts> {
  if (cuts.length === 0) {
    const chosen = chooseCuts(model, inferred, stages);
    return chosen ? { ok: true, value: chosen } : failed(reportNowhere(shardCodes.tooFewPlaces, { file: model.files.name, stages, most: stagesMax(model, inferred) }));
  }
  const found: ReadonlySet<Node>[] = [];
  for (const names of cuts) {
    const cut = cutAfter(model, inferred, names, found.at(-1) ?? new Set());
    if ("unknown" in cut) return failed(reportNowhere(shardCodes.cutUnknown, { name: quoteName(cut.unknown) }));
    found.push(cut);
  }
  return { ok: true, value: found };
}

/** Writes the models of all stages into a folder. */
export function writeShards(set: ShardSet, folder: string, shownFolder: string): Diagnostic | undefined {
  for (const stage of set.stages) {
    for (const [rank, { segments }] of stage.ranks.entries()) {
      for (const segment of segments.keys()) {
        const files = segmentFiles(stage, rank, segment);
        const { model, external } = writeSegment(stage, rank, segment);
        // Weights first: a model is never found without them.
        const problem =
          (external.length > 0 ? writeRopeFile(join(folder, files.weights), join(shownFolder, files.weights), external) : undefined) ??
          writeRopeFile(join(folder, files.model), join(shownFolder, files.model), model);
        if (problem) return problem;
      }
    }
  }
  return undefined;
}
