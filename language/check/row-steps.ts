/** `filter`, `dedupe`, `limit` and `sample`: steps that leave rows out. */
import { streamCodes } from "../diagnostics/codes/streams.ts";
import { typeCodes } from "../diagnostics/codes/types.ts";
import type { Argument, CallExpr } from "../syntax/ast.ts";
import type { Expr, Settings } from "./checked-program.ts";
import { complain, errorExpr } from "./context.ts";
import { checkAs, checkExpr, fitTo, settle } from "./expr.ts";
import { addStream, scopeOver } from "./flow.ts";
import type { Flow, StreamView } from "./flow.ts";
import { constantOfExpr } from "./named-constant.ts";
import { narrowRow, pathsNotNull } from "./narrowing.ts";
import { boolType, floatType, hasError, intType } from "./pattern.ts";
import { printType } from "./print-type.ts";
import { takeArguments } from "./step-arguments.ts";

export function checkFilter(flow: Flow, view: StreamView, step: CallExpr, settings: Settings): number {
  const args = takeArguments(flow.scope.cx, step, ["predicate"], []);
  const condition = args.get("predicate");
  const predicate = condition === undefined
    ? errorExpr(step.span)
    : checkAs(scopeOver(flow, view), condition.value, boolType, { reason: "`filter` keeps the rows for which a condition is true" });
  const row = condition === undefined ? view.row : narrowRow(view.row, pathsNotNull(condition.value, true));
  return addStream(flow, { kind: "filter", input: view.id, predicate, row, lineage: view.lineage, settings, span: step.span }, view.known);
}

export function checkDedupe(flow: Flow, view: StreamView, step: CallExpr, settings: Settings): number {
  const args = takeArguments(flow.scope.cx, step, ["by", "distance", "keys"], ["distance"]);
  const by = args.get("by");
  const key = by === undefined ? errorExpr(step.span) : settle(flow.scope, checkExpr(scopeOver(flow, view), by.value));
  const distance = constantInt(flow, args.get("distance"), "distance") ?? 0n;
  const keys = constantInt(flow, args.get("keys"), "keys") ?? 0n;
  if (!hasError(key.type)) checkKey(flow, key, distance);
  return addStream(flow, {
    kind: "dedupe", input: view.id, key, distance: Number(distance), keysMax: Number(keys), row: view.row, lineage: view.lineage, settings, span: step.span,
  }, view.known);
}

function checkKey(flow: Flow, key: Expr, distance: bigint): void {
  const { type } = key;
  const scalar = type.kind === "string" || type.kind === "bytes" || (type.kind === "tensor" && type.shape.length === 0);
  if (!scalar) {
    complain(flow.scope.cx, streamCodes.key, { found: printType(type) }, {
      at: key.span, reason: "rows are told apart by a number, a truth value, a string or bytes",
      ...(type.kind === "optional" ? { fix: { text: "give a default with `??`", edits: [] } } : {}),
    });
  } else if (distance > 0n && !(type.kind === "tensor" && type.dtype === "u64")) {
    complain(flow.scope.cx, streamCodes.key, { found: printType(type) }, { at: key.span, reason: "`distance` counts the bits in which two u64 hashes differ" });
  }
}

export function checkLimit(flow: Flow, view: StreamView, step: CallExpr, settings: Settings): number {
  const args = takeArguments(flow.scope.cx, step, ["count"], []);
  const rows = outsideRow(flow, step, args.get("count"), (expr) => fitTo(flow.scope, expr, intType, { reason: "`limit` takes a number of rows" }));
  return addStream(flow, { kind: "limit", input: view.id, rows, row: view.row, lineage: view.lineage, settings, span: step.span }, view.known);
}

export function checkSample(flow: Flow, view: StreamView, step: CallExpr, settings: Settings): number {
  const args = takeArguments(flow.scope.cx, step, ["fraction", "seed"], ["seed"]);
  const fraction = outsideRow(flow, step, args.get("fraction"), (expr) => asFraction(flow, expr));
  const given = args.get("seed");
  const zero: Expr = { kind: "constant", value: { kind: "int", value: 0n }, type: intType, span: step.span };
  const seed = given === undefined ? zero : outsideRow(flow, step, given, (expr) => fitTo(flow.scope, expr, intType, { reason: "a seed is an `int`" }));
  return addStream(flow, { kind: "sample", input: view.id, fraction, seed, row: view.row, lineage: view.lineage, settings, span: step.span }, view.known);
}

/** A share as `0.1` or `10%`. */
function asFraction(flow: Flow, expr: Expr): Expr {
  const percent = expr.kind === "constant" && expr.value.kind === "quantity" && expr.value.measure === "ratio" ? expr.value.value : undefined;
  const share: Expr = percent === undefined ? expr : { kind: "constant", value: { kind: "float", value: percent }, type: floatType, span: expr.span };
  const fitted = fitTo(flow.scope, share, floatType, { reason: "`sample` takes a share of the rows, such as `0.1` or `10%`" });
  const value = fitted.kind === "constant" && fitted.value.kind === "float" ? fitted.value.value : undefined;
  if (value !== undefined && (value < 0 || value > 1)) {
    complain(flow.scope.cx, typeCodes.outsideRange, { value: String(value), range: "0 to 1" }, { at: expr.span, reason: "a share of the rows is between none and all" });
  }
  return fitted;
}

/** Arguments that are one for the whole run: no fields of the row. */
function outsideRow(flow: Flow, step: CallExpr, arg: Argument | undefined, fit: (expr: Expr) => Expr): Expr {
  if (arg === undefined) return errorExpr(step.span);
  return fit(checkExpr(flow.scope, arg.value));
}

function constantInt(flow: Flow, arg: Argument | undefined, name: string): bigint | undefined {
  if (arg === undefined) return undefined;
  const expr = checkAs(flow.scope, arg.value, intType, { reason: `\`${name}\` is a number` });
  if (hasError(expr.type)) return undefined;
  const value = constantOfExpr(flow.scope.cx, expr, (fix) => fix());
  if (value?.kind !== "int") {
    complain(flow.scope.cx, typeCodes.notConstant, { what: `argument \`${name}\`` }, { at: arg.value.span, reason: "it decides how much memory is set aside" });
    return undefined;
  }
  if (value.value >= 0n) return value.value;
  complain(flow.scope.cx, typeCodes.outsideRange, { value: String(value.value), range: "0 and more" }, { at: arg.value.span });
  return undefined;
}
