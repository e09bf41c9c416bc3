/** `value as type`: conversion between dtypes, and checked narrowing of shapes. */
import type { ValueType } from "../catalog/value-type.ts";
import { dimCodes } from "../diagnostics/codes/dims.ts";
import { typeCodes } from "../diagnostics/codes/types.ts";
import type { CastExpr } from "../syntax/ast.ts";
import { dimName } from "../tensor/dim.ts";
import type { Expr } from "./checked-program.ts";
import { complain, errorExpr } from "./context.ts";
import type { Scope } from "./context.ts";
import { dimLookup } from "./dim-lookup.ts";
import { freshDim, provedDifferent, provedEqual } from "./dim-scope.ts";
import { checkExpr, fitTo } from "./expr.ts";
import { adaptNumber, isFlexible } from "./fit.ts";
import { sameType } from "./match.ts";
import { isError } from "./pattern.ts";
import { printType } from "./print-type.ts";
import { readValueType } from "./read-type.ts";

export function checkCast(scope: Scope, ast: CastExpr): Expr {
  const { span } = ast;
  const value = checkExpr(scope, ast.value);
  const lookupDim = dimLookup(scope.cx, scope.module, (name, at) => castDim(scope, name, at));
  const wanted = readValueType({ cx: scope.cx, module: scope.module, lookupDim, recordDim: (hint) => freshDim(scope.dims, hint), stringTensors: false }, ast.type);
  if (isError(value.type) || isError(wanted)) return errorExpr(span);
  const from = value.type;
  if (value.kind === "list" && wanted.kind === "tensor") return fitTo(scope, value, wanted, { reason: "`as` says what the list in brackets is to be" });
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
