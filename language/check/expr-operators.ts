/** Arithmetic, comparisons, logic, ranges, casts and `if`. */
import type { ValueType } from "../catalog/value-type.ts";
import { dimCodes } from "../diagnostics/codes/dims.ts";
import { typeCodes } from "../diagnostics/codes/types.ts";
import type { BinaryExpr, CastExpr, IfExpr, RangeExpr, UnaryExpr } from "../syntax/ast.ts";
import { dimName } from "../tensor/dim.ts";
import { substituteDim } from "../tensor/evaluate-dim.ts";
import { printShape } from "../tensor/print-dim.ts";
import type { BinaryOperator, Expr } from "./checked-program.ts";
import { complain, errorExpr } from "./context.ts";
import type { Scope } from "./context.ts";
import { dimLookup } from "./dim-lookup.ts";
import { freshDim, provedDifferent, provedEqual } from "./dim-scope.ts";
import { checkAs, checkExpr, fitTo, settle } from "./expr.ts";
import { adaptNumber, fitValue, isFlexible } from "./fit.ts";
import { foldExpr, sameConstant } from "./fold.ts";
import { createMatching, sameType } from "./match.ts";
import type { Matching } from "./match.ts";
import { mismatchDiagnostic } from "./mismatch.ts";
import { pathsNotNull } from "./narrowing.ts";
import { boolType, isError, isBool, isScalar, mapDims, optionalOf, withoutOptional } from "./pattern.ts";
import { printType } from "./print-type.ts";
import { namesIn, readValueType } from "./read-type.ts";
import { conditional, withNotNull } from "./scope.ts";

export function checkUnary(scope: Scope, ast: UnaryExpr): Expr {
  const { span } = ast;
  if (ast.op === "not") {
    const value = checkAs(scope, ast.operand, boolType, { reason: "`not` takes a truth value" });
    return isError(value.type) ? errorExpr(span) : { kind: "unary", operator: "not", value, type: boolType, span };
  }
  const value = checkExpr(scope, ast.operand);
  if (isError(value.type)) return errorExpr(span);
  const { type } = value;
  if (type.kind === "quantity" || (type.kind === "tensor" && type.dtype !== "bool" && !type.dtype.startsWith("u"))) {
    return { kind: "unary", operator: "-", value, type, span };
  }
  complain(scope.cx, typeCodes.noOperator, { operator: "-", types: printType(type) }, {
    at: span, reason: type.kind === "tensor" && type.dtype.startsWith("u") ? `${type.dtype} has no negative values` : "only numbers have a sign",
  });
  return errorExpr(span);
}

export function checkBinary(scope: Scope, ast: BinaryExpr): Expr {
  switch (ast.op) {
    case "and":
    case "or": return checkLogic(scope, ast, ast.op);
    case "??": return checkCoalesce(scope, ast);
    case "in": return checkIn(scope, ast);
    case "==":
    case "!=": return checkEquality(scope, ast, ast.op);
    case "<": case "<=": case ">": case ">=": return checkOrder(scope, ast, ast.op);
    case "+": case "-": case "*": case "/": return checkArithmetic(scope, ast, ast.op);
  }
}

function checkLogic(scope: Scope, ast: BinaryExpr, op: "and" | "or"): Expr {
  const why = { reason: `\`${op}\` takes truth values` };
  const left = checkAs(scope, ast.left, boolType, why);
  const right = checkAs(withNotNull(conditional(scope), pathsNotNull(ast.left, op === "and")), ast.right, boolType, why);
  if (isError(left.type) || isError(right.type)) return errorExpr(ast.span);
  return { kind: "binary", operator: op, left, right, type: boolType, span: ast.span };
}

function checkCoalesce(scope: Scope, ast: BinaryExpr): Expr {
  const left = checkExpr(scope, ast.left);
  const right = checkExpr(conditional(scope), ast.right);
  if (isError(left.type) || isError(right.type)) return errorExpr(ast.span);
  if (left.type.kind !== "optional") {
    complain(scope.cx, typeCodes.neverNull, { found: printType(left.type) }, {
      at: ast.left.span, label: `this is ${printType(left.type)}`,
      reason: "`??` gives a default for values that may be null",
      fix: { text: "leave the default out", edits: [{ span: { ...ast.span, start: ast.left.span.end }, replacement: "" }] },
    });
    return left;
  }
  const { inner } = left.type;
  const keepsNull = right.type.kind === "optional";
  const type = keepsNull ? left.type : inner;
  const fitted = fitTo(scope, right, type, { reason: "both sides of `??` have one type", declared: { span: ast.left.span, text: `this is ${printType(left.type)}` } });
  if (isError(fitted.type)) return errorExpr(ast.span);
  return { kind: "binary", operator: "??", left, right: fitted, type, span: ast.span };
}

function checkIn(scope: Scope, ast: BinaryExpr): Expr {
  const { span } = ast;
  const left = checkExpr(scope, ast.left);
  const right = checkExpr(scope, ast.right);
  if (isError(left.type) || isError(right.type)) return errorExpr(span);
  const why = { reason: "what stands on the right of `in` asks for it", declared: { span: ast.right.span, text: `this is ${printType(right.type)}` } };
  switch (right.type.kind) {
    case "table": {
      const key = fitTo(scope, left, right.type.key, why);
      return isError(key.type) ? errorExpr(span) : { kind: "binary", operator: "in", left: key, right, type: boolType, span };
    }
    case "list": {
      const item = settle(scope, left);
      const list = right.kind === "list" ? fitTo(scope, right, { kind: "list", element: item.type }, { reason: "what stands on the left of `in` asks for it" }) : right;
      const fitted = right.kind === "list" ? item : fitTo(scope, left, right.type.element, why);
      return isError(fitted.type) || isError(list.type) ? errorExpr(span) : { kind: "binary", operator: "in", left: fitted, right: list, type: boolType, span };
    }
    case "range": return checkInRange(scope, ast, left, right);
    case "string": {
      const part = fitTo(scope, left, { kind: "string" }, why);
      return isError(part.type) ? errorExpr(span) : { kind: "binary", operator: "in", left: part, right, type: boolType, span };
    }
    default:
      complain(scope.cx, typeCodes.noOperator, { operator: "in", types: printType(right.type) }, { at: ast.right.span, reason: "`in` looks in a list, a range, a table or a string" });
      return errorExpr(span);
  }
}

/** `x in a..b` is `a <= x and x <= b`. */
function checkInRange(scope: Scope, ast: BinaryExpr, left: Expr, right: Expr): Expr {
  const { span } = ast;
  const [lowEnd, highEnd] = endsOf(right);
  if (lowEnd === undefined || highEnd === undefined) return errorExpr(span);
  const low = compare(scope, "<=", lowEnd, left, ast);
  const high = compare(scope, "<=", left, highEnd, ast);
  if (isError(low.type) || isError(high.type)) return errorExpr(span);
  return { kind: "binary", operator: "and", left: low, right: high, type: boolType, span };
}

function endsOf(range: Expr): readonly (Expr | undefined)[] {
  if (range.kind === "list") return range.items;
  if (range.kind !== "constant" || range.value.kind !== "range" || range.type.kind !== "range") return [];
  const { element: type } = range.type;
  return [range.value.low, range.value.high].map((value) => ({ kind: "constant", value, type, span: range.span }));
}

function checkEquality(scope: Scope, ast: BinaryExpr, op: "==" | "!="): Expr {
  const { span } = ast;
  const left = checkExpr(scope, ast.left);
  const right = checkExpr(scope, ast.right);
  if (isError(left.type) || isError(right.type)) return errorExpr(span);
  // A snapshot has no type of its own until it meets the other side's.
  const isNull = (side: Expr): boolean => side.type.kind === "null" && side.kind !== "snapshot";
  if (isNull(left) || isNull(right)) return checkNullTest(scope, ast, op, left, right);
  const sides = unify(scope, left, right, op);
  if (sides === undefined) return errorExpr(span);
  const { type } = sides[0];
  if (type.kind === "table" || type.kind === "resource") {
    complain(scope.cx, typeCodes.noOperator, { operator: op, types: printType(type) }, { at: span, reason: "such values cannot be compared" });
    return errorExpr(span);
  }
  return { kind: "binary", operator: op, left: sides[0], right: sides[1], type: boolType, span };
}

function checkNullTest(scope: Scope, ast: BinaryExpr, op: "==" | "!=", left: Expr, right: Expr): Expr {
  const [tested, testedAst] = left.type.kind === "null" ? [right, ast.right] : [left, ast.left];
  if (tested.type.kind !== "optional" && tested.type.kind !== "null") {
    complain(scope.cx, typeCodes.neverNull, { found: printType(tested.type) }, {
      at: testedAst.span, label: `this is ${printType(tested.type)}`, reason: `so \`${op} null\` is always ${op === "!="}`,
    });
  }
  return { kind: "binary", operator: op, left, right, type: boolType, span: ast.span };
}

/** Both sides of an equality with one type: what is written as a literal takes the other side's. */
function unify(scope: Scope, left: Expr, right: Expr, op: string): readonly [Expr, Expr] | undefined {
  const [a, b] = [isOpen(left), isOpen(right)];
  if (a && b) return unifyOpen(scope, left, right, op);
  const [fixed, open] = a ? [right, left] : [left, right];
  const wanted = looserOf(fixed.type, open.type);
  const fitted = fitValue(anyShape(scope, wanted), open, withOpenDims(wanted), "");
  if (fitted.ok) return a ? [fitted.expr, fixed] : [fixed, fitted.expr];
  const other = fitValue(anyShape(scope, open.type), fixed, withOpenDims(open.type), "");
  if (other.ok && !a && !b) return [other.expr, open];
  scope.cx.diagnostics.push(mismatchDiagnostic(fitted.mismatch, fitted.span, {
    reason: `both sides of \`${op}\` have one type`, declared: { span: fixed.span, text: `this is ${printType(fixed.type)}` },
  }));
  return undefined;
}

/** Values of different shapes can be compared: they are not equal. So symbolic dimensions bind to what they meet. */
function withOpenDims(type: ValueType): ValueType {
  const names = new Map([...namesIn([type])].map((name) => [name, dimName(`${name}?`)]));
  return mapDims(type, (dim) => substituteDim(dim, names));
}

function anyShape(scope: Scope, type: ValueType): Matching {
  return createMatching(scope.dims, [...namesIn([type])].map((name) => `${name}?`));
}

function isOpen(expr: Expr): boolean {
  return isFlexible(expr) || expr.kind === "snapshot" || expr.kind === "list" || expr.kind === "record" || (expr.kind === "constant" && expr.type.kind === "string");
}

/** Two literals: a float makes both floats. */
function unifyOpen(scope: Scope, left: Expr, right: Expr, op: string): readonly [Expr, Expr] | undefined {
  if (isFlexible(left) && isFlexible(right)) {
    const isFloat = [left, right].some((side) => side.type.kind === "tensor" && side.type.dtype === "f64");
    const a = adaptNumber(left, isFloat ? "f64" : "i64");
    const b = adaptNumber(right, isFloat ? "f64" : "i64");
    return a.ok && b.ok ? [a.expr, b.expr] : undefined;
  }
  const one = left.kind === "snapshot" ? right : left;
  const settled = settle(scope, one);
  if (isError(settled.type)) return undefined;
  const other = fitTo(scope, one === left ? right : left, settled.type, { reason: `both sides of \`${op}\` have one type`, declared: { span: one.span, text: `this is ${printType(settled.type)}` } });
  if (isError(other.type)) return undefined;
  return one === left ? [settled, other] : [other, settled];
}

function looserOf(fixed: ValueType, open: ValueType): ValueType {
  return open.kind === "optional" ? optionalOf(fixed) : fixed.kind === "string" ? { kind: "string" } : fixed;
}

function checkOrder(scope: Scope, ast: BinaryExpr, op: "<" | "<=" | ">" | ">="): Expr {
  const left = checkExpr(scope, ast.left);
  const right = checkExpr(scope, ast.right);
  return isError(left.type) || isError(right.type) ? errorExpr(ast.span) : compare(scope, op, left, right, ast);
}

function compare(scope: Scope, op: "<" | "<=" | ">" | ">=", left: Expr, right: Expr, ast: BinaryExpr): Expr {
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

function sameDtype(left: Expr, right: Expr): Sides {
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

function checkArithmetic(scope: Scope, ast: BinaryExpr, op: "+" | "-" | "*" | "/"): Expr {
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

export function checkCast(scope: Scope, ast: CastExpr): Expr {
  const { span } = ast;
  const value = checkExpr(scope, ast.value);
  const lookupDim = dimLookup(scope.cx, scope.module, (name, at) => castDim(scope, name, at));
  const wanted = readValueType({ cx: scope.cx, module: scope.module, lookupDim, recordDim: (hint) => freshDim(scope.dims, hint), stringTensors: false }, ast.type);
  if (isError(value.type) || isError(wanted)) return errorExpr(span);
  const from = value.type;
  if (from.kind === "tensor" && wanted.kind === "tensor") return castTensor(scope, ast, value, from, wanted);
  if (from.kind === "string" && wanted.kind === "string") return narrowString(scope, ast, value, wanted);
  if (sameType(scope.dims, from, wanted, span)) return value;
  complain(scope.cx, typeCodes.badCast, { from: printType(from), to: printType(wanted) }, {
    at: span, reason: from.kind === "optional" ? "a value that may be null is given a default with `??` first" : "`as` converts between dtypes of numbers and narrows the shapes of tensors",
  });
  return errorExpr(span);
}

/** A name in a cast is one that is known here, or a new one bound by the value. */
function castDim(scope: Scope, name: string, at: Expr["span"]): ReturnType<typeof freshDim> {
  return scope.dims.taken.has(name) ? dimName(name) : freshDim(scope.dims, name, { span: at, text: `\`${name}\` is named here` });
}

function castTensor(
  scope: Scope, ast: CastExpr, value: Expr, from: Extract<ValueType, { kind: "tensor" }>, wanted: Extract<ValueType, { kind: "tensor" }>,
): Expr {
  const { span } = ast;
  const toScalar = wanted.shape.length === 0 && from.shape.length > 0 && ast.type.kind === "namedType";
  const type = toScalar ? { ...wanted, shape: from.shape } : wanted;
  if (from.dtype === "string" || type.dtype === "string") {
    complain(scope.cx, typeCodes.badCast, { from: printType(from), to: printType(wanted) }, { at: span, reason: "text is not converted to numbers by `as`" });
    return errorExpr(span);
  }
  if (isFlexible(value) && type.shape.length === 0) {
    const adapted = adaptNumber(value, type.dtype);
    if (adapted.ok) return { ...adapted.expr, span };
  }
  if (from.shape.length !== type.shape.length) {
    complain(scope.cx, dimCodes.rank, { expected: String(type.shape.length), found: String(from.shape.length), expectedType: printType(type) }, {
      at: span, label: `the value is ${printType(from)}`, reason: "`as` does not change the rank of a tensor",
    });
    return errorExpr(span);
  }
  const impossible = from.shape.findIndex((dim, axis) => {
    const other = type.shape[axis];
    return other !== undefined && provedDifferent(scope.dims, dim, other);
  });
  if (impossible >= 0) {
    complain(scope.cx, dimCodes.impossibleCast, { axis: impossible, from: printType(from), to: printType(type) }, { at: span, reason: "no row could pass this check" });
    return errorExpr(span);
  }
  const checked = from.shape.some((dim, axis) => {
    const other = type.shape[axis];
    return other !== undefined && !provedEqual(scope.dims, dim, other);
  });
  return { kind: "cast", value, checked, type, span };
}

function narrowString(scope: Scope, ast: CastExpr, value: Expr, wanted: Extract<ValueType, { kind: "string" }>): Expr {
  if (wanted.literals === undefined) return { ...value, type: wanted };
  complain(scope.cx, typeCodes.badCast, { from: printType(value.type), to: printType(wanted) }, {
    at: ast.span, reason: "a string becomes an enumeration only where it is declared: as a field of a record or as a param",
  });
  return errorExpr(ast.span);
}

export function checkIf(scope: Scope, ast: IfExpr): Expr {
  const { span } = ast;
  const condition = checkAs(scope, ast.condition, boolType, { reason: "a condition is a truth value" });
  const inner = conditional(scope);
  const then = checkExpr(withNotNull(inner, pathsNotNull(ast.condition, true)), ast.then);
  const otherwise = checkExpr(withNotNull(inner, pathsNotNull(ast.condition, false)), ast.else);
  if (isError(condition.type) || isError(then.type) || isError(otherwise.type)) return errorExpr(span);
  const joined = joinBranches(scope, then, otherwise);
  return joined === undefined ? errorExpr(span) : { kind: "if", condition, then: joined[0], otherwise: joined[1], type: joined[2], span };
}

/** Both branches with one type; null in one of them makes it optional. */
export function joinBranches(scope: Scope, then: Expr, otherwise: Expr): readonly [Expr, Expr, ValueType] | undefined {
  if (isFlexible(then) && isFlexible(otherwise)) {
    const sides = sameDtype(then, otherwise);
    return sides.ok ? [sides.left, sides.right, sides.left.type] : undefined;
  }
  const isNull = (expr: Expr): boolean => expr.type.kind === "null";
  if (isNull(then) && isNull(otherwise)) return [then, otherwise, then.type];
  const leader = isNull(then) || (isFlexible(then) && !isNull(otherwise)) ? otherwise : then;
  const optional = isNull(then) || isNull(otherwise) || then.type.kind === "optional" || otherwise.type.kind === "optional";
  const base = settle(scope, leader);
  const type = optional ? optionalOf(withoutOptional(base.type)) : base.type;
  const why = { reason: "both branches have one type", declared: { span: leader.span, text: `this branch is ${printType(base.type)}` } };
  const a = fitTo(scope, leader === then ? base : then, type, why);
  const b = fitTo(scope, leader === otherwise ? base : otherwise, type, why);
  return isError(a.type) || isError(b.type) ? undefined : [a, b, type];
}
