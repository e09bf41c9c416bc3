/**
 * Writes the program as one TypeScript module (`out/program.ts`): imports, params, resources, externs, functions, row
 * types and step functions, and the `ProgramSpec` that the engine runs.
 *
 * Before: a lowered program and a verified plan for it. After: text that type-checks, in which nothing depends on the
 * machine; equal programs and plans give equal text.
 */
import type { Catalog } from "../../language/catalog/catalog.ts";
import type { CheckedExtern } from "../../language/check/checked-program.ts";
import type { LoweredProgram } from "../plan/lowered-program.ts";
import { factsOf } from "../plan/plan-program.ts";
import type { Plan } from "../plan/plan.ts";
import { lines, renderCode } from "./code.ts";
import type { Code } from "./code.ts";
import { createEmitContext } from "./emit-context.ts";
import type { EmitContext, PathNames } from "./emit-context.ts";
import { emitExtern, emitFunction, emitParams, emitResource, externImport } from "./emit-declarations.ts";
import { emitPipeline } from "./emit-pipeline.ts";
import { emitSteps } from "./emit-steps.ts";
import { emitTests } from "./emit-tests.ts";
import type { EmittedProgram } from "./emitted-program.ts";
import type { Fingerprint } from "./fingerprint.ts";
import { usedSymbols } from "./used-symbols.ts";

export interface EmitOptions {
  readonly catalog: Catalog;
  readonly paths: PathNames;
  /** Makes the fingerprint of a pipeline by its name; without it none are written. */
  readonly fingerprint?: (pipeline: string) => Fingerprint;
  /** Also write `export const tests`, for `pipec test`. */
  readonly tests?: boolean;
}

export function emitProgram(program: LoweredProgram, plan: Plan, options: EmitOptions): EmittedProgram {
  const { checked } = program;
  const cx = createEmitContext(program, options.catalog, options.paths, options.fingerprint);
  const used = usedSymbols(program, options.tests === true);
  const externs = checked.externs.filter((extern) => used.has(extern.symbol));
  const body: Code[] = [emitParams(cx)];
  for (const constant of checked.constants) if (constant.kind !== "plain" && used.has(constant.symbol)) body.push("\n", emitResource(cx, constant));
  for (const extern of externs) body.push("\n", emitExtern(cx, extern));
  for (const fn of checked.functions) if (used.has(fn.symbol)) body.push("\n", emitFunction(cx, fn));
  const specs = program.pipelines.map((pipeline, index): Code => {
    const planned = plan.pipelines[index];
    if (planned === undefined) throw new Error(`pipeline ${pipeline.name} has no plan`);
    const steps = emitSteps(cx, pipeline, planned, factsOf(program, pipeline));
    body.push(`\n// pipeline ${pipeline.name}\n`, steps.declarations.flatMap((declaration) => ["\n", declaration]));
    return emitPipeline(cx, pipeline, planned, steps);
  });
  body.push("\n", emitSpec(cx, checked.files[0]?.path ?? "", specs));
  if (options.tests === true) body.push("\n", emitTests(cx));
  const rendered = renderCode([header(cx), emitImports(cx, externs), "\n", body]);
  return { phase: "emitted", text: rendered.text, mappings: rendered.mappings };
}

function header(cx: EmitContext): string {
  const main = cx.paths.sourceName(cx.program.files[0]?.path ?? "");
  return `// Written by pipec from ${main}. Changes here are lost: change the .pipe file and build again.\n`;
}

function emitSpec(cx: EmitContext, mainFile: string, pipelines: readonly Code[]): Code {
  const sourceFile = cx.paths.sourceName(mainFile);
  const parts: Code[] = [
    `name: ${JSON.stringify(sourceFile.replace(/\.pipe$/, ""))}, sourceFile: ${JSON.stringify(sourceFile)}, doc: "",`,
    "params,",
    ["pipelines: [\n", lines(pipelines, 1), "],"],
  ];
  return ["const program = ", cx.runtime("defineProgram"), "({\n", lines(parts, 1), "});\n\nexport default program;\n"];
}

function emitImports(cx: EmitContext, externs: readonly CheckedExtern[]): Code {
  const modules = [...new Set([...cx.imports.lists.keys(), ...cx.imports.types.keys()])].sort();
  const out: string[] = [];
  for (const module of modules) {
    const values = printNames(cx.imports.lists.get(module));
    const types = printNames(cx.imports.types.get(module));
    if (values !== "") out.push(`import { ${values} } from "${module}";\n`);
    if (types !== "") out.push(`import type { ${types} } from "${module}";\n`);
  }
  for (const extern of externs) {
    const path = `${["..", cx.paths.toMain].filter((part) => part !== "").join("/")}/${cx.paths.fromMain(extern.fromFile, extern.module).replace(/^\.\//, "")}`;
    out.push(`import { ${extern.name} as ${externImport(extern)} } from ${JSON.stringify(path)};\n`);
  }
  return out;
}

function printNames(names: ReadonlyMap<string, string> | undefined): string {
  return [...(names ?? [])].sort(([a], [b]) => (a < b ? -1 : 1)).map(([name, local]) => (name === local ? name : `${name} as ${local}`)).join(", ");
}

