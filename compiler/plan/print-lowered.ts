/** The lowered dataflow for people: a step a line, with its rows below. */
import type { Expr, RecordEntry } from "../../language/check/checked-program.ts";
import { printConstant, printType } from "../../language/check/print-type.ts";
import { inputsOf } from "./lowered-program.ts";
import type { LoweredPipeline, LoweredProgram, Step } from "./lowered-program.ts";

export function printLowered(program: LoweredProgram): string {
  return program.pipelines.map(printPipeline).join("\n");
}

function printPipeline(pipeline: LoweredPipeline): string {
  const steps = pipeline.steps.flatMap((step) => [`  ${step.id} ${step.name} = ${printStep(step)}`, `      : ${printType(step.row)}`]);
  const writes = pipeline.writes.map(({ step, write }) => `  write ${step} to ${write.sink}`);
  return `${[`pipeline ${pipeline.name}`, ...steps, ...writes].join("\n")}\n`;
}

function printStep(step: Step): string {
  const from = inputsOf(step).join(", ");
  switch (step.kind) {
    case "read":
      return `read ${step.read.source}`;
    case "map":
      return `map ${from} { ${step.entries.map(printEntry).join(", ")} }`;
    case "filter":
      return `filter ${from} by ${printExpr(step.predicate)}`;
    case "model": {
      const inputs = [...step.inputs.map(({ port, column }) => `${port}: .${column}`), ...step.constants.map(({ port, value }) => `${port}: ${printExpr(value)}`)];
      return `model ${from} ${step.model}(${inputs.join(", ")}) -> ${step.outputs.map(({ port, column }) => `.${column} from ${port}`).join(", ")}, carries ${printNames(step.carried)}`;
    }
    case "explode":
      return `explode ${from} { ${step.fields.map(({ name, value }) => `${name}: ${printExpr(value)}`).join(", ")} }, carries ${printNames(step.carried)}, at most ${step.childrenMax}`;
    case "implode":
      return `implode ${from} { ${step.aggregates.map(({ name, operator, of }) => `${name}: ${operator}(${of === undefined ? "" : printExpr(of)})`).join(", ")} }, carries ${printNames(step.carried)}`;
    case "dedupe":
      return `dedupe ${from} by ${printExpr(step.key)}, distance ${step.distance}, at most ${step.keysMax} keys`;
    case "limit":
      return `limit ${from} to ${printExpr(step.rows)}`;
    case "sample":
      return `sample ${from} ${printExpr(step.fraction)}, seed ${printExpr(step.seed)}`;
    case "zip":
      return `zip ${from}`;
  }
}

function printNames(names: readonly string[]): string {
  return names.length === 0 ? "nothing" : names.map((name) => `.${name}`).join(" ");
}

function printEntry(entry: RecordEntry): string {
  return entry.kind === "field" ? `${entry.name}: ${printExpr(entry.value)}` : `..${printExpr(entry.value)} (${entry.fields.join(" ")})`;
}

/** An expression in the language's own form, as far as it has one. */
export function printExpr(expr: Expr): string {
  const list = (exprs: readonly Expr[]): string => exprs.map(printExpr).join(", ");
  switch (expr.kind) {
    case "constant":
      return printConstant(expr.value);
    case "interpolation":
      return `"${expr.parts.map((part) => (typeof part === "string" ? part : `{${printExpr(part)}}`)).join("")}"`;
    case "param":
    case "resource":
    case "local":
      return expr.symbol;
    case "field":
      return `.${expr.name}`;
    case "member":
      return `${printExpr(expr.value)}.${expr.name}`;
    case "index":
      return `${printExpr(expr.value)}[${list(expr.indices)}]`;
    case "operator":
      return `${expr.operator}(${Object.entries(expr.args).map(([name, value]) => `${name}: ${printExpr(value)}`).join(", ")})`;
    case "function":
    case "extern":
    case "model":
      return `${expr.symbol}(${list(expr.args)})`;
    case "record":
      return `{ ${expr.entries.map(printEntry).join(", ")} }`;
    case "list":
      return `[${list(expr.items)}]`;
    case "unary":
      return `(${expr.operator} ${printExpr(expr.value)})`;
    case "binary":
      return `(${printExpr(expr.left)} ${expr.operator} ${printExpr(expr.right)})`;
    case "if":
      return `(if ${printExpr(expr.condition)} then ${printExpr(expr.then)} else ${printExpr(expr.otherwise)})`;
    case "cast":
      return `(${printExpr(expr.value)} as ${printType(expr.type)})`;
    case "narrow":
      return `${printExpr(expr.value)} to ${printType(expr.type)}`;
    case "fixture":
      return `file("${expr.path}")`;
    case "stream":
      return `${expr.pipeline}.${expr.name}`;
    case "snapshot":
      return `snapshot("${expr.name}")`;
  }
}
