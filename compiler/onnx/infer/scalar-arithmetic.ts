/** Arithmetic on known elements: exact on integers and on ratios of dimensions, as f32 or f64 rounds on constants. */
import { addDims, ceilDivDim, constantOf, dimOf, divideDims, floorDivDim, maxDims, minDims, mulDims, scaleDim, subDims } from "../../../language/tensor/dim.ts";
import type { Dim } from "../../../language/tensor/dim.ts";
import { intervalOfDim } from "../../../language/tensor/bound-dim.ts";
import type { ElemType } from "../elem-types.ts";
import { isInteger, isRatio, roundTo, withinType } from "./scalar.ts";
import type { MaybeScalar, Ratio, Scalar } from "./scalar.ts";

const noBounds = new Map<string, never>();

export type BinaryOp = "add" | "sub" | "mul" | "div" | "mod" | "fmod" | "max" | "min" | "pow";

/** One element of an arithmetic operator; `dtype` is that of the operands. */
export function arithmetic(op: BinaryOp, a: MaybeScalar, b: MaybeScalar, dtype: ElemType): MaybeScalar {
  if (a === undefined || b === undefined) return undefined;
  if (isInteger(a) && isInteger(b)) return withinType(integerArithmetic(op, a, b), dtype);
  if (typeof a === "number" && typeof b === "number") return roundTo(floatArithmetic(op, a, b), dtype);
  return ratioArithmetic(op, a, b);
}

function integerArithmetic(op: BinaryOp, a: Dim, b: Dim): Dim | undefined {
  switch (op) {
    case "add":
      return addDims(a, b);
    case "sub":
      return subDims(a, b);
    case "mul":
      return boundedProduct(a, b);
    case "max":
      return maxDims(a, b);
    case "min":
      return minDims(a, b);
    case "div":
      return truncatedQuotient(a, b);
    case "mod":
    case "fmod":
      return remainder(a, b, op === "fmod");
    case "pow":
      return integerPower(a, b);
  }
}

/** Products of very long polynomials (hostile files) are not formed. */
export function boundedProduct(a: Dim, b: Dim): Dim | undefined {
  return a.terms.length * b.terms.length <= 64 && a.key.length + b.key.length <= 2000 ? mulDims(a, b) : undefined;
}

/** Integer division of ONNX truncates towards zero. */
function truncatedQuotient(a: Dim, b: Dim): Dim | undefined {
  const divisor = constantOf(b);
  const dividend = constantOf(a);
  if (divisor === undefined) return divideDims(a, b);
  if (divisor === 0n) return undefined;
  if (dividend !== undefined) return dimOf(dividend / divisor);
  const low = intervalOfDim(a, noBounds).low;
  if (low !== undefined && low >= 0n && divisor > 0n) return floorDivDim(a, divisor);
  return divideDims(a, b);
}

function remainder(a: Dim, b: Dim, truncated: boolean): Dim | undefined {
  const divisor = constantOf(b);
  const dividend = constantOf(a);
  if (divisor === undefined || divisor === 0n) return undefined;
  if (dividend !== undefined) {
    const rest = dividend % divisor;
    return dimOf(truncated || rest === 0n || rest < 0n === divisor < 0n ? rest : rest + divisor);
  }
  const low = intervalOfDim(a, noBounds).low;
  if (divisor < 0n || (truncated && (low === undefined || low < 0n))) return undefined;
  return subDims(a, scaleDim(floorDivDim(a, divisor), divisor));
}

function integerPower(a: Dim, b: Dim): Dim | undefined {
  const exponent = constantOf(b);
  if (exponent === undefined || exponent < 0n || exponent > 16n) return undefined;
  let power: Dim | undefined = dimOf(1);
  for (let i = 0n; i < exponent && power; i++) power = boundedProduct(power, a);
  return power;
}

function floatArithmetic(op: BinaryOp, a: number, b: number): number {
  switch (op) {
    case "add":
      return a + b;
    case "sub":
      return a - b;
    case "mul":
      return a * b;
    case "div":
      return a / b;
    case "max":
      return Math.max(a, b);
    case "min":
      return Math.min(a, b);
    case "mod":
    case "fmod":
      return a % b;
    case "pow":
      return a ** b;
  }
}

function ratioArithmetic(op: BinaryOp, a: Scalar, b: Scalar): MaybeScalar {
  const [x, y] = [asRatio(a), asRatio(b)];
  if (!x || !y) return undefined;
  const crossed = (n: Dim, by: bigint): Dim => scaleDim(n, by);
  switch (op) {
    case "add":
    case "sub":
    case "max":
    case "min": {
      const [left, right] = [crossed(x.numerator, y.denominator), crossed(y.numerator, x.denominator)];
      const numerator = integerArithmetic(op, left, right);
      return numerator && ratio(numerator, x.denominator * y.denominator);
    }
    case "mul": {
      const numerator = boundedProduct(x.numerator, y.numerator);
      return numerator && ratio(numerator, x.denominator * y.denominator);
    }
    case "div":
      return ratioQuotient(x, y);
    case "mod":
    case "fmod":
    case "pow":
      return undefined;
  }
}

function ratioQuotient(x: Ratio, y: Ratio): MaybeScalar {
  const numerator = scaleDim(x.numerator, y.denominator);
  const divisor = scaleDim(y.numerator, x.denominator);
  const constant = constantOf(divisor);
  if (constant === undefined) {
    const exact = divideDims(numerator, divisor);
    return exact && ratio(exact, 1n);
  }
  if (constant === 0n) return undefined;
  return constant < 0n ? ratio(scaleDim(numerator, -1n), -constant) : ratio(numerator, constant);
}

/** A float scalar as a ratio: floats that are binary fractions with few bits, and ratios themselves. */
function asRatio(scalar: Scalar): Ratio | undefined {
  if (isRatio(scalar)) return scalar;
  if (typeof scalar !== "number" || !Number.isFinite(scalar)) return undefined;
  let denominator = 1n;
  let value = scalar;
  while (!Number.isInteger(value) && denominator < 1n << 20n) {
    value *= 2;
    denominator *= 2n;
  }
  return Number.isSafeInteger(value) ? { numerator: dimOf(BigInt(value)), denominator } : undefined;
}

function ratio(numerator: Dim, denominator: bigint): MaybeScalar {
  const constant = constantOf(numerator);
  return constant === undefined ? { numerator, denominator } : Number(constant) / Number(denominator);
}

export type UnaryOp = "neg" | "abs" | "floor" | "ceil" | "round" | "sqrt" | "sign" | "reciprocal" | "exp" | "log" | "not";

/** One element of a unary operator. */
export function unary(op: UnaryOp, a: MaybeScalar, dtype: ElemType): MaybeScalar {
  if (a === undefined) return undefined;
  if (typeof a === "boolean") return op === "not" ? !a : undefined;
  if (typeof a === "number") {
    const value = floatUnary(op, a);
    return value === undefined ? undefined : roundTo(value, dtype);
  }
  if (isInteger(a)) return integerUnary(op, a);
  if (!isRatio(a)) return undefined;
  if (op === "floor") return ratio(floorDivDim(a.numerator, a.denominator), 1n);
  if (op === "ceil") return ratio(ceilDivDim(a.numerator, a.denominator), 1n);
  return op === "neg" ? ratio(scaleDim(a.numerator, -1n), a.denominator) : undefined;
}

function integerUnary(op: UnaryOp, a: Dim): Dim | undefined {
  switch (op) {
    case "neg":
      return scaleDim(a, -1n);
    case "abs":
      return maxDims(a, scaleDim(a, -1n));
    case "sign": {
      const { low, high } = intervalOfDim(a, noBounds);
      if (low !== undefined && low > 0n) return dimOf(1);
      if (high !== undefined && high < 0n) return dimOf(-1);
      return low === 0n && high === 0n ? dimOf(0) : undefined;
    }
    default:
      return undefined;
  }
}

function floatUnary(op: UnaryOp, a: number): number | undefined {
  switch (op) {
    case "neg":
      return -a;
    case "abs":
      return Math.abs(a);
    case "floor":
      return Math.floor(a);
    case "ceil":
      return Math.ceil(a);
    case "round":
      return roundHalfEven(a);
    case "sqrt":
      return Math.sqrt(a);
    case "sign":
      return Math.sign(a);
    case "reciprocal":
      return 1 / a;
    case "exp":
      return Math.exp(a);
    case "log":
      return Math.log(a);
    case "not":
      return undefined;
  }
}

/** Round half to even, as ONNX `Round` does. */
export function roundHalfEven(a: number): number {
  const rounded = Math.round(a);
  return Math.abs(a - Math.trunc(a)) === 0.5 && rounded % 2 !== 0 ? rounded - 1 : rounded;
}
