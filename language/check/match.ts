/**
 * Matches types against patterns, binding dimension names, dtype variables and rest dimensions as it goes. A name is
 * bound at a use `c*x + d` and must agree afterwards; uses that cannot bind are looked at again when all arguments are
 * known. Nothing is reported here: what does not fit comes back as a `Mismatch`.
 */
import type { RecordField, ValueType } from "../catalog/value-type.ts";
import type { Span } from "../source/span.ts";
import { dimName, dimOf } from "../tensor/dim.ts";
import type { Dim } from "../tensor/dim.ts";
import type { Dtype } from "../tensor/dtype.ts";
import { freeNames, solveDim, substituteDim } from "../tensor/evaluate-dim.ts";
import { provedAtMost, provedEqual } from "./dim-scope.ts";
import type { DimScope } from "./dim-scope.ts";
import type { Pattern, RestPattern, TensorPattern } from "./pattern.ts";
import { printType } from "./print-type.ts";

export interface BoundDim {
  readonly dim: Dim;
  readonly span: Span;
  /** What bound it: "argument `x`". */
  readonly by: string;
}

export interface Matching {
  readonly dimScope: DimScope;
  /** Names that this matching may bind. */
  readonly holes: Set<string>;
  readonly dims: Map<string, BoundDim>;
  readonly dtypes: Map<string, Dtype>;
  readonly rests: Map<string, readonly Dim[]>;
  /** Uses that could not bind or be compared yet. */
  readonly deferred: { readonly pattern: Dim; readonly found: Dim; readonly place: DimPlace; readonly span: Span; readonly by: string }[];
}

/** Where two dimensions meet. */
interface DimPlace {
  readonly axis: number;
  readonly pattern: Pattern;
  readonly type: ValueType;
}

export interface DimMismatch {
  readonly kind: "dim";
  readonly axis: number;
  /** As the signature writes it. */
  readonly pattern: Dim;
  /** With what is bound put in. */
  readonly expected: Dim;
  readonly found: Dim;
  /** The names of the pattern that were bound before, and where. */
  readonly bound: readonly { readonly name: string; readonly at: BoundDim }[];
  readonly expectedType: string;
  readonly foundType: string;
}

export type Mismatch =
  | { readonly kind: "type"; readonly expected: string; readonly found: string }
  | { readonly kind: "dtype"; readonly expected: string; readonly found: string; readonly wanted: Dtype }
  | { readonly kind: "null"; readonly found: string }
  | { readonly kind: "rank"; readonly expected: number | string; readonly found: number; readonly expectedType: string; readonly foundType: string }
  | { readonly kind: "inexact"; readonly name: string; readonly pattern: Dim; readonly found: Dim }
  | { readonly kind: "field"; readonly name: string; readonly expected: string; readonly found: readonly string[] }
  | { readonly kind: "choice"; readonly value: string; readonly choices: readonly string[] }
  | { readonly kind: "literal"; readonly text: string; readonly dtype: Dtype; readonly reason: string }
  | DimMismatch;

export function createMatching(dimScope: DimScope, holes: Iterable<string>): Matching {
  return { dimScope, holes: new Set(holes), dims: new Map(), dtypes: new Map(), rests: new Map(), deferred: [] };
}

/** What keeps `type` from fitting `pattern`, or undefined where it fits (or may, once the deferred uses are settled). */
export function matchType(m: Matching, pattern: Pattern, type: ValueType, span: Span, by: string): Mismatch | undefined {
  if (pattern.kind === "error" || type.kind === "error") return undefined;
  const wrong = (): Mismatch => ({ kind: "type", expected: printType(pattern), found: printType(type) });
  if (pattern.kind === "optional") {
    if (type.kind === "null") return undefined;
    return matchType(m, pattern.inner, type.kind === "optional" ? type.inner : type, span, by);
  }
  if (type.kind === "optional" || type.kind === "null") {
    return pattern.kind === "null" ? (type.kind === "null" ? undefined : wrong()) : { kind: "null", found: printType(type) };
  }
  switch (pattern.kind) {
    case "tensor":
      return type.kind === "tensor" ? matchTensor(m, pattern, type, span, by) : matchStringScalar(pattern, type) ? undefined : wrong();
    case "string":
      if (type.kind !== "string") return wrong();
      return pattern.literals === undefined || (type.literals?.every((text) => pattern.literals?.includes(text)) ?? false) ? undefined : wrong();
    case "bytes":
    case "null":
      return type.kind === pattern.kind ? undefined : wrong();
    case "list":
      return type.kind === "list" ? matchList(m, pattern, type, span, by) : wrong();
    case "record":
      return type.kind === "record" ? matchRecord(m, pattern, type, span, by) : wrong();
    case "table":
      return type.kind === "table" && printType(pattern) === printType(type) ? undefined : wrong();
    case "resource":
      return type.kind === "resource" && type.name === pattern.name ? undefined : wrong();
    case "quantity":
      return type.kind === "quantity" && type.measure === pattern.measure ? undefined : wrong();
    case "range":
      return type.kind === "range" ? matchType(m, pattern.element, type.element, span, by) : wrong();
  }
}

/** Text is an element of a tensor of strings. */
function matchStringScalar(pattern: TensorPattern, type: ValueType): boolean {
  return pattern.dtype === "string" && pattern.shape.length === 0 && type.kind === "string";
}

function matchTensor(m: Matching, pattern: TensorPattern, type: Extract<ValueType, { kind: "tensor" }>, span: Span, by: string): Mismatch | undefined {
  const wanted = typeof pattern.dtype === "string" ? pattern.dtype : m.dtypes.get(pattern.dtype.variable);
  if (wanted === undefined) {
    if (typeof pattern.dtype !== "string") m.dtypes.set(pattern.dtype.variable, type.dtype);
  } else if (wanted !== type.dtype) {
    return { kind: "dtype", expected: printType(pattern), found: printType(type), wanted };
  }
  const expanded = expandRests(m, pattern.shape, type.shape);
  if (expanded === undefined || expanded.length !== type.shape.length) {
    const fixed = pattern.shape.filter((dim) => !("rest" in dim)).length;
    const expected = fixed === pattern.shape.length ? fixed : `${fixed} or more`;
    return { kind: "rank", expected, found: type.shape.length, expectedType: printType(pattern), foundType: printType(type) };
  }
  for (const [axis, dim] of expanded.entries()) {
    const found = type.shape[axis];
    const mismatch = found && matchDim(m, dim, found, { axis, pattern, type }, span, by);
    if (mismatch !== undefined) return mismatch;
  }
  return undefined;
}

/** Puts bound runs in place of rest dimensions; an unbound one takes what is left over. */
function expandRests(m: Matching, shape: readonly (Dim | RestPattern)[], found: readonly Dim[]): readonly Dim[] | undefined {
  const result: Dim[] = [];
  for (const [index, dim] of shape.entries()) {
    if (!("rest" in dim)) {
      result.push(dim);
      continue;
    }
    const known = m.rests.get(dim.rest);
    if (known === undefined) {
      const after = shape.length - index - 1;
      if (found.length - result.length < after) return undefined;
      const run = found.slice(result.length, found.length - after);
      m.rests.set(dim.rest, run);
      result.push(...run);
    } else result.push(...known);
  }
  return result;
}

function matchDim(
  m: Matching, pattern: Dim, found: Dim, place: DimPlace, span: Span, by: string,
): Mismatch | undefined {
  const expected = substituteBound(m, pattern);
  const open = [...freeNames(expected)].filter((name) => m.holes.has(name) && !m.dims.has(name));
  const [name, another] = open;
  if (name === undefined) return provedEqual(m.dimScope, expected, found) ? undefined : dimMismatch(m, pattern, found, place);
  if (another !== undefined) {
    m.deferred.push({ pattern, found, place, span, by });
    return undefined;
  }
  const solution = solveDim(expected, name, found);
  if (solution.kind === "notLinear") {
    m.deferred.push({ pattern, found, place, span, by });
    return undefined;
  }
  if (solution.kind === "inexact" || !provedAtMost(m.dimScope, dimOf(0), solution.value)) return { kind: "inexact", name, pattern: expected, found };
  m.dims.set(name, { dim: solution.value, span, by });
  return undefined;
}

function dimMismatch(m: Matching, pattern: Dim, found: Dim, place: DimPlace): DimMismatch {
  return {
    kind: "dim", axis: place.axis, pattern, expected: substituteBound(m, pattern), found, bound: boundNames(m, pattern),
    expectedType: printType(place.pattern), foundType: printType(place.type),
  };
}

/** The first of the deferred uses that does not agree, now that everything is bound that can be. */
export function settleDeferred(m: Matching): { readonly mismatch: Mismatch; readonly span: Span } | undefined {
  let waiting = m.deferred.splice(0);
  for (let round = 0; round < 4 && waiting.length > 0; round++) {
    for (const use of waiting) {
      const mismatch = matchDim(m, use.pattern, use.found, use.place, use.span, use.by);
      if (mismatch !== undefined) return { mismatch, span: use.span };
    }
    waiting = m.deferred.splice(0);
  }
  const [left] = waiting;
  return left && { mismatch: dimMismatch(m, left.pattern, left.found, left.place), span: left.span };
}

function boundNames(m: Matching, pattern: Dim): DimMismatch["bound"] {
  return [...freeNames(pattern)].flatMap((name) => {
    const at = m.dims.get(name);
    return at === undefined ? [] : [{ name, at }];
  });
}

/** Puts in what is bound. */
export function substituteBound(m: Matching, dim: Dim): Dim {
  return substituteDim(dim, new Map([...m.dims].map(([name, bound]) => [name, bound.dim])));
}

function matchList(
  m: Matching, pattern: Extract<Pattern, { kind: "list" }>, type: Extract<ValueType, { kind: "list" }>, span: Span, by: string,
): Mismatch | undefined {
  if (pattern.lengthMax !== undefined && (type.lengthMax === undefined || type.lengthMax > pattern.lengthMax)) {
    return { kind: "type", expected: `${printType(pattern)} of at most ${pattern.lengthMax}`, found: printType(type) };
  }
  // Within one element its own dimensions are fixed: names nobody else has, which only the pattern's own may meet.
  const own = new Map((type.elementDims ?? []).map((name) => [name, dimName(`${name}#element`)]));
  const inner = createMatching(m.dimScope, [...m.holes, ...(pattern.elementDims ?? [])]);
  for (const [name, bound] of m.dims) inner.dims.set(name, bound);
  for (const [name, dtype] of m.dtypes) inner.dtypes.set(name, dtype);
  for (const [name, rest] of m.rests) inner.rests.set(name, rest);
  const element = own.size === 0 ? type.element : mapTypeDims(type.element, own);
  const mismatch = matchType(inner, pattern.element, element, span, by);
  if (mismatch !== undefined) return mismatch;
  const unsettled = settleDeferred(inner);
  if (unsettled !== undefined) return unsettled.mismatch;
  for (const [name, bound] of inner.dims) {
    if (pattern.elementDims?.includes(name) === true) continue;
    if ([...freeNames(bound.dim)].some((free) => free.endsWith("#element"))) {
      // The same name outside asks for one value for all elements, which nobody has shown.
      return { kind: "type", expected: `${printType(pattern)} with one \`${name}\` for all elements`, found: printType(type) };
    }
    m.dims.set(name, bound);
  }
  for (const [name, dtype] of inner.dtypes) m.dtypes.set(name, dtype);
  for (const [name, rest] of inner.rests) m.rests.set(name, rest);
  return undefined;
}

function mapTypeDims(type: ValueType, names: ReadonlyMap<string, Dim>): ValueType {
  switch (type.kind) {
    case "tensor": return { ...type, shape: type.shape.map((dim) => substituteDim(dim, names)) };
    case "optional": return { kind: "optional", inner: mapTypeDims(type.inner, names) };
    case "list": return { ...type, element: mapTypeDims(type.element, names) };
    case "record": return { ...type, fields: type.fields.map((field) => ({ ...field, type: mapTypeDims(field.type, names) })) };
    default: return type;
  }
}

function matchRecord(
  m: Matching, pattern: Extract<Pattern, { kind: "record" }>, type: Extract<ValueType, { kind: "record" }>, span: Span, by: string,
): Mismatch | undefined {
  const fields = new Map<string, RecordField>(type.fields.map((field) => [field.name, field]));
  for (const wanted of pattern.fields) {
    const found = fields.get(wanted.name);
    if (found === undefined) {
      return { kind: "field", name: wanted.name, expected: printType(pattern), found: [...fields.keys()] };
    }
    const mismatch = matchType(m, wanted.type, found.type, span, by);
    if (mismatch !== undefined) return mismatch;
  }
  return undefined;
}

/** The pattern with everything put in that is bound; what is not stays as it is named, dtype variables become `error`. */
export function instantiate(m: Matching, pattern: Pattern): ValueType {
  switch (pattern.kind) {
    case "tensor": {
      const dtype = typeof pattern.dtype === "string" ? pattern.dtype : m.dtypes.get(pattern.dtype.variable);
      if (dtype === undefined) return { kind: "error" };
      const shape = pattern.shape.flatMap((dim) => ("rest" in dim ? (m.rests.get(dim.rest) ?? []) : [substituteBound(m, dim)]));
      return { kind: "tensor", dtype, shape };
    }
    case "optional": {
      const inner = instantiate(m, pattern.inner);
      return inner.kind === "error" ? inner : { kind: "optional", inner };
    }
    case "list": return instantiateList(m, pattern);
    case "record": return { ...pattern, fields: pattern.fields.map((field) => ({ ...field, type: instantiate(m, field.type) })) };
    default: return pattern;
  }
}

function instantiateList(m: Matching, pattern: Extract<Pattern, { kind: "list" }>): ValueType {
  const element = instantiate(m, pattern.element);
  if (pattern.elementDims === undefined) return { ...pattern, element };
  const elementDims = pattern.elementDims.flatMap((name) => [...freeNames(m.dims.get(name)?.dim ?? dimName(name))]);
  return { ...pattern, element, elementDims };
}

/** Whether two types are the same, dimensions by normal form. */
export function sameType(dimScope: DimScope, a: ValueType, b: ValueType, span: Span): boolean {
  const one = createMatching(dimScope, []);
  const other = createMatching(dimScope, []);
  return matchType(one, a, b, span, "") === undefined && matchType(other, b, a, span, "") === undefined;
}
