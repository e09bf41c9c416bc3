/** What `pipec shard` and `pipec verify` share: opens a model, finds where to cut it, cuts it, writes the shards. */
import { basename, join, resolve } from "node:path";
import { shardCodes } from "../../../language/diagnostics/codes/shard.ts";
import { hasErrors, type Diagnostic } from "../../../language/diagnostics/diagnostic.ts";
import { sourcesOf } from "../../../language/diagnostics/render.ts";
import { inferShapes, type InferredGraph } from "../../onnx/infer/infer-shapes.ts";
import { quoteName } from "../../onnx/model-diagnostics.ts";
import type { ModelGraph, Node } from "../../onnx/model-graph.ts";
import { readModel } from "../../onnx/read-model.ts";
import { checkSharing } from "../../shard/check-sharing.ts";
import { cutAfter } from "../../shard/choose-cuts.ts";
import { shardModel } from "../../shard/shard-model.ts";
import type { Cuts, ShardSet } from "../../shard/shard-set.ts";
import { writeRank } from "../../shard/write-stage.ts";
import { flag, listOption, textOption, type CommandArgs } from "../command.ts";
import { exitCodes, type Io } from "../io.ts";
import { openModelFiles } from "../model-files.ts";
import { diagnosticsJson, reportNowhere, showDiagnostics } from "../report.ts";
import { writeRopeFile } from "../write-rope-file.ts";
import { optimizeModel } from "./optimize-model.ts";

export interface CutModel {
  /** The model that was cut: the user's, or that as onnxruntime optimised it. */
  readonly path: string;
  readonly original: string;
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
  if (!flag(args, "optimizeFirst")) return cutAt(path, path, { shown, io }, where.value, use);
  const optimized = await optimizeModel(path);
  if (!optimized.ok) return failed(reportNowhere(shardCodes.runFailed, { part: "the whole model", what: optimized.what }));
  try {
    return await cutAt(optimized.path, path, { shown, io }, where.value, use);
  } finally {
    optimized.remove();
  }
}

/** `path` is the model to cut, `original` the one that the user named. */
async function cutAt(path: string, original: string, { shown, io }: { readonly shown: string; readonly io: Io }, places: Places, use: (cut: CutModel) => Promise<Outcome<number>>): Promise<Outcome<number>> {
  const opened = openModelFiles(path, basename(original));
  if ("diagnostic" in opened) return failed(opened.diagnostic);
  try {
    const { model, diagnostics } = readModel(opened.files);
    if (!model || hasErrors(diagnostics)) return failed(...diagnostics);
    const inferred = inferShapes(model);
    const cuts = findCuts(model, inferred, places);
    if (!cuts.ok) return cuts;
    const result = shardModel(model, { pipeline: places.stages, tensor: places.ranks, ...(cuts.value ? { cuts: cuts.value } : {}) }, inferred);
    if (result.ok) showDiagnostics(io, checkSharing(result.set), sourcesOf());
    return result.ok ? await use({ path, original, shown, inferred, set: result.set }) : failed(...result.diagnostics);
  } finally {
    opened.close();
  }
}

/** Where to cut: into a number of stages, or after the nodes named for each cut; and among how many ranks each stage. */
interface Places {
  readonly stages: number;
  readonly ranks: number;
  readonly cuts: readonly (readonly string[])[];
}

function readPlaces(args: CommandArgs): Outcome<Places> {
  const [stagesText, ranksText] = [textOption(args, "pipeline"), textOption(args, "tensor")];
  const cuts = listOption(args, "cut").map((names) => names.split(","));
  if (stagesText === undefined && ranksText === undefined && cuts.length === 0) return misused("say into how many stages or ranks: --pipeline 2, --tensor 2");
  const stages = stagesText === undefined ? cuts.length + 1 : readCount("--pipeline", stagesText);
  const ranks = ranksText === undefined ? 1 : readCount("--tensor", ranksText);
  if (typeof stages === "string") return misused(stages);
  if (typeof ranks === "string") return misused(ranks);
  if (cuts.length > 0 && cuts.length !== stages - 1) return misused(`${stages} stages have ${stages - 1} cuts, and --cut is given ${cuts.length} times`);
  if (ranks > ranksMax) return misused(`--tensor takes at most ${ranksMax}, not ${ranks}`);
  return { ok: true, value: { stages, ranks, cuts } };
}

/** More than any group of devices that exchange tensors within a layer. */
const ranksMax = 64;

/** A count, or what is wrong with the text. */
function readCount(option: string, text: string): number | string {
  return /^[1-9]\d{0,5}$/.test(text) ? Number(text) : `${option} takes a whole number of at least 1, not ${quoteName(text)}`;
}

/** The cuts that were named; undefined if they are to be chosen. */
function findCuts(model: ModelGraph, inferred: InferredGraph, { cuts }: Places): Outcome<Cuts | undefined> {
  if (cuts.length === 0) return { ok: true, value: undefined };
  const found: ReadonlySet<Node>[] = [];
  for (const names of cuts) {
    const cut = cutAfter(model, inferred, names, found.at(-1) ?? new Set());
    if ("unknown" in cut) return failed(reportNowhere(shardCodes.cutUnknown, { name: quoteName(cut.unknown) }));
    found.push(cut);
  }
  return { ok: true, value: found };
}

/** Writes the models of all ranks of all stages into a folder. */
export function writeShards(set: ShardSet, folder: string, shownFolder: string): Diagnostic | undefined {
  for (const stage of set.stages) {
    for (const rank of stage.ranks.keys()) {
      const { segments, weights } = writeRank(stage, rank);
      // Weights first: a model is never found without them.
      const files = [...(weights ? [weights] : []), ...segments.map(({ file, model }) => ({ file, data: model }))];
      for (const { file, data } of files) {
        const problem = writeRopeFile(join(folder, file), join(shownFolder, file), data);
        if (problem) return problem;
      }
    }
  }
  return undefined;
}

/** "3 stages", "2 stages of 4 ranks". */
export function describeSize({ stages }: ShardSet): string {
  const ranks = stages[0]?.ranks.length ?? 1;
  return `${stages.length} ${stages.length === 1 ? "stage" : "stages"}${ranks > 1 ? ` of ${ranks} ranks` : ""}`;
}
