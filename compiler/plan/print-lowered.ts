/** The lowered dataflow for people: a step a line, with its rows below. */
import { printEntries, printExpr } from "../../language/check/print-expr.ts";
import { printType } from "../../language/check/print-type.ts";
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
      return `map ${from} { ${printEntries(step.entries)} }`;
    case "filter":
      return `filter ${from} by ${printExpr(step.predicate)}`;
    case "modelPart":
    case "model": {
      const inputs = [...step.inputs.map(({ port, column }) => `${port}: .${column}`), ...step.constants.map(({ port, value }) => `${port}: ${printExpr(value)}`)];
      const part = step.kind === "model" ? "" : `part ${step.index + 1} of ${step.placed.parts.length} of `;
      return `${part}model ${from} ${step.model}(${inputs.join(", ")}) -> ${step.outputs.map(({ port, column }) => `.${column} from ${port}`).join(", ")}, carries ${printNames(step.carried)}`;
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
