/**
 * Fits an expression to a pattern. Beyond matching types this adapts what was written as a literal: numbers take the
 * wanted dtype, lists become tensors, records are narrowed, strings are looked up in an enumeration, `null` and plain
 * values become optional.
 */
import type { ConstantValue } from "../catalog/constant-value.ts";
import type { ValueType } from "../catalog/value-type.ts";
import type { Span } from "../source/span.ts";
import { dimOf } from "../tensor/dim.ts";
import { isFloatDtype } from "../tensor/dtype.ts";
import type { Dtype } from "../tensor/dtype.ts";
import type { Expr, RecordEntry } from "./checked-program.ts";
import { foldExpr } from "./fold.ts";
import { createMatching, instantiate, matchType, settleDeferred } from "./match.ts";
import type { Matching, Mismatch } from "./match.ts";
import { optionalOf } from "./pattern.ts";
import type { Pattern, TensorPattern } from "./pattern.ts";
import { printType } from "./print-type.ts";
import { literalAs } from "./numbers.ts";

export type Fit =
  | { readonly ok: true; readonly expr: Expr }
  | { readonly ok: false; readonly mismatch: Mismatch; readonly span: Span };

/** Whether an expression of numbers still takes the dtype it meets: literals, `int` and `float` constants and params. */
export function isFlexible(expr: Expr): boolean {
  if (expr.type.kind !== "tensor" || expr.type.shape.length > 0) return false;
  if (expr.type.dtype !== "i64" && expr.type.dtype !== "f64") return false;
  switch (expr.kind) {
    case "constant": return expr.value.kind === "int" || expr.value.kind === "float";
    case "param": return true;
    case "unary": return expr.operator === "-" && isFlexible(expr.value);
    case "binary": return "+-*/".includes(expr.operator) && isFlexible(expr.left) && isFlexible(expr.right);
    case "if": return isFlexible(expr.then) && isFlexible(expr.otherwise);
    default: return false;
  }
}

export function fit(m: Matching, expr: Expr, pattern: Pattern, by: string): Fit {
  if (expr.type.kind === "error" || pattern.kind === "error") return { ok: true, expr };
  if (expr.kind === "snapshot") return { ok: true, expr: { ...expr, type: instantiate(m, pattern) } };
  if (expr.kind === "if" && !isFlexible(expr)) return fitBranches(m, expr, pattern, by);
  if (pattern.kind === "optional") return fitOptional(m, expr, pattern.inner, by);
  switch (expr.kind) {
    case "constant": {
      if (expr.value.kind === "string" && pattern.kind === "string") return fitString(expr, expr.value.value, pattern);
      if (expr.value.kind === "range" && pattern.kind === "range") return fitRange(m, expr, expr.value, pattern, by);
      break;
    }
    case "list":
      if (pattern.kind === "list") return fitList(m, expr, pattern, by);
      if (pattern.kind === "tensor" && pattern.shape.length > 0) return fitTensorLiteral(m, expr, pattern, by);
      break;
    case "record":
      if (pattern.kind === "record") return fitRecord(m, expr, pattern, by);
      break;
  }
  if (pattern.kind === "tensor" && isFlexible(expr)) return fitNumber(m, expr, pattern, by);
  return fitType(m, expr, pattern, by);
}

function fitBranches(m: Matching, expr: Extract<Expr, { kind: "if" }>, pattern: Pattern, by: string): Fit {
  const then = fit(m, expr.then, pattern, by);
  if (!then.ok) return then;
  const otherwise = fit(m, expr.otherwise, pattern, by);
  return otherwise.ok ? { ok: true, expr: { ...expr, then: then.expr, otherwise: otherwise.expr, type: then.expr.type } } : otherwise;
}

function fitOptional(m: Matching, expr: Expr, inner: Pattern, by: string): Fit {
  if (expr.kind === "constant" && expr.value.kind === "null") return { ok: true, expr: { ...expr, type: optionalOf(instantiate(m, inner)) } };
  if (expr.type.kind === "optional") return fitType(m, expr, { kind: "optional", inner }, by);
  const fitted = fit(m, expr, inner, by);
  if (!fitted.ok) return fitted;
  const { span, type } = fitted.expr;
  return { ok: true, expr: { kind: "narrow", value: fitted.expr, type: optionalOf(type), span } };
}

function fitType(m: Matching, expr: Expr, pattern: Pattern, by: string): Fit {
  const mismatch = matchType(m, pattern, expr.type, expr.span, by);
  if (mismatch !== undefined) return { ok: false, mismatch, span: expr.span };
  return { ok: true, expr: pattern.kind === "record" ? narrowed(m, expr, pattern) : expr };
}

/** Leaves a record's further fields behind. */
function narrowed(m: Matching, expr: Expr, pattern: Extract<Pattern, { kind: "record" }>): Expr {
  if (expr.type.kind !== "record" || expr.type.fields.length === pattern.fields.length) return expr;
  return { kind: "narrow", value: expr, type: instantiate(m, pattern), span: expr.span };
}

function fitString(expr: Expr, value: string, pattern: Extract<Pattern, { kind: "string" }>): Fit {
  if (pattern.literals === undefined || pattern.literals.includes(value)) return { ok: true, expr: { ...expr, type: pattern } };
  return { ok: false, mismatch: { kind: "choice", value, choices: pattern.literals }, span: expr.span };
}

/** The ends of a range as written take the wanted dtype. */
function fitRange(
  m: Matching, expr: Expr, range: Extract<ConstantValue, { kind: "range" }>, pattern: Extract<Pattern, { kind: "range" }>, by: string,
): Fit {
  if (expr.type.kind !== "range") return fitType(m, expr, pattern, by);
  const ends: ConstantValue[] = [];
  for (const value of [range.low, range.high]) {
    const end = fit(m, { kind: "constant", value, type: expr.type.element, span: expr.span }, pattern.element, by);
    if (!end.ok) return end;
    if (end.expr.kind === "constant") ends.push(end.expr.value);
  }
  const [low, high] = ends;
  if (low === undefined || high === undefined) return fitType(m, expr, pattern, by);
  return { ok: true, expr: { kind: "constant", value: { kind: "range", low, high }, type: pattern, span: expr.span } };
}

function fitNumber(m: Matching, expr: Expr, pattern: TensorPattern, by: string): Fit {
  const own = expr.type.kind === "tensor" ? expr.type.dtype : "f64";
  const wanted = typeof pattern.dtype === "string" ? pattern.dtype : (m.dtypes.get(pattern.dtype.variable) ?? own);
  if (wanted === "bool" || wanted === "string") return fitType(m, expr, pattern, by);
  const adapted = adaptNumber(expr, wanted);
  return adapted.ok ? fitType(m, adapted.expr, pattern, by) : adapted;
}

/** A flexible number as a value of `dtype`. */
export function adaptNumber(expr: Expr, dtype: Dtype): Fit {
  const type: ValueType = { kind: "tensor", dtype, shape: [] };
  if (expr.kind !== "constant" && expr.type.kind === "tensor" && expr.type.dtype === dtype) return { ok: true, expr: foldNumber(expr) };
  switch (expr.kind) {
    case "constant": {
      const converted = literalAs(expr.value, dtype);
      if (converted.ok) return { ok: true, expr: { ...expr, value: converted.value, type } };
      const text = "value" in expr.value ? String(expr.value.value) : expr.value.kind;
      return { ok: false, mismatch: { kind: "literal", text, dtype, reason: converted.reason }, span: expr.span };
    }
    case "unary": {
      const value = adaptUnderMinus(expr.value, dtype);
      return value.ok ? { ok: true, expr: foldNumber({ ...expr, value: value.expr, type }) } : value;
    }
    case "binary": {
      const left = adaptNumber(expr.left, dtype);
      if (!left.ok) return left;
      const right = adaptNumber(expr.right, dtype);
      return right.ok ? { ok: true, expr: foldNumber({ ...expr, left: left.expr, right: right.expr, type }) } : right;
    }
    case "if": {
      const then = adaptNumber(expr.then, dtype);
      if (!then.ok) return then;
      const otherwise = adaptNumber(expr.otherwise, dtype);
      return otherwise.ok ? { ok: true, expr: { ...expr, then: then.expr, otherwise: otherwise.expr, type } } : otherwise;
    }
    default: {
      const own = expr.type.kind === "tensor" ? expr.type.dtype : "f64";
      if (isFloatDtype(dtype)) return { ok: true, expr: { kind: "cast", value: expr, checked: false, type, span: expr.span } };
      const mismatch: Mismatch = { kind: "dtype", expected: printType(type), found: printType(expr.type), wanted: dtype };
      return own === dtype ? { ok: true, expr } : { ok: false, mismatch, span: expr.span };
    }
  }
}

/** `-128` is an i8 though 128 is none. */
function adaptUnderMinus(expr: Expr, dtype: Dtype): Fit {
  if (expr.kind !== "constant" || expr.value.kind !== "int") return adaptNumber(expr, dtype);
  const negative = literalAs({ kind: "int", value: -expr.value.value }, dtype);
  if (!negative.ok) {
    return { ok: false, mismatch: { kind: "literal", text: `-${expr.value.value}`, dtype, reason: negative.reason }, span: expr.span };
  }
  return isFloatDtype(dtype) ? adaptNumber(expr, dtype) : { ok: true, expr: { ...expr, type: { kind: "tensor", dtype, shape: [] } } };
}

function foldNumber(expr: Expr): Expr {
  if (expr.kind === "constant") return expr;
  const value = foldExpr(expr);
  return value === undefined ? expr : { kind: "constant", value, type: expr.type, span: expr.span };
}

function fitList(m: Matching, expr: Extract<Expr, { kind: "list" }>, pattern: Extract<Pattern, { kind: "list" }>, by: string): Fit {
  const items: Expr[] = [];
  for (const item of expr.items) {
    const own = pattern.elementDims === undefined ? m : createMatching(m.dimScope, [...m.holes, ...pattern.elementDims]);
    const fitted = fit(own, item, pattern.element, by);
    if (!fitted.ok) return fitted;
    const unsettled = own === m ? undefined : settleDeferred(own);
    if (unsettled !== undefined) return { ok: false, ...unsettled };
    items.push(fitted.expr);
  }
  const element = items[0]?.type ?? instantiate(m, pattern.element);
  return { ok: true, expr: { ...expr, items, type: { kind: "list", element, lengthMax: items.length } } };
}

/** `[.age, .fare]` where a tensor is wanted: the items are its elements along the first axis. */
function fitTensorLiteral(m: Matching, expr: Extract<Expr, { kind: "list" }>, pattern: TensorPattern, by: string): Fit {
  const [first, ...rest] = pattern.shape;
  const inner: Pattern = first !== undefined && "rest" in first ? pattern : { ...pattern, shape: rest };
  const items: Expr[] = [];
  for (const item of expr.items) {
    const isRest = first !== undefined && "rest" in first;
    const fitted = isRest && isFlexible(item) ? fit(m, item, { ...pattern, shape: [] }, by) : fit(m, item, isRest ? withoutFirst(m, inner) : inner, by);
    if (!fitted.ok) return fitted;
    items.push(fitted.expr);
  }
  const [one] = items;
  const element = one?.type.kind === "tensor" ? one.type : undefined;
  const dtype = element?.dtype ?? (typeof pattern.dtype === "string" ? pattern.dtype : (m.dtypes.get(pattern.dtype.variable) ?? "f64"));
  const type: ValueType = { kind: "tensor", dtype, shape: [dimOf(items.length), ...(element?.shape ?? [])] };
  return fitType(m, { ...expr, items, type }, pattern, by);
}

/** A run of dimensions minus its first, where it is known; unknown, the items are scalars. */
function withoutFirst(m: Matching, pattern: TensorPattern): Pattern {
  const [first] = pattern.shape;
  if (first === undefined || !("rest" in first)) return pattern;
  const known = m.rests.get(first.rest) ?? [];
  return { ...pattern, shape: known.slice(1) };
}

function fitRecord(m: Matching, expr: Extract<Expr, { kind: "record" }>, pattern: Extract<Pattern, { kind: "record" }>, by: string): Fit {
  const wanted = new Map(pattern.fields.map((field) => [field.name, field]));
  const entries: RecordEntry[] = [];
  for (const entry of expr.entries) {
    const target = entry.kind === "field" ? wanted.get(entry.name) : undefined;
    if (entry.kind === "spread" || target === undefined) {
      entries.push(entry);
      continue;
    }
    const fitted = fit(m, entry.value, target.type, by);
    if (!fitted.ok) return fitted;
    entries.push({ ...entry, value: fitted.expr });
  }
  const own = expr.type.kind === "record" ? expr.type.fields : [];
  const types = new Map(entries.flatMap((entry) => (entry.kind === "field" ? [[entry.name, entry.value.type] as const] : [])));
  const fields = own.map((field) => ({ ...field, type: types.get(field.name) ?? field.type }));
  return fitType(m, { ...expr, entries, type: { kind: "record", fields } }, pattern, by);
}

/** Fits where nothing is bound: an expression to a known type. */
export function fitValue(m: Matching, expr: Expr, type: ValueType, by: string): Fit {
  const fitted = fit(m, expr, type, by);
  if (!fitted.ok) return fitted;
  const unsettled = settleDeferred(m);
  return unsettled === undefined ? fitted : { ok: false, ...unsettled };
}

