/**
 * What the parts of the emission share: the program, the names given so far, and the imports that turned out to be
 * needed. Collected while code is written, printed at the end.
 */
import type { Catalog } from "../../language/catalog/catalog.ts";
import type { CheckedProgram, Expr } from "../../language/check/checked-program.ts";
import { positionAt } from "../../language/source/source-file.ts";
import type { Span } from "../../language/source/span.ts";
import type { LoweredProgram } from "../plan/lowered-program.ts";
import { functionsUsed, resourcesUsed, visitExpr } from "../plan/walk-expr.ts";
import { noSizes } from "./dim-sizes.ts";
import type { DimSizes } from "./dim-sizes.ts";
import type { Fingerprint } from "./fingerprint.ts";
import { camelCase, createNamer } from "./names.ts";
import type { Namer } from "./names.ts";
import type { UseType } from "./ts-type.ts";

export interface EmitContext {
  readonly program: CheckedProgram;
  readonly lowered: LoweredProgram;
  readonly catalog: Catalog;
  readonly paths: PathNames;
  /** The fingerprint of a pipeline, by name. */
  readonly fingerprint: ((pipeline: string) => Fingerprint) | undefined;
  readonly namer: Namer;
  /** A function or value of `pipec/runtime`; gives the name to write. */
  readonly runtime: (name: string) => string;
  readonly useType: UseType;
  readonly runtimeType: (name: string) => string;
  readonly operator: (name: string) => string;
  readonly aggregate: (name: string) => string;
  readonly source: (name: string) => string;
  readonly sink: (name: string) => string;
  readonly imports: Imports;
  /** What dimension names stand for in the function that is being written. */
  readonly sizes: DimSizes;
  /** Functions and externs whose calls are awaited, by symbol. */
  readonly asyncFunctions: ReadonlySet<string>;
}

/** How files are named in what is emitted: nothing of the machine. All use "/". */
export interface PathNames {
  /** A source file, relative to the folder of the main one: for places in messages. */
  readonly sourceName: (file: string) => string;
  /** A path written in `fromFile`, relative to the folder of the main source file. */
  readonly fromMain: (fromFile: string, path: string) => string;
  /** From the folder of `out.js` to the folder of the main source file: "" where they are the same. */
  readonly toMain: string;
  /** From the folder of `out.js` to the one that paths given at build are relative to. */
  readonly toCwd: string;
}

interface Imports {
  readonly lists: ReadonlyMap<string, ReadonlyMap<string, string>>;
  readonly types: ReadonlyMap<string, ReadonlyMap<string, string>>;
}

export function createEmitContext(lowered: LoweredProgram, catalog: Catalog, paths: PathNames, fingerprint?: (pipeline: string) => Fingerprint): EmitContext {
  const program = lowered.checked;
  const namer = createNamer(programSymbols(program));
  const lists = new Map<string, Map<string, string>>();
  const types = new Map<string, Map<string, string>>();
  const runtimeType = (name: string): string => importName(types, namer, "pipec/runtime", name, name);
  return {
    program,
    lowered,
    catalog,
    paths,
    fingerprint,
    namer,
    runtime: (name) => importName(lists, namer, "pipec/runtime", name, name),
    runtimeType,
    useType: runtimeType,
    operator: (name) => importName(lists, namer, `pipec/ops/${name}`, camelCase(name), camelCase(name)),
    aggregate: (name) => importName(lists, namer, `pipec/ops/${name}`, `${camelCase(name)}Aggregate`, `${camelCase(name)}Aggregate`),
    source: (name) => importName(lists, namer, `pipec/sources/${name}`, camelCase(name), `read${upper(camelCase(name))}`),
    sink: (name) => importName(lists, namer, `pipec/sinks/${name}`, camelCase(name), `write${upper(camelCase(name))}`),
    imports: { lists, types },
    sizes: noSizes,
    asyncFunctions: findAsyncFunctions(program),
  };
}

function upper(name: string): string {
  return name.charAt(0).toUpperCase() + name.slice(1);
}

function importName(lists: Map<string, Map<string, string>>, namer: Namer, module: string, name: string, wanted: string): string {
  const list = lists.get(module) ?? new Map<string, string>();
  lists.set(module, list);
  const known = list.get(name);
  if (known !== undefined) return known;
  const local = namer.unique(wanted);
  list.set(name, local);
  return local;
}

function programSymbols(program: CheckedProgram): readonly string[] {
  const functions = program.functions.flatMap((fn) => [fn.symbol, ...fn.parameters.map((p) => p.symbol), ...fn.lets.map((l) => l.symbol)]);
  const others = [...program.params, ...program.constants, ...program.models, ...program.externs, ...program.secrets];
  return [...functions, ...others.map((declared) => declared.symbol)];
}

/** Functions that await something, directly or through other functions. */
function findAsyncFunctions(program: CheckedProgram): ReadonlySet<string> {
  const found = new Set<string>();
  const bodies = program.functions.map((fn) => ({ symbol: fn.symbol, exprs: [...fn.lets.map((l) => l.value), fn.body] }));
  for (let size = -1; size !== found.size; ) {
    size = found.size;
    for (const { symbol, exprs } of bodies) if (exprs.some((expr) => awaits(expr, found))) found.add(symbol);
  }
  return found;
}

/** Whether evaluating the expression awaits something. */
export function awaits(expr: Expr, asyncFunctions: ReadonlySet<string>): boolean {
  let found = false;
  visitExpr(expr, (part) => {
    if (part.kind === "extern" || (part.kind === "operator" && part.async) || (part.kind === "function" && asyncFunctions.has(part.symbol))) found = true;
  });
  return found;
}

/** The constants that the expressions need loaded, also through the functions they call, in program order. */
export function resourcesOf(cx: EmitContext, exprs: readonly Expr[]): readonly string[] {
  const symbols = new Set<string>();
  const seen = new Set<string>();
  const visit = (list: readonly Expr[]): void => {
    for (const symbol of resourcesUsed(list)) symbols.add(symbol);
    for (const symbol of functionsUsed(list)) {
      if (seen.has(symbol)) continue;
      seen.add(symbol);
      const fn = cx.program.functions.find((candidate) => candidate.symbol === symbol);
      if (fn !== undefined) visit([...fn.lets.map((l) => l.value), fn.body]);
    }
  };
  visit(exprs);
  return cx.program.constants.map((constant) => constant.symbol).filter((symbol) => symbols.has(symbol));
}

/** The name of the step that gives a stream's rows. */
export function stepName(cx: EmitContext, pipeline: string, stream: number): string {
  const found = cx.lowered.pipelines.find((candidate) => candidate.name === pipeline);
  const step = found?.steps[found.stepOfStream.get(stream) ?? -1];
  if (step === undefined) throw new Error(`stream ${stream} of ${pipeline} has no step: tests keep the streams they look at`);
  return step.name;
}

/** `{ file: "ocr.pipe", line: 3, column: 1 }`. */
export function placeOf(cx: EmitContext, span: Span): { readonly file: string; readonly line: number; readonly column: number } {
  const file = cx.program.files.find((candidate) => candidate.path === span.file);
  const place = file === undefined ? { line: 1, column: 1 } : positionAt(file, span.start);
  return { file: cx.paths.sourceName(span.file), line: place.line, column: place.column };
}

export function emitPlace(cx: EmitContext, span: Span): string {
  const { file, line, column } = placeOf(cx, span);
  return `{ file: ${JSON.stringify(file)}, line: ${line}, column: ${column} }`;
}

/** "ocr.pipe:12" for comments. */
export function placeComment(cx: EmitContext, span: Span): string {
  const { file, line } = placeOf(cx, span);
  return `${file}:${line}`;
}
