/** The expressions that a step evaluates, for its rows or before the first of them. */
import type { Expr } from "../../language/check/checked-program.ts";
import type { Step } from "./lowered-program.ts";

export function stepExprs(step: Step): readonly Expr[] {
  switch (step.kind) {
    case "map":
      return step.entries.map((entry) => entry.value);
    case "filter":
      return [step.predicate];
    case "model":
    case "modelPart":
      return step.constants.map((constant) => constant.value);
    case "explode":
      return step.fields.map((field) => field.value);
    case "implode":
      return step.aggregates.flatMap((aggregate) => [...(aggregate.of === undefined ? [] : [aggregate.of]), ...Object.values(aggregate.args)]);
    case "dedupe":
      return [step.key];
    case "limit":
      return [step.rows];
    case "sample":
      return [step.fraction, step.seed];
    case "read":
      return Object.values(step.read.args);
    case "zip":
      return [];
  }
}
