/**
 * The compiler, read top to bottom: each pass is one function, takes what the pass before gave, and can be dumped
 * (`pipec dump --after=<pass>`). The front end reports everything it finds; a pass runs only if the ones before had
 * no errors. Pure but for the last pass, which lets esbuild read the user's externs and pipec's own modules.
 */
import { posix } from "node:path";
import type { Catalog } from "../language/catalog/catalog.ts";
import { checkProgram } from "../language/check/check-program.ts";
import type { CheckedProgram } from "../language/check/checked-program.ts";
import { printCheckedProgram } from "../language/check/print-checked-program.ts";
import { verifyCheckedProgram } from "../language/check/verify-checked-program.ts";
import { hasErrors } from "../language/diagnostics/diagnostic.ts";
import type { Diagnostic } from "../language/diagnostics/diagnostic.ts";
import { createSourceFile } from "../language/source/source-file.ts";
import type { SourceFile } from "../language/source/source-file.ts";
import type { PipelineAst } from "../language/syntax/ast.ts";
import { parseFile } from "../language/syntax/parse.ts";
import { printAst } from "../language/syntax/print-ast.ts";
import { printTokens } from "../language/syntax/print-tokens.ts";
import { checkPlan } from "./plan/check-plan.ts";
import type { Hardware } from "../stdlib/hw/hardware.ts";
import type { Calibration } from "./plan/cluster/calibration.ts";
import type { GraphReader } from "./plan/cluster/describe-pipeline.ts";
import { planCluster, statedHardware } from "./plan/cluster/plan-cluster.ts";
import { lowerProgram } from "./plan/lower.ts";
import type { LoweredPipeline, LoweredProgram } from "./plan/lowered-program.ts";
import { placementOfCluster, placementOfSettings } from "./plan/choose-placement.ts";
import { splitModels } from "./plan/split-models.ts";
import { cutCalls } from "./shard/cut-calls.ts";
import type { ModelShards } from "./shard/cut-calls.ts";
import { planProgram } from "./plan/plan-program.ts";
import { predictRates } from "./plan/predict-rates.ts";
import type { Plan } from "./plan/plan.ts";
import { printLowered } from "./plan/print-lowered.ts";
import { printPlan } from "./plan/print-plan.ts";
import { verifyPlan } from "./plan/verify-plan.ts";
import type { PathNames } from "./emit/emit-context.ts";
import { emitProgram } from "./emit/emit-program.ts";
import { fingerprintOf } from "./emit/fingerprint.ts";
import type { FileDigests } from "./emit/fingerprint.ts";
import type { EmittedProgram } from "./emit/emitted-program.ts";

export const passNames = ["lex", "parse", "check", "lower", "plan", "emit"] as const;
export type PassName = (typeof passNames)[number];

export interface CompileRequest {
  /** The main file as the user named it, and its text. */
  readonly file: string;
  readonly text: string;
  readonly loadFile: (path: string) => string | undefined;
  readonly catalog: Catalog;
  /** Values given at build, as text, by param name. */
  readonly buildParams: Readonly<Record<string, string>>;
  /** From the folder of `out.js` to that of the main file, with "/"; "" where they are the same. */
  readonly toMain: string;
  /** From the folder of `out.js` to the current one, which paths given at build are relative to. */
  readonly toCwd: string;
  /** Opens the models' files for the plan of a program that states its hardware; without it, no such plan is made. */
  readonly readGraph?: GraphReader;
  /** Instead of what the program states. */
  readonly hardware?: Hardware;
  /** Measurements, instead of estimates. */
  readonly calibration?: Calibration;
  /** Digests of models and externs, for the fingerprints of pipelines with a checkpoint. */
  readonly digests?: FileDigests;
  /** Keep what test blocks look at, and write them out too. */
  readonly tests?: boolean;
}

/** What came out, as far as the program let it. */
export interface Compilation {
  readonly diagnostics: readonly Diagnostic[];
  /** Every source file, for rendering diagnostics. */
  readonly sources: ReadonlyMap<string, SourceFile>;
  readonly main: SourceFile;
  readonly ast: PipelineAst;
  readonly checked?: CheckedProgram;
  readonly lowered?: LoweredProgram;
  /** The lowered program with models cut as `plan` has them; the same where none is. */
  readonly split?: LoweredProgram;
  /** Every model whole: what plans for other hardware start from. */
  readonly whole?: Plan;
  readonly plan?: Plan;
  /** The models to write beside the program. */
  readonly shards?: readonly ModelShards[];
  readonly emitted?: EmittedProgram;
}

/** Runs the passes up to and including `last`. */
export function compile(request: CompileRequest, last: PassName = "emit"): Compilation {
  const until = passNames.indexOf(last);
  const main = createSourceFile(request.file, request.text);
  const sources = new Map([[main.path, main]]);

  const parsed = parseFile(main);
  const front = { sources, main, ast: parsed.ast };
  if (until < passNames.indexOf("check")) return { ...front, diagnostics: parsed.diagnostics };

  const { program: checked, diagnostics: found } = checkProgram(parsed.ast, main, {
    loadFile: remember(request.loadFile, sources),
    catalog: request.catalog,
    buildParams: request.buildParams,
    mainIsBroken: hasErrors(parsed.diagnostics),
  });
  const diagnostics = [...parsed.diagnostics, ...found];
  if (checked === undefined || hasErrors(diagnostics)) return { ...front, diagnostics };
  verifyCheckedProgram(checked);
  if (last === "check") return { ...front, diagnostics, checked };

  const lowered = lowerProgram(checked, request.tests === true ? { keepStreams: testedStreams(checked) } : {});
  if (last === "lower") return { ...front, diagnostics, checked, lowered };

  const { whole, split, plan, shards, diagnostics: unfit } = planFor(lowered, request);
  diagnostics.push(...unfit);
  if (!hasErrors(unfit)) diagnostics.push(...checkPlan(plan, split, { mayCut: request.readGraph !== undefined }));
  const planned = { ...front, diagnostics, checked, lowered, split, whole, plan, shards };
  if (last === "plan" || hasErrors(diagnostics)) return planned;

  const { digests } = request;
  const emitted = emitProgram(split, plan, { catalog: request.catalog, paths: pathNames(request), tests: request.tests === true, ...(digests === undefined ? {} : { fingerprint: (name) => fingerprintOf(lowered, pipelineNamed(lowered, name), digests) }) });
  return { ...planned, emitted };
}

function pipelineNamed(program: LoweredProgram, name: string): LoweredPipeline {
  const found = program.pipelines.find((pipeline) => pipeline.name === name);
  if (found === undefined) throw new Error(`there is no pipeline ${name}`);
  return found;
}

interface Planned {
  readonly split: LoweredProgram;
  readonly whole: Plan;
  readonly plan: Plan;
  readonly shards: readonly ModelShards[];
  readonly diagnostics: readonly Diagnostic[];
}

/** Where the program states its hardware, models are cut and placed as the plan for it has them, else as settings say. */
function planFor(lowered: LoweredProgram, { readGraph, calibration, hardware = statedHardware(lowered) }: CompileRequest): Planned {
  const whole = planProgram(lowered);
  verifyPlan(whole, lowered);
  const asIs = { split: lowered, whole, plan: whole, shards: [] };
  if (readGraph === undefined) return { ...asIs, diagnostics: [] };
  const solved = hardware && planCluster(lowered, whole, hardware, { readGraph, compare: false, ...(calibration === undefined ? {} : { calibration }) });
  if (solved !== undefined && solved.plan === undefined) return { ...asIs, diagnostics: solved.diagnostics };
  const wanted = hardware === undefined || solved?.plan === undefined ? placementOfSettings(lowered) : placementOfCluster(lowered, whole, solved.plan, hardware);
  const cut = cutCalls(lowered, wanted, readGraph);
  if (!cut.ok) return { ...asIs, diagnostics: [...(solved?.diagnostics ?? []), ...cut.diagnostics] };
  const split = splitModels(lowered, cut.placement, cut.cuts);
  const planned = planProgram(split, cut.placement.memoryBytes);
  const plan = hardware === undefined || solved?.plan === undefined ? planned : predictRates(planned, { split, whole, cluster: solved.plan, hardware });
  verifyPlan(plan, split);
  return { split, whole, plan, shards: cut.shards, diagnostics: [...(solved?.diagnostics ?? []), ...cut.warnings] };
}

/** The dump after a pass, or undefined where the program did not get so far. */
export function printAfter(compilation: Compilation, pass: PassName): string | undefined {
  switch (pass) {
    case "lex":
      return printTokens(compilation.main);
    case "parse":
      return printAst(compilation.main, compilation.ast);
    case "check":
      return compilation.checked && printCheckedProgram(compilation.checked);
    case "lower":
      return compilation.lowered && printLowered(compilation.lowered);
    case "plan":
      return compilation.plan && printPlan(compilation.plan);
    case "emit":
      return compilation.emitted?.text;
  }
}

/** Keeps the text of each file that is loaded, so that diagnostics in it can be shown. */
function remember(loadFile: CompileRequest["loadFile"], sources: Map<string, SourceFile>): CompileRequest["loadFile"] {
  return (path) => {
    const text = loadFile(path);
    if (text !== undefined) sources.set(path, createSourceFile(path, text));
    return text;
  };
}

/** Streams that tests replace or look at, by pipeline. */
function testedStreams(program: CheckedProgram): ReadonlyMap<string, ReadonlySet<number>> {
  const names = new Map(program.pipelines.map((pipeline) => [pipeline.name, new Set<number>()]));
  const named = program.pipelines.flatMap((pipeline) => pipeline.streams.filter((stream) => stream.name !== undefined).map((stream) => ({ pipeline: pipeline.name, id: stream.id })));
  if (program.tests.length > 0) for (const { pipeline, id } of named) names.get(pipeline)?.add(id);
  return names;
}

/** Names of files in what is emitted: relative to the main file's folder, always with "/". */
export function pathNames(request: Pick<CompileRequest, "file" | "toMain" | "toCwd">): PathNames {
  const slashed = (path: string): string => path.replaceAll("\\", "/");
  const folder = posix.dirname(slashed(request.file));
  return {
    sourceName: (file) => posix.relative(folder, slashed(file)),
    fromMain: (fromFile, path) => {
      const isElsewhere = path.startsWith("/") || /^[A-Za-z][A-Za-z0-9+.-]+:/.test(path);
      return isElsewhere ? path : posix.relative(folder, posix.join(posix.dirname(slashed(fromFile)), slashed(path)));
    },
    toMain: request.toMain,
    toCwd: request.toCwd,
  };
}
