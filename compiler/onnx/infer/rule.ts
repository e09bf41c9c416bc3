/**
 * What a rule of one operator sees and gives. A rule is pure but for `problem` and `fresh`, and never throws: where an
 * input is unknown, so is what follows from it.
 */
import { constantOf, dimNumber, dimOf, oneDim } from "../../../language/tensor/dim.ts";
import type { Dim } from "../../../language/tensor/dim.ts";
import type { ElemType } from "../elem-types.ts";
import type { Attribute, Node, TensorRef } from "../model-graph.ts";
import { rankMax, tensorType, unknownType } from "./inferred-type.ts";
import type { InferredType, Shape } from "./inferred-type.ts";
import { dimElements, knowsSomething } from "./known-value.ts";
import type { KnownValue } from "./known-value.ts";
import { boundedProduct } from "./scalar-arithmetic.ts";
import { constantInt } from "./scalar.ts";

/** What is known of one value. */
export interface Output {
  readonly type: InferredType;
  readonly value?: KnownValue;
}

export interface RuleContext {
  readonly node: Node;
  /** The version of the node's domain that the model imports. */
  readonly opset: number;
  /** Whether input `i` is there (and not ""). */
  has(i: number): boolean;
  /** The type of input `i`; unknown where it is absent. */
  type(i: number): InferredType;
  /** The value of input `i` where it is known, even if only in part; small initializers are read. */
  value(i: number): KnownValue | undefined;
  attribute(name: string): Attribute | undefined;
  /** The values of a small tensor in an attribute. */
  readTensor(ref: TensorRef): KnownValue | undefined;
  /** A dimension that depends on data: a name that nothing else has. */
  fresh(): Dim;
  /** Whether a dimension depends on such a name. */
  isFresh(dim: Dim): boolean;
  /** Reports that the node's inputs or attributes contradict its operator; `what` completes "… because". */
  problem(what: string): void;
  /** Infers the graph in an attribute with these inputs; undefined if there is none. */
  subgraph(attribute: string, inputs: readonly Output[]): readonly Output[] | undefined;
  /** Runs without reporting problems (a loop body tried with types that may not last). */
  quietly<T>(run: () => T): T;
}

/** The outputs in order; further outputs of the node are unknown. */
export type Rule = (ctx: RuleContext) => readonly Output[];

/** Rules by operator; several where later versions differ, each from the version it starts at. */
export type RuleTable = Readonly<Record<string, Rule | readonly VersionedRule[]>>;
export interface VersionedRule {
  readonly since: number;
  readonly rule: Rule;
}

/** A tensor output. */
export function tensor(dtype: ElemType, shape: Shape | undefined, value?: KnownValue): Output {
  const type = tensorType(dtype, shape);
  return value && knowsSomething(value) ? { type, value } : { type };
}

export const unknownOutput: Output = { type: unknownType };

/** The element type of a tensor input, `"undefined"` where unknown. */
export function dtypeOf(ctx: RuleContext, i: number): ElemType {
  const type = ctx.type(i);
  return type.kind === "tensor" || type.kind === "sparseTensor" ? type.dtype : "undefined";
}

/** The shape of a tensor input. */
export function shapeOf(ctx: RuleContext, i: number): Shape | undefined {
  const type = ctx.type(i);
  return type.kind === "tensor" || type.kind === "sparseTensor" ? type.shape : undefined;
}

/** The type of input `i`, whatever its kind, without its value. */
export function sameAs(ctx: RuleContext, i: number): Output {
  return { type: ctx.type(i) };
}

/** So many fresh dimensions; undefined beyond the largest rank. */
export function freshShape(ctx: RuleContext, rank: number | undefined): Shape | undefined {
  if (rank === undefined || !(rank >= 0 && rank <= rankMax)) return undefined;
  return Array.from({ length: rank }, () => ctx.fresh());
}

export function intAttribute(ctx: RuleContext, name: string): number | undefined;
export function intAttribute(ctx: RuleContext, name: string, otherwise: number): number;
/** An integer attribute. */
export function intAttribute(ctx: RuleContext, name: string, otherwise?: number): number | undefined {
  const attribute = ctx.attribute(name);
  return attribute?.kind === "int" ? attribute.value : otherwise;
}

/** A list of integers; undefined if absent. */
export function intsAttribute(ctx: RuleContext, name: string): readonly number[] | undefined {
  const attribute = ctx.attribute(name);
  return attribute?.kind === "ints" ? attribute.value : undefined;
}

/** A string attribute. */
export function textAttribute(ctx: RuleContext, name: string, otherwise: string): string {
  const attribute = ctx.attribute(name);
  return attribute?.kind === "string" ? attribute.value : otherwise;
}

/** The value of input `i` where all of it is known and integers (axes, pads, …). */
export function knownInts(ctx: RuleContext, i: number): readonly number[] | undefined {
  const value = ctx.value(i);
  if (!value) return undefined;
  const ints: number[] = [];
  for (const element of value.elements) {
    const int = constantInt(element);
    if (int === undefined) return undefined;
    ints.push(int);
  }
  return ints;
}

/** The value of input `i` as dimensions, `undefined` for unknown elements; undefined if even their number is unknown. */
export function knownDims(ctx: RuleContext, i: number): readonly (Dim | undefined)[] | undefined {
  const value = ctx.value(i);
  if (value) return dimElements(value);
  const length = lengthOf(ctx, i);
  return length !== undefined && length <= rankMax ? Array.from({ length }, () => undefined) : undefined;
}

/** The number of elements of a rank-1 input, where it is a constant. */
export function lengthOf(ctx: RuleContext, i: number): number | undefined {
  const shape = shapeOf(ctx, i);
  return shape?.length === 1 ? dimNumber(shape[0]) : shape?.length === 0 ? 1 : undefined;
}

/** An axis counted from the front; out of range is a problem and gives undefined. */
export function axisIn(ctx: RuleContext, axis: number, rank: number): number | undefined {
  if (Number.isInteger(axis) && axis >= -rank && axis < rank) return axis < 0 ? axis + rank : axis;
  ctx.problem(`axis ${axis} does not exist in a tensor of rank ${rank}`);
  return undefined;
}

/** Several axes counted from the front; undefined if one is out of range or comes twice. */
export function axesIn(ctx: RuleContext, axes: readonly number[], rank: number): readonly number[] | undefined {
  const normal: number[] = [];
  for (const axis of axes) {
    const found = axisIn(ctx, axis, rank);
    if (found === undefined) return undefined;
    if (normal.includes(found)) {
      ctx.problem(`axis ${found} is named twice`);
      return undefined;
    }
    normal.push(found);
  }
  return normal;
}

/** Axes from an attribute (before some opset) or else from an input: `undefined` means unknown, `null` means absent. */
export function axesFrom(ctx: RuleContext, input: number): readonly number[] | null | undefined {
  const attribute = intsAttribute(ctx, "axes");
  if (attribute) return attribute;
  return ctx.has(input) ? knownInts(ctx, input) : null;
}

/** The product of dimensions, or undefined where it would be too long to write down. */
export function productOf(dims: readonly Dim[]): Dim | undefined {
  let product: Dim | undefined = oneDim;
  for (const dim of dims) product = product && boundedProduct(product, dim);
  return product;
}

/** The product of dimensions; a fresh name where it would be too long to write down or the dims are unknown. */
export function productOrFresh(ctx: RuleContext, dims: readonly Dim[] | undefined): Dim {
  return (dims && productOf(dims)) ?? ctx.fresh();
}

/** The shape with one dimension replaced. */
export function withDim(shape: Shape, axis: number, dim: Dim): Shape {
  return shape.map((old, i) => (i === axis ? dim : old));
}

/** Dimensions from integers. */
export function dimsOf(...values: readonly (number | Dim)[]): Shape {
  return values.map((value) => (typeof value === "number" ? dimOf(value) : value));
}

/** Dimensions too long to write down (hostile or absurd models) become fresh names, so that work stays bounded. */
export function isLongDim(dim: Dim): boolean {
  return dim.terms.length > 32 || dim.key.length > 600;
}

/** Whether two dimensions are known to differ. */
export function differ(a: Dim, b: Dim): boolean {
  const [x, y] = [constantOf(a), constantOf(b)];
  return x !== undefined && y !== undefined && x !== y;
}

/** Of two dimensions that must be equal, the one that says more. */
export function unifyDims(a: Dim, b: Dim): Dim {
  if (constantOf(a) !== undefined) return a;
  if (constantOf(b) !== undefined) return b;
  return a.key.length <= b.key.length ? a : b;
}

/** A tensor's shape if its rank is one of those; another rank is a problem. */
export function shapeOfRank(ctx: RuleContext, i: number, ...ranks: readonly number[]): Shape | undefined {
  const shape = shapeOf(ctx, i);
  if (!shape || ranks.includes(shape.length)) return shape;
  ctx.problem(`input ${i} has rank ${shape.length}, not ${ranks.join(" or ")}`);
  return undefined;
}
