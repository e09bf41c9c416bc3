/** Values of dimensions: evaluation, substitution of names, and the binding of a name at a use `c*x + d`. Exact. */
import { constantOf, dimName, dimOf, dimOfTerms, floorDivDim, floorDivide, maxDims, mulDims, oneDim, scaleDim, subDims, sumOfDims } from "./dim.ts";
import type { Atom, Dim, Term } from "./dim.ts";

/** Values of names. */
export type Bindings = ReadonlyMap<string, number | bigint>;

/** The exact value under `bindings`, or undefined if a name has none. */
export function evaluateDimExact(dim: Dim, bindings: Bindings): bigint | undefined {
  let sum = 0n;
  for (const term of dim.terms) {
    let product = term.coefficient;
    for (const { atom, power } of term.factors) {
      const value = evaluateAtom(atom, bindings);
      if (value === undefined) return undefined;
      product *= value ** BigInt(power);
    }
    sum += product;
  }
  return sum;
}

/** The value under `bindings` as a number (rounded beyond 2^53), or undefined if a name has none. */
export function evaluateDim(dim: Dim, bindings: Bindings): number | undefined {
  const exact = evaluateDimExact(dim, bindings);
  return exact === undefined ? undefined : Number(exact);
}

function evaluateAtom(atom: Atom, bindings: Bindings): bigint | undefined {
  switch (atom.kind) {
    case "name": {
      const value = bindings.get(atom.name);
      return value === undefined ? undefined : BigInt(value);
    }
    case "floor": {
      const value = evaluateDimExact(atom.numerator, bindings);
      return value === undefined ? undefined : floorDivide(value, atom.divisor);
    }
    case "max": {
      let best: bigint | undefined;
      for (const operand of atom.operands) {
        const value = evaluateDimExact(operand, bindings);
        if (value === undefined) return undefined;
        if (best === undefined || value > best) best = value;
      }
      return best;
    }
  }
}

/** Replaces names by dimensions; names without a replacement stay. */
export function substituteDim(dim: Dim, replacements: ReadonlyMap<string, Dim>): Dim {
  if (replacements.size === 0 || constantOf(dim) !== undefined) return dim;
  return sumOfDims(dim.terms.map((term) => substituteTerm(term, replacements)));
}

function substituteTerm(term: Term, replacements: ReadonlyMap<string, Dim>): Dim {
  if (term.factors.length === 0) return dimOf(term.coefficient);
  let product = oneDim;
  for (const { atom, power } of term.factors) {
    const value = substituteAtom(atom, replacements);
    for (let i = 0; i < power; i++) product = mulDims(product, value);
  }
  return scaleDim(product, term.coefficient);
}

function substituteAtom(atom: Atom, replacements: ReadonlyMap<string, Dim>): Dim {
  switch (atom.kind) {
    case "name":
      return replacements.get(atom.name) ?? dimName(atom.name);
    case "floor":
      return floorDivDim(substituteDim(atom.numerator, replacements), atom.divisor);
    case "max": {
      const [first, ...rest] = atom.operands.map((operand) => substituteDim(operand, replacements));
      return first ? maxDims(first, ...rest) : dimOf(0);
    }
  }
}

/** The names a dimension depends on, in order of first mention. */
export function freeNames(dim: Dim): ReadonlySet<string> {
  const names = new Set<string>();
  collectNames(dim, names);
  return names;
}

function collectNames(dim: Dim, into: Set<string>): void {
  for (const term of dim.terms) {
    for (const { atom } of term.factors) {
      switch (atom.kind) {
        case "name":
          into.add(atom.name);
          break;
        case "floor":
          collectNames(atom.numerator, into);
          break;
        case "max":
          for (const operand of atom.operands) collectNames(operand, into);
          break;
      }
    }
  }
}

export type Solution =
  | { readonly kind: "solved"; readonly name: string; readonly value: Dim }
  /** `c*x + d` cannot be the value for any integer x: the remainder is not divisible by c. */
  | { readonly kind: "inexact"; readonly name: string; readonly divisor: bigint; readonly remainder: Dim }
  /** Not of the form `c*x + d` in the name asked for. */
  | { readonly kind: "notLinear" };

/**
 * Solves `dim = value` for `name`, where dim is `c*x + d`: x is the name, c a constant, d free of x. The value and d may
 * be polynomials in other names. A solution may be negative; whether that is allowed is the caller's rule.
 */
export function solveDim(dim: Dim, name: string, value: Dim): Solution {
  const own: Term[] = [];
  const rest: Term[] = [];
  for (const term of dim.terms) (mentions(term, name) ? own : rest).push(term);
  const [term, another] = own;
  const [factor, second] = term?.factors ?? [];
  if (!term || another || !factor || second || factor.power !== 1 || factor.atom.kind !== "name") return { kind: "notLinear" };
  const remainder = subDims(value, dimOfTerms(rest));
  const c = term.coefficient;
  if (freeNames(remainder).has(name)) return { kind: "notLinear" };
  if (remainder.terms.some((part) => part.coefficient % c !== 0n)) {
    return { kind: "inexact", name, divisor: c < 0n ? -c : c, remainder: c < 0n ? scaleDim(remainder, -1n) : remainder };
  }
  const solved = dimOfTerms(remainder.terms.map((part) => ({ coefficient: part.coefficient / c, factors: part.factors })));
  return { kind: "solved", name, value: solved };
}

function mentions(term: Term, name: string): boolean {
  return freeNames(dimOfTerms([term])).has(name);
}
