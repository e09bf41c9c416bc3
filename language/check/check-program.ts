/**
 * The checker: from the syntax tree of the main file to a checked program. Pure; every problem of all files is reported
 * in one run, and broken trees are checked as far as they go. There is a program only when nothing is wrong; of a main
 * file with syntax errors, which the caller reports, none must be used.
 */
import type { Catalog } from "../catalog/catalog.ts";
import { nameCodes } from "../diagnostics/codes/names.ts";
import { hasErrors, primaryLabel } from "../diagnostics/diagnostic.ts";
import type { Diagnostic } from "../diagnostics/diagnostic.ts";
import { suggest } from "../diagnostics/suggest.ts";
import type { LoadFile } from "../names/load-modules.ts";
import type { Declaration, ResolvedModule, ResolvedProgram } from "../names/resolved-program.ts";
import { resolveNames } from "../names/resolve.ts";
import { symbolSource } from "../names/symbols.ts";
import type { SourceFile } from "../source/source-file.ts";
import type { PipelineAst } from "../syntax/ast.ts";
import type { CheckedConstant, CheckedParam, CheckedProgram } from "./checked-program.ts";
import { constantFor } from "./constants.ts";
import { complain } from "./context.ts";
import type { CheckContext, Known } from "./context.ts";
import { externFor, functionFor } from "./functions.ts";
import { modelFor } from "./models.ts";
import { paramFor, secretFor } from "./params.ts";
import { checkPipeline, warnUnusedStreams } from "./pipelines.ts";
import type { KnownPipeline } from "./pipelines.ts";
import { recordOf } from "./records.ts";
import { checkTests } from "./tests.ts";

export interface CheckOptions {
  /** The text of another `.pipe` file, by its path as the diagnostics will name it; undefined where there is none. */
  readonly loadFile: LoadFile;
  readonly catalog: Catalog;
  /** The main file has syntax errors: its tree may lack parts, so nothing is called unused. */
  readonly mainIsBroken?: boolean;
  /** Params given at build, as text. */
  readonly buildParams?: Readonly<Record<string, string>>;
}

export interface CheckResult {
  /** There only if no diagnostic is an error; complete only if the main file parsed without errors too. */
  readonly program: CheckedProgram | undefined;
  readonly resolved: ResolvedProgram;
  /** In order of file and place. */
  readonly diagnostics: readonly Diagnostic[];
  /** The files of the program, for rendering. */
  readonly sources: readonly SourceFile[];
}

/** Checks a program. `main` is the parsed main file; its own syntax errors are the caller's to report. */
export function checkProgram(main: PipelineAst, source: SourceFile, options: CheckOptions): CheckResult {
  const { program: resolved, diagnostics: nameDiagnostics } = resolveNames(main, source, options.loadFile, options.catalog);
  const cx: CheckContext = {
    catalog: options.catalog, program: resolved, modules: new Map(resolved.modules.map((module) => [module.source.path, module])),
    diagnostics: [...nameDiagnostics], newSymbol: symbolSource(options.catalog), buildParams: new Map(Object.entries(options.buildParams ?? {})),
    used: new Set(), usedLets: new Set(), testedLets: new Set(), params: new Map(), fixedParams: new Map(), known: new Map(),
  };
  checkGivenNames(cx, source);
  for (const module of resolved.modules) for (const declaration of module.declarations) checkDeclaration(cx, declaration);
  checkParamNames(cx);
  const pipelines = new Map<string, KnownPipeline>();
  for (const module of resolved.modules) {
    for (const declaration of module.declarations) {
      const known = declaration.kind === "pipeline" ? checkPipeline(cx, declaration) : undefined;
      if (known !== undefined && !pipelines.has(declaration.name)) pipelines.set(declaration.name, known);
    }
  }
  const [mainModule] = resolved.modules;
  const tests = resolved.modules.flatMap((module) => {
    const checked = checkTests(cx, module, visiblePipelines(module, pipelines));
    return module === mainModule ? checked : [];
  });
  for (const module of resolved.modules) warnUnused(cx, module);
  // What an error hides may be the use.
  if (options.mainIsBroken !== true && !hasErrors(cx.diagnostics)) for (const known of pipelines.values()) warnUnusedStreams(cx, known);
  const diagnostics = inOrder(cx.diagnostics, resolved);
  const sources = resolved.modules.map((module) => module.source);
  if (hasErrors(diagnostics)) return { program: undefined, resolved, diagnostics, sources };
  const known = [...cx.known.values()].filter((one): one is Known => one !== "busy");
  const program: CheckedProgram = {
    phase: "checked", files: sources,
    params: [...cx.params.values()].map((param) => placed(cx, param)),
    secrets: known.flatMap((one) => (one.kind === "secret" ? [one.secret] : [])),
    constants: known.flatMap((one): CheckedConstant[] => (one.kind === "const" && one.constant.kind === "checked" ? [one.constant.constant] : [])),
    models: known.flatMap((one) => (one.kind === "model" && one.model !== undefined ? [one.model] : [])),
    externs: known.flatMap((one) => (one.kind === "extern" ? [one.extern] : [])),
    functions: known.flatMap((one) => (one.kind === "fn" ? [one.fn] : [])),
    pipelines: [...(mainModule === undefined ? new Map<string, KnownPipeline>() : visiblePipelines(mainModule, pipelines)).values()].map((one) => one.pipeline),
    tests,
  };
  return { program, resolved, diagnostics, sources };
}

function checkDeclaration(cx: CheckContext, declaration: Declaration): void {
  switch (declaration.kind) {
    case "param": paramFor(cx, declaration); return;
    case "secret": secretFor(cx, declaration); return;
    case "const": constantFor(cx, declaration); return;
    case "record": recordOf(cx, declaration); return;
    case "model": modelFor(cx, declaration); return;
    case "extern": externFor(cx, declaration); return;
    case "fn": functionFor(cx, declaration); return;
    case "pipeline":
    case "operator":
    case "value":
    case "broken":
      return;
  }
}

/** The pipelines a file declares or imports. */
function visiblePipelines(module: ResolvedModule, all: ReadonlyMap<string, KnownPipeline>): ReadonlyMap<string, KnownPipeline> {
  const visible = new Map<string, KnownPipeline>();
  for (const declaration of module.scope.values()) {
    const known = declaration.kind === "pipeline" ? all.get(declaration.name) : undefined;
    if (known !== undefined) visible.set(declaration.name, known);
  }
  return visible;
}

/** Where a param's value counts is known only now. */
function placed(cx: CheckContext, param: CheckedParam): CheckedParam {
  if (!cx.fixedParams.has(param.symbol)) return param;
  const value = param.value ?? param.default;
  return { ...param, fixedAt: "build", ...(value === undefined ? {} : { value }) };
}

/** Params are named on the command line, so no two files may share a name. */
function checkParamNames(cx: CheckContext): void {
  const seen = new Map<string, CheckedParam>();
  for (const param of cx.params.values()) {
    const earlier = seen.get(param.name);
    if (earlier === undefined) seen.set(param.name, param);
    else if (earlier.span.file !== param.span.file) {
      complain(cx, nameCodes.paramTwice, { name: param.name }, {
        at: param.span, others: [{ span: earlier.span, text: "also declared here" }], reason: "params are given by name on the command line, for the whole program",
      });
    }
  }
}

function checkGivenNames(cx: CheckContext, source: SourceFile): void {
  const names = cx.program.modules.flatMap((module) => module.declarations.flatMap((declaration) => (declaration.kind === "param" ? [declaration.name] : [])));
  for (const name of cx.buildParams.keys()) {
    if (names.includes(name)) continue;
    const near = suggest(name, names);
    complain(cx, nameCodes.unknownGiven, { name }, {
      at: { file: source.path, start: 0, end: 0 },
      reason: names.length === 0 ? "the program has no params" : `its params are ${names.map((known) => `\`${known}\``).join(", ")}`,
      ...(near === undefined ? {} : { fix: { text: `write \`--param ${near}=...\``, edits: [] } }),
    });
  }
}

function warnUnused(cx: CheckContext, module: ResolvedModule): void {
  for (const binding of module.imports) {
    if (binding.declaration.kind === "broken" || cx.used.has(binding.declaration)) continue;
    complain(cx, nameCodes.unusedImport, { name: binding.name }, { at: binding.span, reason: "nothing in this file uses it", fix: { text: "leave it out", edits: [] } });
  }
}

function inOrder(diagnostics: readonly Diagnostic[], resolved: ResolvedProgram): readonly Diagnostic[] {
  const rank = new Map(resolved.modules.map((module, index) => [module.source.path, index]));
  const fileOf = (diagnostic: Diagnostic): number => rank.get(primaryLabel(diagnostic)?.span.file ?? "") ?? resolved.modules.length;
  const startOf = (diagnostic: Diagnostic): number => primaryLabel(diagnostic)?.span.start ?? 0;
  return [...diagnostics].sort((a, b) => fileOf(a) - fileOf(b) || startOf(a) - startOf(b));
}
