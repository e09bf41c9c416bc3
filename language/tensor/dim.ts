/**
 * Dimensions: integer polynomials over names (each an integer >= 0), with floor(a/c) for a constant c > 0 and
 * max(a, b, …) as further atoms. ceil and min are written with those two.
 *
 * Invariants
 *  - A Dim is in normal form and immutable; equal keys mean equal Dims, so `a.key === b.key` is structural equality.
 *  - Terms are ordered (higher degree first, the constant last), no coefficient is 0, factors are ordered by key.
 *  - floor(p/c): p's coefficients lie in [0, c), share no factor with c (its constant rounded down), and p is neither
 *    constant nor, up to a constant, itself one floor.
 *  - max: at least two operands, none provably below another for names >= 0, no operand one max plus a rest; the
 *    coefficients share no factor; the first operand that is not constant has no constant term.
 * Coefficients are bigints: no rounding anywhere, and no JSON without `printDim`.
 */

export interface Dim {
  readonly key: string;
  readonly terms: readonly Term[];
}

export interface Term {
  readonly coefficient: bigint;
  /** Empty for the constant term. */
  readonly factors: readonly Factor[];
}

export interface Factor {
  readonly atom: Atom;
  readonly power: number;
}

export type Atom =
  | { readonly kind: "name"; readonly key: string; readonly name: string }
  | { readonly kind: "floor"; readonly key: string; readonly numerator: Dim; readonly divisor: bigint }
  | { readonly kind: "max"; readonly key: string; readonly operands: readonly Dim[] };

const plainName = /^[A-Za-z_][A-Za-z0-9_.]*$/;
const smallConstants: Dim[] = [];
for (let n = 0; n <= 4096; n++) smallConstants.push(makeConstant(BigInt(n)));

/** The dimension 0. */
export const zeroDim: Dim = dimOf(0);
/** The dimension 1. */
export const oneDim: Dim = dimOf(1);

/** A constant, which must be an integer. */
export function dimOf(value: number | bigint): Dim {
  const small = value >= 0 && value <= 4096 ? smallConstants[Number(value)] : undefined;
  return small ?? makeConstant(BigInt(value));
}

/** A name: any non-empty string (ONNX files have names such as `batch*sequence`). */
export function dimName(name: string): Dim {
  const key = plainName.test(name) ? name : JSON.stringify(name);
  return ofAtom({ kind: "name", key, name });
}

/** a + b. */
export function addDims(a: Dim, b: Dim): Dim {
  if (a.terms.length === 0) return b;
  if (b.terms.length === 0) return a;
  return makeDim([...a.terms, ...b.terms]);
}

/** a - b; negative values are allowed in between (data propagation needs them). */
export function subDims(a: Dim, b: Dim): Dim {
  return addDims(a, scaleDim(b, -1n));
}

/** a * b. */
export function mulDims(a: Dim, b: Dim): Dim {
  const constantA = constantOf(a);
  if (constantA !== undefined) return scaleDim(b, constantA);
  const constantB = constantOf(b);
  if (constantB !== undefined) return scaleDim(a, constantB);
  const terms: Term[] = [];
  for (const x of a.terms) {
    for (const y of b.terms) {
      terms.push({ coefficient: x.coefficient * y.coefficient, factors: mulFactors(x.factors, y.factors) });
    }
  }
  return makeDim(terms);
}

/** factor * a. */
export function scaleDim(a: Dim, factor: bigint): Dim {
  if (factor === 1n) return a;
  if (factor === 0n) return zeroDim;
  const constant = constantOf(a);
  if (constant !== undefined) return dimOf(constant * factor);
  return finishDim(a.terms.map((term) => ({ coefficient: term.coefficient * factor, factors: term.factors })));
}

/** The product of all, 1 for none: the elements of a shape. */
export function productOfDims(dims: readonly Dim[]): Dim {
  return dims.reduce(mulDims, oneDim);
}

/** The sum of all. */
export function sumOfDims(dims: readonly Dim[]): Dim {
  return makeDim(dims.flatMap((dim) => dim.terms));
}

/** floor(a / divisor); the divisor is a positive integer. */
export function floorDivDim(a: Dim, divisor: number | bigint): Dim {
  const c = BigInt(divisor);
  if (c <= 0n) throw new RangeError(`floorDivDim: the divisor ${c} is not positive`);
  if (c === 1n) return a;
  const whole: Term[] = [];
  const rest: Term[] = [];
  for (const term of a.terms) {
    const quotient = floorDivide(term.coefficient, c);
    const remainder = term.coefficient - quotient * c;
    if (quotient !== 0n) whole.push({ coefficient: quotient, factors: term.factors });
    if (remainder !== 0n) rest.push({ coefficient: remainder, factors: term.factors });
  }
  return addDims(finishDim(whole), floorOfReduced(finishDim(rest), c));
}

/** ceil(a / divisor) = floor((a + divisor - 1) / divisor). */
export function ceilDivDim(a: Dim, divisor: number | bigint): Dim {
  return floorDivDim(addDims(a, dimOf(BigInt(divisor) - 1n)), divisor);
}

/** The largest of the operands, of which there is at least one. Uses that names are >= 0. */
export function maxDims(first: Dim, ...others: readonly Dim[]): Dim {
  const operands = withoutDominated([first, ...others].flatMap(expandMax));
  const [only] = operands;
  if (operands.length === 1 && only) return only;
  const lead = operands.find((dim) => constantOf(dim) === undefined) ?? zeroDim;
  const shift = dimOf(constantTerm(lead));
  const shifted = operands.map((dim) => subDims(dim, shift));
  const common = shifted.flatMap((dim) => dim.terms).reduce((g, term) => gcd(g, term.coefficient), 0n);
  const reduced = shifted.map((dim) => divideCoefficients(dim, common)).sort(byShapeThenConstant);
  const key = `max(${reduced.map((dim) => dim.key).join(", ")})`;
  return addDims(scaleDim(ofAtom({ kind: "max", key, operands: reduced }), common), shift);
}

/** The smallest of the operands: -max(-a, -b, …). */
export function minDims(first: Dim, ...others: readonly Dim[]): Dim {
  return scaleDim(maxDims(scaleDim(first, -1n), ...others.map((dim) => scaleDim(dim, -1n))), -1n);
}

/** a / b where that is a polynomial with integer coefficients and no remainder, else undefined; b is not 0. */
export function divideDims(a: Dim, b: Dim): Dim | undefined {
  const lead = b.terms[0];
  if (!lead) return undefined;
  let rest = a;
  let quotient = zeroDim;
  // Long division on leading terms; each step removes one, so a few more steps than a has terms is plenty.
  for (let step = 0; step <= a.terms.length + b.terms.length; step++) {
    const top = rest.terms[0];
    if (!top) return quotient;
    const factors = divideFactors(top.factors, lead.factors);
    if (!factors || top.coefficient % lead.coefficient !== 0n) return undefined;
    const part = finishDim([{ coefficient: top.coefficient / lead.coefficient, factors }]);
    quotient = addDims(quotient, part);
    rest = subDims(rest, mulDims(part, b));
  }
  return undefined;
}

/** Structural equality, by normal form. */
export function equalDims(a: Dim, b: Dim): boolean {
  return a.key === b.key;
}

/** The value of a constant Dim, else undefined. */
export function constantOf(dim: Dim): bigint | undefined {
  const [term] = dim.terms;
  if (!term) return 0n;
  return dim.terms.length === 1 && term.factors.length === 0 ? term.coefficient : undefined;
}

/** The value of a constant Dim as a number where that is exact, else undefined. */
export function dimNumber(dim: Dim): number | undefined {
  const constant = constantOf(dim);
  if (constant === undefined) return undefined;
  const value = Number(constant);
  return Number.isSafeInteger(value) ? value : undefined;
}

/** The coefficient of the constant term. */
export function constantTerm(dim: Dim): bigint {
  const last = dim.terms.at(-1);
  return last && last.factors.length === 0 ? last.coefficient : 0n;
}

/** Rebuilds a Dim from terms in any order (used by substitution); the factors of each must be in normal form. */
export function dimOfTerms(terms: readonly Term[]): Dim {
  return makeDim(terms);
}

/** A Dim of one atom in normal form. */
function ofAtom(atom: Atom): Dim {
  return { key: atom.key, terms: [{ coefficient: 1n, factors: [{ atom, power: 1 }] }] };
}

/** Rounds towards minus infinity; the divisor is positive. */
export function floorDivide(a: bigint, divisor: bigint): bigint {
  const quotient = a / divisor;
  return a % divisor < 0n ? quotient - 1n : quotient;
}

function makeConstant(value: bigint): Dim {
  return { key: String(value), terms: value === 0n ? [] : [{ coefficient: value, factors: [] }] };
}

/** floor(p/c) where p's coefficients already lie in [0, c). */
function floorOfReduced(p: Dim, c: bigint): Dim {
  if (constantOf(p) !== undefined) return zeroDim;
  const constant = constantTerm(p);
  const common = p.terms.reduce((g, term) => (term.factors.length === 0 ? g : gcd(g, term.coefficient)), c);
  if (common > 1n) {
    const rounded = subDims(p, dimOf(constant - floorDivide(constant, common) * common));
    return floorDivDim(divideCoefficients(rounded, common), c / common);
  }
  const inner = loneFloor(p);
  if (inner) {
    // floor((floor(a/b) + k)/c) = floor((a + k*b)/(b*c))
    return floorDivDim(addDims(inner.numerator, dimOf(constant * inner.divisor)), inner.divisor * c);
  }
  return ofAtom({ kind: "floor", key: `floor((${p.key})/${c})`, numerator: p, divisor: c });
}

/** The floor atom f where p = f + constant. */
function loneFloor(p: Dim): Extract<Atom, { kind: "floor" }> | undefined {
  const [term, second, third] = p.terms;
  if (!term || third || (second && second.factors.length > 0)) return undefined;
  const [factor, another] = term.factors;
  if (!factor || another || factor.power !== 1 || term.coefficient !== 1n) return undefined;
  return factor.atom.kind === "floor" ? factor.atom : undefined;
}

/**
 * The operands of `dim` as a maximum: max(x, y) + r is max(x + r, y + r). A sum of several maxima stays as it is, lest
 * the operands multiply.
 */
function expandMax(dim: Dim): readonly Dim[] {
  const [found, another] = dim.terms.flatMap((term) => {
    const atom = loneMax(term);
    return atom ? [{ term, atom }] : [];
  });
  if (!found || another) return [dim];
  const rest = finishDim(dim.terms.filter((other) => other !== found.term));
  return found.atom.operands.map((operand) => addDims(scaleDim(operand, found.term.coefficient), rest));
}

/** The atom of a term k*max(…), k > 0. */
function loneMax(term: Term): Extract<Atom, { kind: "max" }> | undefined {
  const [factor, another] = term.factors;
  if (!factor || another || factor.power !== 1 || term.coefficient <= 0n) return undefined;
  return factor.atom.kind === "max" ? factor.atom : undefined;
}

/** Leaves out operands that another one is never below; of equal ones, one stays. */
function withoutDominated(operands: readonly Dim[]): readonly Dim[] {
  const unique = [...new Map(operands.map((dim) => [dim.key, dim])).values()];
  return unique.filter((dim) => !unique.some((other) => other !== dim && isNonNegative(subDims(other, dim))));
}

/** True only if no values >= 0 of the names make it negative. */
function isNonNegative(dim: Dim): boolean {
  return dim.terms.every((term) => term.coefficient > 0n && term.factors.every((factor) => isNonNegativeAtom(factor.atom)));
}

function isNonNegativeAtom(atom: Atom): boolean {
  switch (atom.kind) {
    case "name":
      return true;
    case "floor":
      return isNonNegative(atom.numerator);
    case "max":
      return atom.operands.some(isNonNegative);
  }
}

function byShapeThenConstant(a: Dim, b: Dim): number {
  const constantA = constantOf(a) !== undefined;
  const constantB = constantOf(b) !== undefined;
  if (constantA !== constantB) return constantA ? 1 : -1;
  const [shapeA, shapeB] = [subDims(a, dimOf(constantTerm(a))).key, subDims(b, dimOf(constantTerm(b))).key];
  return shapeA < shapeB ? -1 : shapeA > shapeB ? 1 : 0;
}

function divideCoefficients(dim: Dim, divisor: bigint): Dim {
  if (divisor <= 1n) return dim;
  return finishDim(dim.terms.map((term) => ({ coefficient: term.coefficient / divisor, factors: term.factors })));
}

function gcd(a: bigint, b: bigint): bigint {
  let [x, y] = [a < 0n ? -a : a, b < 0n ? -b : b];
  while (y !== 0n) [x, y] = [y, x % y];
  return x;
}

function mulFactors(a: readonly Factor[], b: readonly Factor[]): readonly Factor[] {
  if (a.length === 0) return b;
  if (b.length === 0) return a;
  const byKey = new Map<string, Factor>(a.map((factor) => [factor.atom.key, factor]));
  for (const factor of b) {
    const power = (byKey.get(factor.atom.key)?.power ?? 0) + factor.power;
    byKey.set(factor.atom.key, { atom: factor.atom, power });
  }
  return [...byKey.values()].sort((x, y) => compareText(x.atom.key, y.atom.key));
}

function divideFactors(a: readonly Factor[], b: readonly Factor[]): readonly Factor[] | undefined {
  const byKey = new Map<string, Factor>(a.map((factor) => [factor.atom.key, factor]));
  for (const factor of b) {
    const power = (byKey.get(factor.atom.key)?.power ?? 0) - factor.power;
    if (power < 0) return undefined;
    if (power === 0) byKey.delete(factor.atom.key);
    else byKey.set(factor.atom.key, { atom: factor.atom, power });
  }
  return [...byKey.values()];
}

/** Merges like terms and orders them. */
function makeDim(terms: readonly Term[]): Dim {
  const merged = new Map<string, Term>();
  for (const term of terms) {
    const key = factorsKey(term.factors);
    const found = merged.get(key);
    merged.set(key, found ? { coefficient: found.coefficient + term.coefficient, factors: term.factors } : term);
  }
  const keyed = [...merged].filter(([, term]) => term.coefficient !== 0n);
  if (keyed.length > 1) keyed.sort(([keyA, a], [keyB, b]) => degree(b) - degree(a) || compareFactors(a.factors, b.factors) || compareText(keyA, keyB));
  return finishDim(keyed.map(([, term]) => term));
}

/** A Dim of terms that are merged and in order. */
function finishDim(terms: readonly Term[]): Dim {
  const [first] = terms;
  if (!first) return zeroDim;
  if (terms.length === 1 && first.factors.length === 0) return dimOf(first.coefficient);
  const parts = terms.map((term) => {
    if (term.factors.length === 0) return String(term.coefficient);
    const factors = factorsKey(term.factors);
    return term.coefficient === 1n ? factors : `${term.coefficient}*${factors}`;
  });
  return { key: parts.join(" + "), terms };
}

function factorsKey(factors: readonly Factor[]): string {
  const [first] = factors;
  if (!first) return "";
  if (factors.length === 1 && first.power === 1) return first.atom.key;
  return factors.map(({ atom, power }) => (power === 1 ? atom.key : `${atom.key}^${power}`)).join("*");
}

function degree(term: Term): number {
  return term.factors.reduce((sum, factor) => sum + factor.power, 0);
}

/** Lexicographic order of monomials of one degree: a monomial order, as long division needs. */
function compareFactors(a: readonly Factor[], b: readonly Factor[]): number {
  for (let i = 0; i < Math.min(a.length, b.length); i++) {
    const [x, y] = [a[i], b[i]];
    if (!x || !y) break;
    const byName = compareText(x.atom.key, y.atom.key);
    if (byName !== 0) return byName;
    if (x.power !== y.power) return y.power - x.power;
  }
  return 0;
}

function compareText(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}
