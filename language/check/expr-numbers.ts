/** Arithmetic, order and ranges: numbers of one dtype, elementwise on tensors; quantities and hardware among constants. */
import type { ValueType } from "../catalog/value-type.ts";
import { dimCodes } from "../diagnostics/codes/dims.ts";
import { typeCodes } from "../diagnostics/codes/types.ts";
import type { BinaryExpr, RangeExpr } from "../syntax/ast.ts";
import { printShape } from "../tensor/print-dim.ts";
import type { BinaryOperator, Expr } from "./checked-program.ts";
import { complain, errorExpr } from "./context.ts";
import type { Scope } from "./context.ts";
import { provedEqual } from "./dim-scope.ts";
import { checkExpr } from "./expr.ts";
import { adaptNumber, isFlexible } from "./fit.ts";
import { foldExpr, sameConstant } from "./fold.ts";
import { mismatchDiagnostic } from "./mismatch.ts";
import { boolType, isError, isBool, isScalar } from "./pattern.ts";
import { printType } from "./print-type.ts";

export function checkArithmetic(scope: Scope, ast: BinaryExpr, op: "+" | "-" | "*" | "/"): Expr {
  const { span } = ast;
  const left = checkExpr(scope, ast.left);
  const right = checkExpr(scope, ast.right);
  if (isError(left.type) || isError(right.type)) return errorExpr(span);
  const special = quantityResult(op, left, right) ?? hardwareResult(op, left, right);
  if (special !== undefined) return folded({ kind: "binary", operator: op, left, right, type: special, span });
  for (const side of [left, right]) if (!refuseNull(scope, side, op)) return errorExpr(span);
  const sides = numericSides(scope, op, left, right, ast);
  if (sides === undefined) return errorExpr(span);
  if (op === "/" && divisorIsZero(sides.right)) {
    complain(scope.cx, typeCodes.divisionByZero, {}, { at: ast.right.span });
    return errorExpr(span);
  }
  return { kind: "binary", operator: op, left: sides.left, right: sides.right, type: { ...sides.type, shape: sides.shape }, span };
}

function divisorIsZero(expr: Expr): boolean {
  const value = foldExpr(expr);
  return value?.kind === "int" && value.value === 0n;
}

function folded(expr: Expr): Expr {
  const value = foldExpr(expr);
  return value === undefined ? expr : { kind: "constant", value, type: expr.type, span: expr.span };
}

function quantityResult(op: BinaryOperator, left: Expr, right: Expr): ValueType | undefined {
  const [a, b] = [left.type, right.type];
  if (a.kind === "quantity" && b.kind === "quantity") return (op === "+" || op === "-") && a.measure === b.measure ? a : undefined;
  if (a.kind === "quantity" && isScalar(b) && (op === "*" || op === "/")) return a;
  return b.kind === "quantity" && isScalar(a) && op === "*" ? b : undefined;
}

function hardwareResult(op: BinaryOperator, left: Expr, right: Expr): ValueType | undefined {
  const isHardware = (type: ValueType): boolean => type.kind === "resource" && type.name === "hardware";
  const isCount = (type: ValueType): boolean => type.kind === "tensor" && type.dtype === "i64" && type.shape.length === 0;
  if (op === "+" && isHardware(left.type) && isHardware(right.type)) return left.type;
  if (op === "*" && isHardware(right.type) && isCount(left.type)) return right.type;
  return op === "*" && isHardware(left.type) && isCount(right.type) ? left.type : undefined;
}

export function checkOrder(scope: Scope, ast: BinaryExpr, op: "<" | "<=" | ">" | ">="): Expr {
  const left = checkExpr(scope, ast.left);
  const right = checkExpr(scope, ast.right);
  return isError(left.type) || isError(right.type) ? errorExpr(ast.span) : compare(scope, op, left, right, ast);
}

export function compare(scope: Scope, op: "<" | "<=" | ">" | ">=", left: Expr, right: Expr, ast: BinaryExpr): Expr {
  const { span } = ast;
  if (isError(left.type) || isError(right.type)) return errorExpr(span);
  for (const side of [left, right]) if (!refuseNull(scope, side, op)) return errorExpr(span);
  if (left.type.kind === "string" && right.type.kind === "string") return { kind: "binary", operator: op, left, right, type: boolType, span };
  if (left.type.kind === "quantity" && right.type.kind === "quantity" && left.type.measure === right.type.measure) {
    return { kind: "binary", operator: op, left, right, type: boolType, span };
  }
  const sides = numericSides(scope, op, left, right, ast);
  if (sides === undefined) return errorExpr(span);
  return { kind: "binary", operator: op, left: sides.left, right: sides.right, type: { kind: "tensor", dtype: "bool", shape: sides.shape }, span };
}

function refuseNull(scope: Scope, side: Expr, op: string): boolean {
  if (side.type.kind !== "optional" && side.type.kind !== "null") return true;
  complain(scope.cx, typeCodes.maybeNull, { found: printType(side.type) }, {
    at: side.span, label: `this is ${printType(side.type)}`, reason: `\`${op}\` needs values on both sides`,
    fix: { text: "give a default with `??`, or test for `!= null` first", edits: [] },
  });
  return false;
}

type Shape = Extract<ValueType, { kind: "tensor" }>["shape"];

/** Both sides as numbers of one dtype; shapes equal, or one side a scalar. */
function numericSides(scope: Scope, op: string, left: Expr, right: Expr, ast: BinaryExpr): { readonly left: Expr; readonly right: Expr; readonly shape: Shape; readonly type: Extract<ValueType, { kind: "tensor" }> } | undefined {
  const types = `${printType(left.type)} and ${printType(right.type)}`;
  const isNumber = (side: Expr): boolean => side.type.kind === "tensor" && side.type.dtype !== "bool" && side.type.dtype !== "string";
  if (!isNumber(left) || !isNumber(right)) {
    const strings = left.type.kind === "string" || right.type.kind === "string";
    complain(scope.cx, typeCodes.noOperator, { operator: op, types }, {
      at: ast.span, reason: `\`${op}\` takes numbers`,
      ...(strings && op === "+" ? { fix: { text: "put values together in a string: `\"{a}{b}\"`", edits: [] } } : {}),
    });
    return undefined;
  }
  const sides = sameDtype(left, right);
  if (!sides.ok) {
    scope.cx.diagnostics.push(sides.mismatch === undefined ? dtypeClash(left, right, ast, op) : mismatchDiagnostic(sides.mismatch, sides.span, {}));
    return undefined;
  }
  const [a, b] = [sides.left.type, sides.right.type];
  if (a.kind !== "tensor" || b.kind !== "tensor") return undefined;
  if (a.shape.length === 0) return { ...sides, shape: b.shape, type: b };
  const agree = b.shape.length === 0 || (a.shape.length === b.shape.length && a.shape.every((dim, axis) => {
    const other = b.shape[axis];
    return other !== undefined && provedEqual(scope.dims, dim, other);
  }));
  if (agree) return { ...sides, shape: a.shape, type: a };
  complain(scope.cx, dimCodes.elementwise, { operator: op, left: printShape(a.shape), right: printShape(b.shape) }, {
    at: ast.right.span, label: `this is ${printType(b)}`, others: [{ span: ast.left.span, text: `this is ${printType(a)}` }],
    reason: "elementwise operators take two tensors of one shape, or a tensor and a scalar",
  });
  return undefined;
}

type Sides = { readonly ok: true; readonly left: Expr; readonly right: Expr } | { readonly ok: false; readonly mismatch?: Parameters<typeof mismatchDiagnostic>[0]; readonly span: Expr["span"] };

export function sameDtype(left: Expr, right: Expr): Sides {
  if (left.type.kind !== "tensor" || right.type.kind !== "tensor") return { ok: false, span: left.span };
  const [a, b] = [isFlexible(left), isFlexible(right)];
  if (a && b) {
    if (left.type.dtype === right.type.dtype) return { ok: true, left, right };
    const one = adaptNumber(left, "f64");
    const other = adaptNumber(right, "f64");
    return one.ok && other.ok ? { ok: true, left: one.expr, right: other.expr } : { ok: false, span: left.span };
  }
  if (a || b) {
    const adapted = a ? adaptNumber(left, right.type.dtype) : adaptNumber(right, left.type.dtype);
    if (!adapted.ok) return { ok: false, mismatch: adapted.mismatch, span: adapted.span };
    return a ? { ok: true, left: adapted.expr, right } : { ok: true, left, right: adapted.expr };
  }
  return left.type.dtype === right.type.dtype ? { ok: true, left, right } : { ok: false, span: left.span };
}

function dtypeClash(left: Expr, right: Expr, ast: BinaryExpr, op: string): ReturnType<typeof mismatchDiagnostic> {
  const dtype = left.type.kind === "tensor" ? left.type.dtype : "f32";
  return mismatchDiagnostic({ kind: "dtype", expected: printType(left.type), found: printType(right.type), wanted: dtype }, ast.right.span, {
    reason: `both sides of \`${op}\` have one dtype, and nothing is converted unasked`,
    declared: { span: ast.left.span, text: `this is ${printType(left.type)}` },
  });
}

export function checkRange(scope: Scope, ast: RangeExpr): Expr {
  const { span } = ast;
  const low = checkExpr(scope, ast.low);
  const high = checkExpr(scope, ast.high);
  if (isError(low.type) || isError(high.type)) return errorExpr(span);
  const sides = sameDtype(low, high);
  const [a, b] = sides.ok ? [sides.left, sides.right] : [low, high];
  const lowValue = foldExpr(a);
  const highValue = foldExpr(b);
  if (!isScalar(a.type) || !isScalar(b.type) || isBool(a.type) || !sides.ok) {
    complain(scope.cx, typeCodes.badRange, {}, { at: span, reason: `a range goes from one number to another; these are ${printType(low.type)} and ${printType(high.type)}` });
    return errorExpr(span);
  }
  if (lowValue !== undefined && highValue !== undefined) {
    if ("value" in lowValue && "value" in highValue && lowValue.value > highValue.value && !sameConstant(lowValue, highValue)) {
      complain(scope.cx, typeCodes.badRange, {}, { at: span, reason: "the lower end is above the upper one, so nothing is inside" });
      return errorExpr(span);
    }
    return { kind: "constant", value: { kind: "range", low: lowValue, high: highValue }, type: { kind: "range", element: a.type }, span };
  }
  // A range with run-time ends exists only on the right of `in`, which reads the ends itself.
  return { kind: "list", items: [a, b], type: { kind: "range", element: a.type }, span };
}
