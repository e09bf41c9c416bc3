/** From a `.pipe` file to `out.js` and what stands beside it; shared by `build`, `run` and `test`. */
import { basename, dirname, join, relative } from "node:path";
import { buildCodes } from "../../language/diagnostics/codes/build.ts";
import { clusterPlanCodes } from "../../language/diagnostics/codes/cluster-plan.ts";
import { hasErrors, report } from "../../language/diagnostics/diagnostic.ts";
import type { Diagnostic } from "../../language/diagnostics/diagnostic.ts";
import type { Sources } from "../../language/diagnostics/render.ts";
import type { CheckedExtern } from "../../language/check/checked-program.ts";
import { bundleProgram } from "../emit/bundle.ts";
import type { BundleProblem } from "../emit/bundle.ts";
import { inlineSourceMap, makeSourceMap } from "../emit/source-map.ts";
import { pathNames } from "../pipeline.ts";
import type { Compilation } from "../pipeline.ts";
import { statedHardware } from "../plan/cluster/plan-cluster.ts";
import { planToJson, printPlan } from "../plan/print-plan.ts";
import type { Plan } from "../plan/plan.ts";
import { compileFile } from "./compile-file.ts";
import type { CompileOptions } from "./compile-file.ts";
import { exitCodeOf } from "./exit-code.ts";
import { exitCodes } from "./io.ts";
import type { Io } from "./io.ts";
import { packageLayout } from "./package-root.ts";
import { nameHardware } from "./planning-inputs.ts";
import { writeProgramShards } from "./program-shards.ts";
import { reportNowhere, showDiagnostics } from "./report.ts";
import { writeFiles } from "./write-files.ts";

export type BuildResult =
  | { readonly ok: true; readonly file: string; readonly outFile: string; readonly plan: Plan; readonly compilation: Compilation }
  | { readonly ok: false; readonly exitCode: number };

/** Builds and writes; problems are shown on the way. */
export async function buildProgram(options: CompileOptions, io: Io): Promise<BuildResult> {
  let refused: Diagnostic | undefined;
  const compiled = compileFile(io.cwd, options, "emit", (open) => {
    refused = findUnused(options, open.compilation);
    if (refused === undefined && open.compilation.emitted !== undefined) refused = writeProgramShards(open, io.cwd);
  });
  if (!compiled.ok) return failed(io, compiled.diagnostics, new Map(), exitCodes.usage);
  const { compilation, file, outFile, toMain, toCwd } = compiled;
  const { emitted, plan, checked, diagnostics, sources } = compilation;
  if (emitted === undefined || plan === undefined || checked === undefined) return failed(io, diagnostics, sources, exitCodeOf(diagnostics));

  if (refused !== undefined) return failed(io, [refused], sources, exitCodes.usage);
  const folder = dirname(outFile);
  const programFile = join(folder, "out", options.tests === true ? "tests.ts" : "program.ts");
  const names = pathNames({ file, toMain, toCwd });
  const map = makeSourceMap(basename(programFile), emitted.mappings, checked.files, (source) => ["..", names.toMain, names.sourceName(source.path)].filter((part) => part !== "").join("/"));
  const bundled = await bundleProgram({
    layout: packageLayout(),
    programText: emitted.text + inlineSourceMap(map),
    programFile,
    outFile,
    entry: options.measuring === true ? "measuring" : options.tests === true ? "tests" : "main",
  });
  if (!bundled.ok) return failed(io, [...diagnostics, ...bundled.problems.map((problem) => describeProblem(problem, checked.externs))], sources, exitCodes.diagnostics);

  const shown = (path: string): string => relative(io.cwd, path) || path;
  const beside = options.tests === true || options.measuring === true ? [] : [
    { path: programFile, text: emitted.text },
    { path: join(folder, "out", "plan.json"), text: planToJson(plan) },
    { path: join(folder, "out", "plan.txt"), text: printPlan(plan) },
  ];
  const files = [...beside, { path: `${outFile}.map`, text: bundled.map }, { path: outFile, text: bundled.code }];
  const unwritable = writeFiles(files.map((entry) => ({ ...entry, shown: shown(entry.path) })));
  if (unwritable !== undefined) return failed(io, [unwritable], new Map(), exitCodes.usage);
  showDiagnostics(io, diagnostics, sources);
  return { ok: true, file, outFile, plan, compilation };
}

/** Measurements say something of hardware; where none is named, they would be left aside. */
function findUnused({ calibration, hardware }: CompileOptions, { lowered }: Compilation): Diagnostic | undefined {
  if (calibration === undefined || hardware !== undefined || lowered === undefined || statedHardware(lowered) !== undefined) return undefined;
  return reportNowhere(clusterPlanCodes.noHardware, { option: "--calibration" }, { fix: nameHardware });
}

function failed(io: Io, diagnostics: readonly Diagnostic[], sources: Sources, exitCode: number): BuildResult {
  showDiagnostics(io, diagnostics, sources);
  if (!hasErrors(diagnostics)) throw new Error("a build without a result and without an error");
  return { ok: false, exitCode };
}

/** esbuild's words, at the `extern fn` that brought the module in where that can be told. */
function describeProblem(problem: BundleProblem, externs: readonly CheckedExtern[]): Diagnostic {
  const nameOf = (module: string): string => basename(module).replace(/\.[a-z]+$/, "");
  const extern = externs.find((candidate) => (problem.file !== undefined && nameOf(problem.file) === nameOf(candidate.module)) || problem.text.includes(nameOf(candidate.module)));
  const where = problem.file === undefined || problem.file.endsWith("program.ts") || problem.line === undefined ? "" : ` (${problem.file}:${problem.line})`;
  const params = { module: extern?.module ?? problem.file ?? "the program", what: `${problem.text}${where}` };
  return extern === undefined ? reportNowhere(buildCodes.externUnusable, params) : report(buildCodes.externUnusable, params, { at: extern.span });
}
