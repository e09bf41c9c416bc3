/**
 * What a cost rule of one operator sees and gives. Rules are pure and never throw: where a shape is not known, a named
 * dimension stands for its elements, so that nothing is guessed.
 *
 * Conventions: a multiply-add counts 2; any other arithmetic, comparison or elementary function counts 1 per element;
 * moving data counts 0.
 */
import { ceilDivDim, dimName, dimOf, mulDims, productOfDims, scaleDim, zeroDim, type Dim } from "../../../language/tensor/dim.ts";
import type { KnownValue } from "../infer/known-value.ts";
import type { Shape } from "../infer/inferred-type.ts";
import { constantInt } from "../infer/scalar.ts";
import { elemTypeBits, type ElemType } from "../elem-types.ts";
import type { Attribute, Node } from "../model-graph.ts";

/** One value that a node reads or writes. */
export interface Operand {
  readonly name: string;
  readonly dtype: ElemType;
  readonly shape: Shape | undefined;
  readonly elements: Dim;
  readonly bytes: Dim;
}

export interface CostContext {
  readonly node: Node;
  /** Undefined where the input or output is absent. */
  input(i: number): Operand | undefined;
  output(i: number): Operand | undefined;
  value(i: number): KnownValue | undefined;
  attribute(name: string): Attribute | undefined;
}

export interface CostRule {
  readonly flops: (ctx: CostContext) => Dim;
  /** Bytes read, where that is not all inputs. */
  readonly reads?: (ctx: CostContext) => Dim;
  /** Temporary memory of the kernel, in bytes. */
  readonly workspace?: (ctx: CostContext) => Dim;
  /** The output is the first input under another shape: no kernel, no bytes, no new buffer. */
  readonly view?: true;
  /** Inputs whose buffer the first output may take over if the input ends here and has the same size. */
  readonly inPlace?: readonly number[];
}

export type CostTable = Readonly<Record<string, CostRule>>;

export function operand(name: string, dtype: ElemType, shape: Shape | undefined): Operand {
  const elements = shape ? productOfDims(shape) : dimName(`elements(${name})`);
  return { name, dtype, shape, elements, bytes: bytesOfElements(dtype, elements) };
}

function bytesOfElements(dtype: ElemType, elements: Dim): Dim {
  const bits = elemTypeBits(dtype);
  return ceilDivDim(scaleDim(elements, BigInt(bits)), 8);
}

/** Elements of an operand; 0 if it is absent. */
export function elementsOf(from: Operand | undefined): Dim {
  return from?.elements ?? zeroDim;
}

export function bytesOf(from: Operand | undefined): Dim {
  return from?.bytes ?? zeroDim;
}

/** A dimension of an operand, counted from the end if negative; a name stands for it where it is not known. */
export function dimAt(from: Operand | undefined, axis: number): Dim {
  const dim = from?.shape?.at(axis);
  return dim ?? dimName(`dim(${from?.name ?? ""}, ${axis})`);
}

/** The product of the dimensions from `axis` on. */
export function dimsFrom(from: Operand | undefined, axis: number): Dim {
  if (!from?.shape) return dimName(`dims(${from?.name ?? ""}, ${axis})`);
  return productOfDims(from.shape.slice(axis));
}

export function intOr(ctx: CostContext, name: string, otherwise: number): number {
  const attribute = ctx.attribute(name);
  return attribute?.kind === "int" ? attribute.value : otherwise;
}

export function intsOr(ctx: CostContext, name: string): readonly number[] | undefined {
  const attribute = ctx.attribute(name);
  return attribute?.kind === "ints" ? attribute.value : undefined;
}

export function textOr(ctx: CostContext, name: string, otherwise: string): string {
  const attribute = ctx.attribute(name);
  return attribute?.kind === "string" ? attribute.value : otherwise;
}

/** An integer input that is known while compiling. */
export function knownInt(ctx: CostContext, i: number): number | undefined {
  return constantInt(ctx.value(i)?.elements[0]);
}

/** 2 * a * b * …: the FLOPs of that many multiply-adds. */
export function multiplyAdds(...factors: readonly Dim[]): Dim {
  return scaleDim(productOfDims(factors), 2n);
}

export function times(count: number, dim: Dim): Dim {
  return mulDims(dimOf(count), dim);
}

/** `count` operations per element of the first output. */
export function perOutput(count: number): CostRule["flops"] {
  return (ctx) => times(count, elementsOf(ctx.output(0)));
}

/** `count` operations per element of the first input. */
export function perInput(count: number): CostRule["flops"] {
  return (ctx) => times(count, elementsOf(ctx.input(0)));
}

export const noFlops: CostRule["flops"] = () => zeroDim;
