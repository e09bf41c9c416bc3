/**
 * What one row costs a core at a step, in nanoseconds: operators by what their descriptors state, functions by their
 * bodies, everything else by the bytes it makes. Rough by nature; `pipec bench` measures.
 */
import type { OperatorDescriptor } from "../../../language/catalog/catalog.ts";
import type { CheckedFunction, CheckedProgram, DimFacts, Expr } from "../../../language/check/checked-program.ts";
import { operators } from "../../../stdlib/registry.ts";
import type { Step } from "../lowered-program.ts";
import { mapParts } from "../walk-expr.ts";
import { typicalBytes, typicalRowBytes } from "./typical-bytes.ts";

/** Evaluating any expression, and each byte it makes. */
const EXPR_NS = 50;
const NS_PER_BYTE = 0.25;
/** A call into the user's own TypeScript. */
const EXTERN_NS = 20_000;
/** Sources and sinks decode and encode columns. */
const READ_NS_PER_BYTE = 1;
const WRITE_NS_PER_BYTE = 2;
const ROW_NS = 500;

const descriptors: ReadonlyMap<string, OperatorDescriptor> = new Map(operators.map((operator) => [operator.name, operator]));

export interface CostScope {
  readonly program: CheckedProgram;
  readonly facts: DimFacts;
}

/** Without models, which have a cost of their own. */
export function stepNs(step: Step, scope: CostScope): number {
  const own = (expr: Expr): number => exprNs(expr, scope);
  const sum = (exprs: readonly Expr[]): number => exprs.reduce((total, expr) => total + own(expr), 0);
  switch (step.kind) {
    case "read":
      return ROW_NS + READ_NS_PER_BYTE * typicalRowBytes(step.row.fields, scope.facts);
    case "map":
      return ROW_NS + sum(step.entries.map((entry) => entry.value));
    case "filter":
      return ROW_NS + own(step.predicate);
    case "dedupe":
      return 4 * ROW_NS + own(step.key);
    case "explode":
      return ROW_NS + sum(step.fields.map((field) => field.value));
    case "implode":
      return ROW_NS + sum(step.aggregates.flatMap((aggregate) => aggregate.of ?? []));
    case "limit":
    case "sample":
    case "zip":
    case "model":
    case "modelPart":
      return ROW_NS;
  }
}

/** Writing one row to a sink. */
export function writeNs(step: Step, scope: CostScope): number {
  return ROW_NS + WRITE_NS_PER_BYTE * typicalRowBytes(step.row.fields, scope.facts);
}

function exprNs(expr: Expr, scope: CostScope): number {
  let parts = 0;
  mapParts(expr, (part) => {
    parts += exprNs(part, scope);
    return part;
  });
  return parts + ownNs(expr, scope);
}

function ownNs(expr: Expr, scope: CostScope): number {
  switch (expr.kind) {
    case "operator": {
      const cost = descriptors.get(expr.operator)?.cost ?? { fixedNs: EXPR_NS };
      const inputBytes = Object.values(expr.args).reduce((sum, arg) => sum + typicalBytes(arg.type, scope.facts), 0);
      return cost.fixedNs + (cost.nsPerInputByte ?? 0) * inputBytes + (cost.nsPerOutputByte ?? 0) * typicalBytes(expr.type, scope.facts);
    }
    case "function":
      return functionNs(scope.program.functions.find((candidate) => candidate.symbol === expr.symbol), scope);
    case "extern":
      return EXTERN_NS;
    case "constant":
    case "param":
    case "resource":
    case "local":
    case "field":
    case "fixture":
    case "stream":
    case "snapshot":
      return 0;
    default:
      return EXPR_NS + NS_PER_BYTE * typicalBytes(expr.type, scope.facts);
  }
}

/** Functions are not recursive, so this ends. */
function functionNs(called: CheckedFunction | undefined, scope: CostScope): number {
  if (called === undefined) return EXPR_NS;
  return called.lets.reduce((sum, { value }) => sum + exprNs(value, scope), exprNs(called.body, scope));
}
