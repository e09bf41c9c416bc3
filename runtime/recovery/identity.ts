/** What decides the output of a run: one that goes on where another stopped must agree with it in all of this. */
import { createHash } from "node:crypto";
import type { Split } from "../contract/kernel.ts";
import type { ModelSpec, PipelineSpec } from "../contract/program.ts";
import type { Value } from "../contract/value.ts";

export interface RunIdentity {
  readonly format: 3;
  readonly pipeline: string;
  /** Operators, models, externs: by the compiler. */
  readonly fingerprint: string;
  /** Of that, what lies in files of its own, with its digest: "the extern work". */
  readonly parts: Readonly<Record<string, string>>;
  /** As text, by name. */
  readonly params: Readonly<Record<string, string>>;
  readonly cuts: readonly string[];
  /** Digests of the models' files, by name. */
  readonly models: Readonly<Record<string, string>>;
  /** Digests of the files that resources are loaded from, by their names as seen from the program. */
  readonly files: Readonly<Record<string, string>>;
  /** Absent where no model runs. */
  readonly onnxruntime?: string;
}

export interface IdentityRequest {
  readonly pipeline: PipelineSpec;
  readonly params: Readonly<Record<string, Value>>;
  readonly models: Readonly<Record<string, string>>;
  readonly files: Readonly<Record<string, string>>;
  readonly onnxruntime: string | undefined;
}

export function describeRun({ pipeline, params, models, files, onnxruntime }: IdentityRequest): RunIdentity {
  return {
    format: 3,
    pipeline: pipeline.name,
    fingerprint: pipeline.fingerprint ?? "",
    parts: pipeline.fingerprintParts ?? {},
    params: Object.fromEntries(Object.entries(params).map(([name, value]) => [name, printParam(value)])),
    models,
    files,
    cuts: [`chunks of ${pipeline.chunkRows} rows${pipeline.chunkBytes === undefined ? "" : ` or ${pipeline.chunkBytes} bytes`}`, `groups of ${pipeline.groupChunks} chunks`, ...new Set(modelsOf(pipeline).map(cutsOfModel))],
    ...(onnxruntime === undefined ? {} : { onnxruntime }),
  };
}

/** Files that models are loaded from, as they are named in the program. */
export function modelFiles(pipeline: PipelineSpec): readonly string[] {
  const files = pipeline.steps.flatMap((step) => {
    if (step.kind === "model") return [step.model.file];
    return step.kind === "modelPart" ? step.part.ranks.flatMap(({ segments }) => segments.map(({ file }) => file)) : [];
  });
  return [...new Set(files)];
}

function modelsOf(pipeline: PipelineSpec): readonly ModelSpec[] {
  return pipeline.steps.flatMap((step) => (step.kind === "model" || step.kind === "modelPart" ? [step.model] : []));
}

function cutsOfModel({ name, batch, pad }: ModelSpec): string {
  return [`${name} in batches of ${batch}`, ...pad.map(({ dim, multiple }) => `${dim} a multiple of ${multiple}`)].join(", ");
}

function printParam(value: Value): string {
  return typeof value === "bigint" ? String(value) : (JSON.stringify(value, (_key, part: unknown) => (typeof part === "bigint" ? String(part) : part)) ?? "");
}

/** What differs, in words that complete "it cannot go on: …"; nothing where it may go on. */
export function describeChanges(was: RunIdentity, now: RunIdentity): readonly string[] {
  // What another version wrote may be of any shape.
  if (was.format !== now.format) return ["it was written by another version of pipec"];
  const changes: string[] = [];
  if (was.pipeline !== now.pipeline) changes.push(`it is of the pipeline ${was.pipeline}`);
  if (was.fingerprint !== now.fingerprint) changes.push(...describeProgramChanges(was.parts, now.parts));
  for (const name of namesIn(was.params, now.params)) {
    if (was.params[name] !== now.params[name]) changes.push(`--${name} was ${was.params[name] ?? "not there"} and is ${now.params[name] ?? "not there"}`);
  }
  for (const [name, digest] of Object.entries(now.models)) if ((was.models[name] ?? digest) !== digest) changes.push(`the model file ${name} has changed`);
  for (const name of namesIn(was.files, now.files)) {
    const [before, after] = [was.files[name], now.files[name]];
    if (before !== after) changes.push(`the file ${name}, which something is loaded from, ${before === undefined ? "is new" : after === undefined ? "is not read any more" : "has changed"}`);
  }
  const cuts = (mine: RunIdentity, other: RunIdentity): string => mine.cuts.filter((cut) => !other.cuts.includes(cut)).join("; ");
  if (was.cuts.join() !== now.cuts.join()) changes.push(`rows were cut into ${cuts(was, now)} and would be cut into ${cuts(now, was)}`);
  if (was.onnxruntime !== now.onnxruntime) changes.push(`onnxruntime was ${was.onnxruntime ?? "not used"} and is ${now.onnxruntime ?? "not used"}`);
  return changes;
}

function namesIn(was: Readonly<Record<string, string>>, now: Readonly<Record<string, string>>): readonly string[] {
  return [...new Set([...Object.keys(was), ...Object.keys(now)])].sort();
}

/** What is no part with a file of its own is the program's text. */
function describeProgramChanges(was: RunIdentity["parts"], now: RunIdentity["parts"]): readonly string[] {
  const changed = namesIn(was, now).filter((name) => was[name] !== now[name]).map((name) => `${name} ${was[name] === undefined ? "is new" : now[name] === undefined ? "is not used any more" : "has changed"}`);
  return changed.length > 0 ? changed : ["the program has changed"];
}

/** The input of one region as it was when the run began. */
export interface InputNote {
  readonly count: number;
  readonly digest: string;
  /** Where there are few. */
  readonly splits?: readonly Pick<Split, "path" | "bytes" | "modifiedMs" | "digest">[];
}

const LISTED_MAX = 200;

export function noteInputs(splits: readonly Split[]): InputNote {
  const plain = splits.map(({ path, bytes, modifiedMs, digest }) => ({ path, bytes, modifiedMs, ...(digest === undefined ? {} : { digest }) }));
  const hash = createHash("sha256");
  for (const split of plain) hash.update(`${JSON.stringify(split)}\n`);
  return { count: plain.length, digest: hash.digest("hex"), ...(plain.length <= LISTED_MAX ? { splits: plain } : {}) };
}

export function describeInputChanges(was: readonly InputNote[], now: readonly InputNote[]): readonly string[] {
  return was.flatMap((before, region) => {
    const after = now[region];
    if (after !== undefined && before.digest === after.digest) return [];
    if (after?.splits === undefined || before.splits === undefined) return [`the input files have changed: there were ${before.count} and are ${after?.count ?? 0}`];
    const olds = new Map(before.splits.map((split) => [split.path, split]));
    const news = new Map(after.splits.map((split) => [split.path, split]));
    const gone = [...olds.keys()].filter((path) => !news.has(path)).map((path) => `the input file ${path} has gone`);
    const added = [...news.keys()].filter((path) => !olds.has(path)).map((path) => `the input file ${path} is new`);
    const altered = [...news.values()].flatMap(({ path, bytes, modifiedMs, digest }) => {
      const old = olds.get(path);
      return old === undefined || (old.bytes === bytes && old.modifiedMs === modifiedMs && old.digest === digest) ? [] : [`the input file ${path} has changed`];
    });
    return [...gone, ...altered, ...added];
  });
}
