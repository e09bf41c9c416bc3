/** Comparisons and conversions of known elements. A comparison is decided only if it holds for all dimensions. */
import { constantOf, dimOf, floorDivDim, subDims } from "../../../language/tensor/dim.ts";
import type { Dim } from "../../../language/tensor/dim.ts";
import { intervalOfDim } from "../../../language/tensor/bound-dim.ts";
import type { ElemType } from "../elem-types.ts";
import { isFloatType, isInteger, isIntegerType, isRatio, roundTo, withinType } from "./scalar.ts";
import type { MaybeScalar, Scalar } from "./scalar.ts";

const noBounds = new Map<string, never>();

export type Comparison = "equal" | "less" | "lessOrEqual";

/** Whether the comparison holds, where that is proved for all dimensions. */
export function compare(a: MaybeScalar, b: MaybeScalar, op: Comparison): boolean | undefined {
  if (a === undefined || b === undefined) return undefined;
  if (isInteger(a) && isInteger(b)) return compareIntegers(a, b, op);
  if (typeof a === "number" && typeof b === "number") return op === "equal" ? a === b : op === "less" ? a < b : a <= b;
  if (typeof a === "boolean" && typeof b === "boolean") return op === "equal" ? a === b : undefined;
  if (typeof a === "string" && typeof b === "string") return op === "equal" ? a === b : undefined;
  return undefined;
}

function compareIntegers(a: Dim, b: Dim, op: Comparison): boolean | undefined {
  if (a.key === b.key) return op !== "less";
  const { low, high } = intervalOfDim(subDims(b, a), noBounds);
  const above = low !== undefined && low > 0n;
  const below = high !== undefined && high < 0n;
  if (op === "equal") return above || below ? false : undefined;
  if (above) return true;
  if (below) return false;
  if (op === "less") return high === 0n ? false : undefined;
  return low === 0n ? true : undefined;
}

/** True or false where it is known that the value is, or is not, the integer 0; used for conditions. */
export function truth(scalar: MaybeScalar): boolean | undefined {
  if (typeof scalar === "boolean") return scalar;
  if (typeof scalar === "number") return scalar !== 0;
  return isInteger(scalar) ? negated(compare(scalar, dimOf(0), "equal")) : undefined;
}

function negated(value: boolean | undefined): boolean | undefined {
  return value === undefined ? undefined : !value;
}

/** Converts one element. Floats go to integers by truncation. */
export function castScalar(a: MaybeScalar, to: ElemType): MaybeScalar {
  if (a === undefined) return undefined;
  if (to === "bool") return truth(a);
  if (isIntegerType(to)) return withinType(toInteger(a), to);
  if (isFloatType(to)) return toFloat(a, to);
  return undefined;
}

function toInteger(a: Scalar): Dim | undefined {
  if (isInteger(a)) return a;
  if (typeof a === "boolean") return dimOf(a ? 1 : 0);
  if (typeof a === "number") return Number.isFinite(a) ? dimOf(BigInt(Math.trunc(a))) : undefined;
  if (!isRatio(a)) return undefined;
  if (a.denominator === 1n) return a.numerator;
  const low = intervalOfDim(a.numerator, noBounds).low;
  return low !== undefined && low >= 0n ? floorDivDim(a.numerator, a.denominator) : undefined;
}

function toFloat(a: Scalar, to: ElemType): MaybeScalar {
  if (isInteger(a)) {
    const constant = constantOf(a);
    return constant === undefined ? { numerator: a, denominator: 1n } : roundTo(Number(constant), to);
  }
  if (typeof a === "boolean") return a ? 1 : 0;
  if (typeof a === "number") return roundTo(a, to);
  return isRatio(a) ? a : undefined;
}
