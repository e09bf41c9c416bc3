/**
 * Writes the models that a program runs instead of the ones it names: parts of cut models, and copies whose weights lie
 * beside them to be shared. What lies there already is kept where it is of the same model, cut in the same way.
 */
import { createHash } from "node:crypto";
import { readFileSync, rmSync, statSync } from "node:fs";
import { dirname, join, relative } from "node:path";
import type { Diagnostic } from "../../language/diagnostics/diagnostic.ts";
import type { CheckedModel } from "../../language/check/checked-program.ts";
import type { WrittenModel } from "../onnx/write-model.ts";
import type { Compilation } from "../pipeline.ts";
import type { ModelPlan } from "../plan/plan.ts";
import { shardPipeline } from "../shard/shard-pipeline.ts";
import { segmentFiles, writeSegment } from "../shard/write-stage.ts";
import type { SegmentFiles } from "../shard/write-stage.ts";
import type { OpenCompilation } from "./compile-file.ts";
import { writeFiles } from "./write-files.ts";
import { writeRopeFile } from "./write-rope-file.ts";

/** Counts changes of what is written for the same model and the same cuts. */
const FORMAT = 2;

/** The files of one folder, and what they depend on. */
interface ShardFolder {
  /** "out/shards/vit". */
  readonly folder: string;
  readonly model: CheckedModel;
  readonly signature: string;
  readonly files: readonly { readonly names: SegmentFiles; readonly write: () => WrittenModel }[];
}

/** Says which file could not be written, if any. `cwd`: the folder that paths in messages are relative to. */
export function writeProgramShards({ compilation, outFile, graphs, digests }: OpenCompilation, cwd: string): Diagnostic | undefined {
  for (const made of [...cutFolders(compilation), ...sharedFolders(compilation, graphs.read)]) {
    const folder = join(dirname(outFile), made.folder);
    const key = createHash("sha256").update(JSON.stringify([FORMAT, digests.model(made.model), made.signature])).digest("hex");
    if (isCurrent(folder, key)) continue;
    const problem = writeFolder(folder, relative(cwd, folder), made, key);
    if (problem !== undefined) return problem;
  }
  return undefined;
}

function plannedModels({ plan }: Compilation): readonly ModelPlan[] {
  return (plan?.pipelines ?? []).flatMap((pipeline) => pipeline.stages.flatMap((stage) => stage.models ?? []));
}

function cutFolders(compilation: Compilation): readonly ShardFolder[] {
  return (compilation.shards ?? []).map(({ folder, model, stages, signature }) => {
    const isMapped = (file: string): boolean => plannedModels(compilation).some(({ shareWeights, part }) => shareWeights && part?.ranks.some((rank) => rank.segments.some((segment) => segment.file === file)) === true);
    const files = stages.flatMap((stage) => stage.ranks.flatMap((rank, at) => rank.segments.map((_, segment) => {
      const names = segmentFiles(stage, at, segment);
      const mapped = isMapped(`${folder}/${names.model}`);
      return { names, mapped, write: () => writeSegment(stage, at, segment, mapped) };
    })));
    return { folder, model, signature: `${signature} ${files.map(({ mapped }) => (mapped ? "m" : "-")).join("")}`, files };
  });
}

/** Whole models whose weights are shared. */
function sharedFolders(compilation: Compilation, readGraph: OpenCompilation["graphs"]["read"]): readonly ShardFolder[] {
  const wanted = new Map(plannedModels(compilation).flatMap(({ name, file }) => (file === undefined ? [] : [[name, file] as const])));
  return [...wanted].flatMap(([name, file]): readonly ShardFolder[] => {
    const model = compilation.checked?.models.find((candidate) => candidate.name === name);
    const graph = model && readGraph(model);
    const result = graph && shardPipeline(graph, []);
    const [stage] = result?.ok === true ? result.set.stages : [];
    if (model === undefined || stage === undefined) throw new Error(`model ${name} is to share its weights and cannot be written`);
    return [{ folder: dirname(file), model, signature: "whole", files: [{ names: segmentFiles(stage, 0, 0), write: () => writeSegment(stage, 0, 0, true) }] }];
  });
}

interface Written {
  readonly key: string;
  readonly files: readonly { readonly name: string; readonly bytes: number }[];
}

const listName = "shards.json";

function isCurrent(folder: string, key: string): boolean {
  const written = readList(folder);
  return written?.key === key && written.files.every(({ name, bytes }) => statSync(join(folder, name), { throwIfNoEntry: false })?.size === bytes);
}

/** Undefined where there is none, or none that this program wrote. */
function readList(folder: string): Written | undefined {
  const path = join(folder, listName);
  try {
    const list: unknown = JSON.parse(readFileSync(path, "utf8"));
    return isWritten(list) ? list : undefined;
  } catch {
    return undefined;
  }
}

function isWritten(value: unknown): value is Written {
  if (typeof value !== "object" || value === null || !("key" in value) || !("files" in value) || !Array.isArray(value.files)) return false;
  return value.files.every((file: unknown) => typeof file === "object" && file !== null && "name" in file && typeof file.name === "string" && !/[\\/]/.test(file.name));
}

function writeFolder(folder: string, shown: string, { files }: ShardFolder, key: string): Diagnostic | undefined {
  // Files of other cuts would lie about; the list goes first, so that a folder half written is never taken as whole.
  const old = readList(folder)?.files ?? [];
  for (const name of [listName, ...old.map((file) => file.name)]) rmSync(join(folder, name), { force: true });
  const list: Written["files"][number][] = [];
  for (const { names, write } of files) {
    const { model, external } = write();
    const parts = [...(external.length > 0 ? [{ name: names.weights, rope: external }] : []), { name: names.model, rope: model }];
    for (const { name, rope } of parts) {
      const problem = writeRopeFile(join(folder, name), join(shown, name), rope);
      if (problem !== undefined) return problem;
      list.push({ name, bytes: rope.length });
    }
  }
  return writeFiles([{ path: join(folder, listName), shown: join(shown, listName), text: `${JSON.stringify({ key, files: list }, undefined, 2)}\n` }]);
}
