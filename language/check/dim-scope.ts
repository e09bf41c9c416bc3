/**
 * The dimension names of one function, pipeline, constant or test, and what is known of them. Every name stands for one
 * value per call (function) or row (pipeline). Names are given out once per scope, so bounds are kept by name.
 */
import type { Span } from "../source/span.ts";
import { intervalOfDim, proveEqual, proveLessEqual } from "../tensor/bound-dim.ts";
import { constantOf, dimName, dimOfTerms, equalDims, mulDims, oneDim, subDims } from "../tensor/dim.ts";
import type { Dim, Term } from "../tensor/dim.ts";
import { freeNames } from "../tensor/evaluate-dim.ts";
import { nameMark } from "./print-type.ts";
import type { DimFacts } from "./checked-program.ts";

export interface DimOrigin {
  readonly span: Span;
  /** Completes "where …": "`T` is made here". */
  readonly text: string;
}

export interface DimScope {
  readonly bounds: Map<string, { low?: bigint; high?: bigint }>;
  /** Bounds of products and sums of names (`H * W <= 50_000_000`), which intervals of names cannot say. */
  readonly limits: { readonly dim: Dim; readonly high: bigint }[];
  /** Where a name was made, for messages. */
  readonly origins: Map<string, DimOrigin>;
  readonly taken: Set<string>;
}

export function createDimScope(): DimScope {
  return { bounds: new Map(), limits: [], origins: new Map(), taken: new Set() };
}

/** A name like `hint` that no other dimension of this scope has. */
export function freshDim(scope: DimScope, hint: string, origin?: DimOrigin): Dim {
  let name = hint;
  for (let i = 2; scope.taken.has(name); i++) name = `${hint}_${i}`;
  scope.taken.add(name);
  if (origin !== undefined) scope.origins.set(name, origin);
  return dimName(name);
}

/** Records that `dim` is at most `high`. */
export function addUpperBound(scope: DimScope, dim: Dim, high: bigint): void {
  const name = loneName(dim);
  if (name === undefined) {
    scope.limits.push({ dim, high });
    return;
  }
  const known = scope.bounds.get(name) ?? {};
  scope.bounds.set(name, { ...known, high: known.high === undefined || high < known.high ? high : known.high });
}

/** Records that `dim`, a name, is at least `low`. */
export function addLowerBound(scope: DimScope, dim: Dim, low: bigint): void {
  const name = loneName(dim);
  if (name === undefined) return;
  const known = scope.bounds.get(name) ?? {};
  scope.bounds.set(name, { ...known, low: known.low === undefined || low > known.low ? low : known.low });
}

/** The name that a dimension consists of, if it is nothing else. */
export function loneName(dim: Dim): string | undefined {
  const [term, another] = dim.terms;
  const [factor, second] = term?.factors ?? [];
  if (term === undefined || another !== undefined || term.coefficient !== 1n) return undefined;
  if (factor === undefined || second !== undefined || factor.power !== 1 || factor.atom.kind !== "name") return undefined;
  return factor.atom.name;
}

export function provedEqual(scope: DimScope, a: Dim, b: Dim): boolean {
  return equalDims(a, b) || proveEqual(a, b, scope.bounds);
}

export function provedAtMost(scope: DimScope, a: Dim, b: Dim): boolean {
  if (proveLessEqual(a, b, scope.bounds)) return true;
  const high = upperBound(scope, subDims(a, b));
  return high !== undefined && high <= 0n;
}

/** Whether no values within the bounds make the two equal. */
export function provedDifferent(scope: DimScope, a: Dim, b: Dim): boolean {
  const { low, high } = intervalOfDim(subDims(a, b), scope.bounds);
  return (low !== undefined && low > 0n) || (high !== undefined && high < 0n);
}

/** The largest value a dimension can have, or undefined where nothing bounds it. */
export function upperBound(scope: DimFacts, dim: Dim): bigint | undefined {
  const constant = constantOf(dim);
  if (constant !== undefined) return constant;
  const plain = intervalOfDim(dim, scope.bounds).high;
  let sum = 0n;
  for (const term of dim.terms) {
    const high = upperBoundOfTerm(scope, term);
    if (high === undefined) return plain;
    sum += high;
  }
  return plain !== undefined && plain < sum ? plain : sum;
}

function upperBoundOfTerm(scope: DimFacts, term: Term): bigint | undefined {
  const whole = dimOfTerms([term]);
  let best = intervalOfDim(whole, scope.bounds).high;
  if (term.coefficient < 0n) return best;
  for (const limit of scope.limits) {
    const [only, another] = limit.dim.terms;
    if (only === undefined || another !== undefined || only.coefficient !== 1n) continue;
    const rest = factorsWithout(term, only);
    if (rest === undefined) continue;
    const high = intervalOfDim(dimOfTerms([{ coefficient: term.coefficient, factors: rest }]), scope.bounds).high;
    if (high !== undefined && (best === undefined || high * limit.high < best)) best = high * limit.high;
  }
  return best;
}

/** The factors of `term` that are left when those of `part` are taken out, or undefined where some are not in it. */
function factorsWithout(term: Term, part: Term): Term["factors"] | undefined {
  const left = new Map(term.factors.map((factor) => [factor.atom.key, factor]));
  for (const factor of part.factors) {
    const own = left.get(factor.atom.key);
    if (own === undefined || own.power < factor.power) return undefined;
    if (own.power === factor.power) left.delete(factor.atom.key);
    else left.set(factor.atom.key, { ...own, power: own.power - factor.power });
  }
  return [...left.values()];
}

function shown(name: string): string {
  return name.replaceAll(nameMark, "");
}

/** The most elements a shape can have. */
export function elementsMax(scope: DimFacts, shape: readonly Dim[]): bigint | undefined {
  return upperBound(scope, shape.reduce(mulDims, oneDim));
}

/** What bounds say of the names of a dimension, for messages: "T is 0 to 512". */
export function describeBounds(scope: DimScope, dim: Dim): string | undefined {
  const parts = [...freeNames(dim)].map((name) => {
    const { low, high } = scope.bounds.get(name) ?? {};
    return high === undefined ? `\`${shown(name)}\` has no upper bound` : `\`${shown(name)}\` is between ${low ?? 0n} and ${high}`;
  });
  return parts.length === 0 ? undefined : parts.join(", ");
}

