/**
 * The language's elementwise operators on scalars and tensors of one dtype (the checker has seen to that).
 * A scalar meets a tensor by broadcasting; two tensors have equal shapes. Integer results that overflow and
 * integer division by zero are row errors; float operators follow IEEE 754, f16 and bf16 compute in f32 and
 * round once. Integer division truncates towards zero.
 */
import { integerRange, roundFloat } from "./cast.ts";
import { RowError } from "./kernel.ts";
import { allocate, readElement, writeElement } from "./tensor.ts";
import type { Scalar } from "./tensor.ts";
import type { Dtype, Tensor } from "./value.ts";

type Operand = number | bigint | Tensor;
type ResultOf<A, B> = A extends Tensor ? Tensor : B extends Tensor ? Tensor : A;
type OperatorName = "+" | "-" | "*" | "/";

export function add<A extends Operand, B extends Operand>(dtype: Dtype, left: A, right: B): ResultOf<A, B>;
export function add(dtype: Dtype, left: Operand, right: Operand): Operand {
  return apply("+", dtype, left, right);
}

export function sub<A extends Operand, B extends Operand>(dtype: Dtype, left: A, right: B): ResultOf<A, B>;
export function sub(dtype: Dtype, left: Operand, right: Operand): Operand {
  return apply("-", dtype, left, right);
}

export function mul<A extends Operand, B extends Operand>(dtype: Dtype, left: A, right: B): ResultOf<A, B>;
export function mul(dtype: Dtype, left: Operand, right: Operand): Operand {
  return apply("*", dtype, left, right);
}

export function div<A extends Operand, B extends Operand>(dtype: Dtype, left: A, right: B): ResultOf<A, B>;
export function div(dtype: Dtype, left: Operand, right: Operand): Operand {
  return apply("/", dtype, left, right);
}

export function neg<A extends Operand>(dtype: Dtype, value: A): ResultOf<A, A>;
export function neg(dtype: Dtype, value: Operand): Operand {
  if (integerRange(dtype) === undefined) return apply("*", dtype, value, -1);
  return apply("-", dtype, dtype === "i64" || dtype === "u64" ? 0n : 0, value);
}

function apply(operator: OperatorName, dtype: Dtype, left: Operand, right: Operand): Operand {
  const compute = integerRange(dtype) === undefined ? floatOperator(operator, dtype) : integerOperator(operator, dtype);
  if (typeof left !== "object" && typeof right !== "object") return compute(left, right);
  const shape = resultShape(operator, left, right);
  const length = shape.reduce((product, size) => product * size, 1);
  const data = allocate(dtype, length);
  for (let index = 0; index < length; index++) {
    writeElement(dtype, data, index, compute(elementOf(left, index), elementOf(right, index)));
  }
  return { dtype, shape, data };
}

function resultShape(operator: OperatorName, left: Operand, right: Operand): readonly number[] {
  if (typeof left !== "object") return typeof right === "object" ? right.shape : [];
  if (typeof right === "object" && left.shape.join() !== right.shape.join()) {
    throw new RowError(`the two sides of ${operator} have shapes [${left.shape}] and [${right.shape}]`);
  }
  return left.shape;
}

function elementOf(operand: Operand, index: number): number | bigint {
  return typeof operand === "object" ? numberOf(readElement(operand, index)) : operand;
}

function numberOf(scalar: Scalar): number | bigint {
  if (typeof scalar === "number" || typeof scalar === "bigint") return scalar;
  throw new RowError(`arithmetic needs numbers, not ${typeof scalar}`);
}

type Compute = (left: number | bigint, right: number | bigint) => number | bigint;

function floatOperator(operator: OperatorName, dtype: Dtype): Compute {
  const raw = FLOAT_OPERATORS[operator];
  if (dtype === "f64") return (left, right) => raw(Number(left), Number(right));
  if (dtype === "f32") return (left, right) => Math.fround(raw(Number(left), Number(right)));
  return (left, right) => roundFloat(Math.fround(raw(Number(left), Number(right))), dtype);
}

const FLOAT_OPERATORS: Record<OperatorName, (left: number, right: number) => number> = {
  "+": (left, right) => left + right,
  "-": (left, right) => left - right,
  "*": (left, right) => left * right,
  "/": (left, right) => left / right,
};

function integerOperator(operator: OperatorName, dtype: Dtype): Compute {
  const range = integerRange(dtype);
  const wide = dtype === "i64" || dtype === "u64";
  return (left, right) => {
    const result = computeWhole(operator, BigInt(left), BigInt(right));
    if (range !== undefined && (result < range[0] || result > range[1])) {
      throw new RowError(`${left} ${operator} ${right} = ${result} does not fit ${dtype}`);
    }
    return wide ? result : Number(result);
  };
}

function computeWhole(operator: OperatorName, left: bigint, right: bigint): bigint {
  switch (operator) {
    case "+":
      return left + right;
    case "-":
      return left - right;
    case "*":
      return left * right;
    case "/":
      if (right === 0n) throw new RowError(`${left} / 0 has no integer value`);
      return left / right;
  }
}
