/** The steps of one pipeline: typed functions for their expressions, and the entries of `ProgramSpec.steps`. */
import type { RecordType } from "../../language/catalog/value-type.ts";
import type { Expr } from "../../language/check/checked-program.ts";
import { columnsOf } from "../plan/columns.ts";
import type { RowFacts } from "../plan/columns.ts";
import { inputsOf } from "../plan/lowered-program.ts";
import type { LoweredPipeline, Step } from "../plan/lowered-program.ts";
import type { PipelinePlan } from "../plan/plan.ts";
import { numberSetting } from "../plan/settings.ts";
import { stepExprs } from "../plan/step-exprs.ts";
import { fieldsRead } from "../plan/walk-expr.ts";
import { at, lines } from "./code.ts";
import type { Code } from "./code.ts";
import { emitArgs, rowTypeName } from "./emit-declarations.ts";
import { sizesOfRow } from "./dim-sizes.ts";
import { numberText } from "./emit-constant.ts";
import { emitColumns, emitData } from "./emit-data.ts";
import { awaits, emitPlace, placeComment, resourcesOf } from "./emit-context.ts";
import type { EmitContext } from "./emit-context.ts";
import { emitEntry, emitExpr } from "./emit-expr.ts";
import { emitModelPart, emitModelStep } from "./emit-model.ts";
import { camelCase, propertyKey } from "./names.ts";
import { tsRecord } from "./ts-type.ts";

export interface EmittedSteps {
  /** Row types and functions, to stand before the program. */
  readonly declarations: readonly Code[];
  readonly specs: readonly Code[];
}

interface StepContext {
  readonly cx: EmitContext;
  readonly pipeline: LoweredPipeline;
  readonly plan: PipelinePlan;
  readonly facts: RowFacts;
  /** The name of the TypeScript type of a step's rows; it is declared because it is asked for. */
  readonly useRowType: (step: number) => string;
  readonly declarations: Code[];
}

export function emitSteps(cx: EmitContext, pipeline: LoweredPipeline, plan: PipelinePlan, facts: RowFacts): EmittedSteps {
  const functions: Code[] = [];
  const types = new Map<string, Code>();
  const rowTypes: string[] = [];
  for (const step of pipeline.steps) rowTypes.push(rowType(cx, pipeline, step, rowTypes, types));
  const usedTypes = new Set<string>();
  const useRowType = (step: number): string => {
    const name = rowTypes[step];
    if (name === undefined) throw new Error(`step ${step} of ${pipeline.name} has no row type`);
    usedTypes.add(name);
    return name;
  };
  const specs = pipeline.steps.map((step) => emitStep({ cx, pipeline, plan, facts, useRowType, declarations: functions }, step));
  const used = [...types].filter(([name]) => usedTypes.has(name)).map(([, declaration]) => declaration);
  return { declarations: [...used, ...functions], specs };
}

/** Declares the type of a step's rows, unless they are of the same type as its input's. */
function rowType(cx: EmitContext, pipeline: LoweredPipeline, step: Step, known: readonly string[], types: Map<string, Code>): string {
  const text = tsRecord(step.row.fields, cx.useType);
  const same = inputsOf(step).find((input) => textOf(cx, pipeline.steps[input]?.row) === text);
  const before = same === undefined ? undefined : known[same];
  if (before !== undefined) return before;
  const name = rowTypeName(cx, step.name);
  types.set(name, `/** ${placeComment(cx, step.span)} */\ntype ${name} = ${text};\n`);
  return name;
}

function textOf(cx: EmitContext, row: RecordType | undefined): string | undefined {
  return row === undefined ? undefined : tsRecord(row.fields, cx.useType);
}

function emitStep(sx: StepContext, step: Step): Code {
  const { cx } = sx;
  const resources = resourcesOf(cx, stepExprs(step));
  const common: Code[] = [
    `id: ${step.id}, name: ${JSON.stringify(step.name)}, at: ${emitPlace(cx, step.span)},`,
    ...emitBody(sx, step),
    ["columns: ", emitColumns(columnsOf(step.row.fields, sx.facts)), ","],
    `resources: [${resources.join(", ")}],`,
    ...emitTimeout(step),
  ];
  return ["{\n", lines(common, 1), "},"];
}

function emitTimeout(step: Step): readonly string[] {
  const timeoutMs = numberSetting(step.settings, "timeout");
  return timeoutMs === undefined ? [] : [`timeoutMs: ${numberText(timeoutMs)},`];
}

/** The lines of a step's own kind. */
function emitBody(sx: StepContext, step: Step): readonly Code[] {
  const { cx } = sx;
  switch (step.kind) {
    case "read":
      return [["kind: \"read\", source: ", cx.source(step.read.source), ","], ["args: () => (", emitArgs(cx, step.read.args, { defaults: cx.catalog.sources.get(step.read.source)?.defaults }), "),"]];
    case "map": {
      const rx = overRow(sx, step, step.entries.map((entry) => entry.value));
      const entries = step.entries.map((entry) => emitEntry(rx, entry));
      const name = rowFunction(sx, step, camelCase(step.name), step.entries.map((entry) => entry.value), objectOf(entries), sx.useRowType(step.id));
      const concurrency = sx.plan.stages.find((stage) => stage.steps.includes(step.id))?.concurrency ?? 1;
      return [`kind: "map", input: ${step.input}, row: ${name}, concurrency: ${concurrency},`];
    }
    case "filter": {
      const name = rowFunction(sx, step, `keep_${step.name}`, [step.predicate], emitExpr(overRow(sx, step, [step.predicate]), step.predicate), "boolean");
      return [`kind: "filter", input: ${step.input}, keep: ${name},`];
    }
    case "model":
      return emitModelStep(cx, step, sx.plan);
    case "modelPart":
      return emitModelPart(cx, step, sx.plan);
    case "explode": {
      const rx = overRow(sx, step, stepExprs(step));
      const fields = step.fields.map((field): Code => [propertyKey(field.name), ": ", emitExpr(rx, field.value)]);
      const name = rowFunction(sx, step, `open_${step.name}`, stepExprs(step), objectOf(fields), sx.cx.runtimeType("Row"));
      return [`kind: "explode", input: ${step.input}, fields: ${name}, carried: ${emitData(step.carried)}, childrenMax: ${step.childrenMax},`];
    }
    case "implode":
      return [`kind: "implode", input: ${step.input}, carried: ${emitData(step.carried)},`, ["aggregates: [\n", lines(emitAggregates(sx, step), 1), "],"]];
    case "dedupe": {
      const name = rowFunction(sx, step, `key_of_${step.name}`, [step.key], emitExpr(overRow(sx, step, [step.key]), step.key), cx.runtimeType("Value"));
      return [`kind: "dedupe", input: ${step.input}, key: ${name}, distance: ${step.distance}, keysMax: ${step.keysMax},`];
    }
    case "limit":
      return [[`kind: "limit", input: ${step.input}, rows: () => Number(`, emitExpr(cx, step.rows), "),"]];
    case "sample":
      return [[`kind: "sample", input: ${step.input}, fraction: () => `, emitExpr(cx, step.fraction), ", seed: () => ", emitExpr(cx, step.seed), ","]];
    case "zip":
      return [`kind: "zip", inputs: ${emitData(step.inputs)},`];
  }
}

function objectOf(entries: readonly Code[]): Code {
  if (entries.length === 0) return "{}";
  return entries.length === 1 ? ["{ ", entries[0] ?? "", " }"] : ["{\n", lines(entries.map((entry) => [entry, ","]), 1), "}"];
}

/** The context of a function over a step's input row; one that reads nothing of it gets no row to look sizes up in. */
function overRow(sx: StepContext, step: Step, exprs: readonly Expr[]): EmitContext {
  if (fieldsRead(exprs).size === 0) return sx.cx;
  const input = sx.pipeline.steps[inputsOf(step)[0] ?? -1];
  return { ...sx.cx, sizes: sizesOfRow(input?.row.fields ?? [], exprs) };
}

/** Declares a function over a step's input row and gives the expression that the spec holds: rows come in untyped. */
function rowFunction(sx: StepContext, step: Step, hint: string, exprs: readonly Expr[], body: Code, result: string): string {
  const { cx } = sx;
  const isAsync = exprs.some((expr) => awaits(expr, cx.asyncFunctions));
  const readsRow = fieldsRead(exprs).size > 0;
  const name = cx.namer.unique(camelCase(hint));
  const input = readsRow ? sx.useRowType(inputsOf(step)[0] ?? -1) : "";
  const head = `${isAsync ? "async " : ""}function ${name}(${readsRow ? `row: ${input}` : ""}): ${isAsync ? `Promise<${result}>` : result} {\n`;
  sx.declarations.push([`/** ${placeComment(cx, step.span)} */\n`, at(step.span, head), lines([["return ", body, ";"]], 1), "}\n"]);
  return readsRow ? `(row) => ${name}(row as ${input})` : name;
}

function emitAggregates(sx: StepContext, step: Extract<Step, { kind: "implode" }>): readonly Code[] {
  const { cx } = sx;
  return step.aggregates.map((aggregate): Code => {
    const hint = `${aggregate.name}_of_${step.name}`;
    const of = aggregate.of === undefined ? "() => null" : rowFunction(sx, step, hint, [aggregate.of], emitExpr(overRow(sx, step, [aggregate.of]), aggregate.of), cx.runtimeType("Value"));
    return at(aggregate.span, `{ name: ${JSON.stringify(aggregate.name)}, kernel: `, cx.aggregate(aggregate.operator), `, of: ${of}, args: () => (`, emitArgs(cx, aggregate.args), ") },");
  });
}
