/**
 * What bounds on names say of dimensions: interval arithmetic, and proofs of equality and order. Proofs are sound and
 * incomplete: true means it holds for all values within the bounds, false that it was not shown.
 */
import { addDims, dimName, dimOf, dimOfTerms, equalDims, floorDivide, scaleDim, subDims } from "./dim.ts";
import type { Atom, Dim, Factor, Term } from "./dim.ts";
import { freeNames, substituteDim } from "./evaluate-dim.ts";

/** Bounds of names, both ends included. A name without bounds, or without `low`, is >= 0. */
export type DimBounds = ReadonlyMap<string, { readonly low?: number | bigint; readonly high?: number | bigint }>;

/** Both ends included; undefined is unbounded. */
export interface DimInterval {
  readonly low: bigint | undefined;
  readonly high: bigint | undefined;
}

/** An end of an interval: a bigint or plus or minus Infinity (which compare with bigints). */
type End = bigint | number;
interface Ends {
  readonly low: End;
  readonly high: End;
}

/** An interval that contains every value of `dim` within the bounds. */
export function intervalOfDim(dim: Dim, bounds: DimBounds): DimInterval {
  const { low, high } = endsOfDim(dim, bounds);
  return { low: typeof low === "bigint" ? low : undefined, high: typeof high === "bigint" ? high : undefined };
}

/** Whether a <= b is proved for all values within the bounds. */
export function proveLessEqual(a: Dim, b: Dim, bounds: DimBounds): boolean {
  return proveNonNegative(subDims(b, a), bounds, fuelMax, 1n);
}

/** Whether a = b is proved for all values within the bounds. */
export function proveEqual(a: Dim, b: Dim, bounds: DimBounds): boolean {
  return equalDims(a, b) || (proveLessEqual(a, b, bounds) && proveLessEqual(b, a, bounds));
}

function endsOfDim(dim: Dim, bounds: DimBounds): Ends {
  return dim.terms.map((term) => endsOfTerm(term, bounds)).reduce(addEnds, { low: 0n, high: 0n });
}

function endsOfTerm(term: Term, bounds: DimBounds): Ends {
  const one: Ends = { low: term.coefficient, high: term.coefficient };
  return term.factors.map((factor) => endsOfFactor(factor, bounds)).reduce(mulEnds, one);
}

function endsOfFactor({ atom, power }: Factor, bounds: DimBounds): Ends {
  const base = endsOfAtom(atom, bounds);
  let ends = base;
  for (let i = 1; i < power; i++) ends = mulEnds(ends, base);
  return power % 2 === 0 && ends.low < 0n ? { low: 0n, high: ends.high } : ends;
}

function endsOfAtom(atom: Atom, bounds: DimBounds): Ends {
  switch (atom.kind) {
    case "name": {
      const { low, high } = bounds.get(atom.name) ?? {};
      return { low: low === undefined ? 0n : BigInt(low), high: high === undefined ? Infinity : BigInt(high) };
    }
    case "floor": {
      const { low, high } = endsOfDim(atom.numerator, bounds);
      return { low: floorEnd(low, atom.divisor), high: floorEnd(high, atom.divisor) };
    }
    case "max": {
      const all = atom.operands.map((operand) => endsOfDim(operand, bounds));
      return { low: all.map((ends) => ends.low).reduce(larger), high: all.map((ends) => ends.high).reduce(larger) };
    }
  }
}

function addEnds(a: Ends, b: Ends): Ends {
  return { low: addEnd(a.low, b.low), high: addEnd(a.high, b.high) };
}

function mulEnds(a: Ends, b: Ends): Ends {
  const products = [mulEnd(a.low, b.low), mulEnd(a.low, b.high), mulEnd(a.high, b.low), mulEnd(a.high, b.high)];
  return { low: products.reduce((x, y) => (x <= y ? x : y)), high: products.reduce(larger) };
}

/** Infinities of both signs never meet here: lower ends are never plus, upper ends never minus Infinity. */
function addEnd(a: End, b: End): End {
  if (typeof a === "bigint" && typeof b === "bigint") return a + b;
  return typeof a === "bigint" ? b : a;
}

function mulEnd(a: End, b: End): End {
  if (typeof a === "bigint" && typeof b === "bigint") return a * b;
  if (a === 0n || b === 0n) return 0n;
  return a > 0n === b > 0n ? Infinity : -Infinity;
}

function larger(a: End, b: End): End {
  return a >= b ? a : b;
}

function floorEnd(end: End, divisor: bigint): End {
  return typeof end === "bigint" ? floorDivide(end, divisor) : end;
}

/**
 * Tries intervals, then intervals after moving each lower bound to 0 (so that T*T - T with T >= 1 has only positive
 * terms), then replaces one floor or max by what bounds it. `fuel` limits the replacements. The dimension is a lower
 * bound of `scale` times an integer, which is not negative as soon as it is above -1: so -(scale - 1) is enough.
 */
function proveNonNegative(dim: Dim, bounds: DimBounds, fuel: number, scale: bigint): boolean {
  const enough = 1n - scale;
  if (endsOfDim(dim, bounds).low >= enough) return true;
  const moved = moveLowerBounds(dim, bounds);
  if (moved.dim !== dim && endsOfDim(moved.dim, moved.bounds).low >= enough) return true;
  if (fuel === 0) return false;
  const candidates = dim.terms.flatMap((term) => {
    const [factor, another] = term.factors;
    if (!factor || another || factor.power !== 1 || factor.atom.kind === "name") return [];
    const rest = dimOfTerms(dim.terms.filter((other) => other !== term));
    return weakenAtom(factor.atom, term.coefficient, rest, scale);
  });
  return candidates.slice(0, weakerMax).some((way) => way.all.every((weaker) => proveNonNegative(weaker, bounds, fuel - 1, way.scale)));
}

/** Steps and choices at each, so that a proof takes a bounded time. */
const fuelMax = 4;
const weakerMax = 4;

/** A way to show that something is not negative: all of these, which bound `scale` times it, must be shown. */
interface Way {
  readonly all: readonly Dim[];
  readonly scale: bigint;
}

/** Ways to show k*atom + rest >= 0. */
function weakenAtom(atom: Exclude<Atom, { kind: "name" }>, k: bigint, rest: Dim, scale: bigint): readonly Way[] {
  if (atom.kind === "floor") {
    // p - (c - 1) <= c*floor(p/c) <= p
    const slack = k > 0n ? atom.divisor - 1n : 0n;
    const weaker = addDims(scaleDim(rest, atom.divisor), scaleDim(subDims(atom.numerator, dimOf(slack)), k));
    return [{ all: [weaker], scale: scale * atom.divisor }];
  }
  const each = atom.operands.map((operand) => addDims(rest, scaleDim(operand, k)));
  return k > 0n ? each.map((dim) => ({ all: [dim], scale })) : [{ all: each, scale }];
}

function moveLowerBounds(dim: Dim, bounds: DimBounds): { readonly dim: Dim; readonly bounds: DimBounds } {
  const replacements = new Map<string, Dim>();
  const moved = new Map(bounds);
  for (const name of freeNames(dim)) {
    const { low, high } = bounds.get(name) ?? {};
    if (low === undefined || BigInt(low) === 0n) continue;
    replacements.set(name, addDims(dimName(name), dimOf(low)));
    moved.set(name, { low: 0, ...(high === undefined ? {} : { high: BigInt(high) - BigInt(low) }) });
  }
  // Names are taken to be >= 0 when a maximum is formed, which a negative lower bound would break.
  const safe = [...replacements].every(([name]) => BigInt(bounds.get(name)?.low ?? 0) > 0n);
  return safe && replacements.size > 0 ? { dim: substituteDim(dim, replacements), bounds: moved } : { dim, bounds };
}
