/**
 * What a sharding rule of one operator sees and gives. A rule lists the ways in which the ranks can compute a node on
 * shares: the state each input must be in, the state of each output, and how the node of one rank differs from the
 * whole's. Computing it whole on every rank is always possible and never listed.
 *
 * Rules are pure and follow the states that the inputs are in: constants take any state for nothing, so that products by
 * weights are where shares begin. Where a shape is not known there is no option, never a guess.
 */
import { constantOf, equalDims, oneDim, type Dim } from "../../../language/tensor/dim.ts";
import type { KnownValue } from "../../onnx/infer/known-value.ts";
import { constantInt } from "../../onnx/infer/scalar.ts";
import type { AttributeDraft } from "../../onnx/model-draft.ts";
import type { Attribute, Node } from "../../onnx/model-graph.ts";
import { dividesAxis, replicated, shard, type ShardState, type TensorState } from "./tensor-state.ts";

export interface RuleContext {
  readonly node: Node;
  readonly opset: number;
  /** Number of ranks. */
  readonly count: number;
  /** Undefined where the input is absent or of unknown rank. */
  inputShape(i: number): readonly Dim[] | undefined;
  outputShape(i: number): readonly Dim[] | undefined;
  value(i: number): KnownValue | undefined;
  /** Whether the input follows from weights alone. */
  isConstant(i: number): boolean;
  /** The state an input is in; replicated for constants. */
  state(i: number): TensorState;
  attribute(name: string): Attribute | undefined;
  /** Ways to divide an axis of the first output that its users could go on with; the plain one is among them. */
  divisions(axis: number): readonly (readonly number[])[];
}

export interface ShardOption {
  /** By input; absent ones are ignored. */
  readonly inputs: readonly TensorState[];
  readonly outputs: readonly TensorState[];
  readonly edit?: LocalEdit;
}

/** How the node of one rank differs from the whole's. */
export interface LocalEdit {
  readonly attributes?: Readonly<Record<string, AttributeDraft>>;
  /** Integer inputs (shapes, sizes) that change: by input, what becomes of each element. */
  readonly integers?: ReadonlyMap<number, readonly IntegerEdit[]>;
  /** Inputs that only the first rank has, so that their part of a sum is added once. */
  readonly firstRankOnly?: readonly number[];
  /** Ranks other than the first only pass this input on. */
  readonly othersPass?: number;
  /** The output lists lengths of the shares: by element, whether that of the whole is `count` times as long. */
  readonly lengthens?: readonly boolean[];
}

/** A new value, the value as it is, or its `count`-th part. */
export type IntegerEdit = number | "keep" | "divide";

export type ShardRule = (ctx: RuleContext) => readonly ShardOption[];
export type RuleTable = Readonly<Record<string, ShardRule>>;

export function intAttribute(ctx: RuleContext, name: string, otherwise: number): number {
  const attribute = ctx.attribute(name);
  return attribute?.kind === "int" ? attribute.value : otherwise;
}

export function intsAttribute(ctx: RuleContext, name: string): readonly number[] | undefined {
  const attribute = ctx.attribute(name);
  return attribute?.kind === "ints" ? attribute.value : undefined;
}

/** The integers of an input, if all of them are constant. */
export function constantInts(ctx: RuleContext, i: number): readonly number[] | undefined {
  const elements = ctx.value(i)?.elements.map(constantInt);
  return elements && elements.every((element) => element !== undefined) ? elements : undefined;
}

/** Integers that are an attribute in some versions of an operator and an input in others. */
export function intsFrom(ctx: RuleContext, name: string, input: number): readonly number[] | undefined {
  return intsAttribute(ctx, name) ?? constantInts(ctx, input);
}

/** An axis counted from 0. */
export function fromFront(axis: number, rank: number): number {
  return axis < 0 ? axis + rank : axis;
}

/** One state for every input of the node. */
export function forInputs(ctx: RuleContext, state: (i: number) => TensorState): readonly TensorState[] {
  return ctx.node.inputs.map((_, i) => state(i));
}

export function forOutputs(ctx: RuleContext, state: (i: number) => TensorState): readonly TensorState[] {
  return ctx.node.outputs.map((_, i) => state(i));
}

/** The inputs that are divided, with how. */
export function dividedInputs(ctx: RuleContext): readonly { readonly input: number; readonly state: ShardState }[] {
  return ctx.node.inputs.flatMap((_, input) => {
    const state = ctx.state(input);
    return state.kind === "shard" ? [{ input, state }] : [];
  });
}

export function isPartial(ctx: RuleContext, i: number): boolean {
  return ctx.state(i).kind === "partialSum";
}

export function isOne(dim: Dim | undefined): boolean {
  return dim !== undefined && equalDims(dim, oneDim);
}

export function constantDim(dim: Dim | undefined): number | undefined {
  const constant = dim && constantOf(dim);
  return constant === undefined ? undefined : Number(constant);
}

/** The division of an axis, if it divides the axis. */
export function dividing(ctx: RuleContext, shape: readonly Dim[] | undefined, axis: number, runs: readonly number[]): ShardState | undefined {
  return dividesAxis(runs, shape?.[axis], ctx.count) ? shard(axis, runs) : undefined;
}

/** The plain division of an axis of constant length. */
export function plainDivision(ctx: RuleContext, shape: readonly Dim[] | undefined, axis: number): ShardState | undefined {
  const length = constantDim(shape?.[axis]);
  return length === undefined ? undefined : dividing(ctx, shape, axis, [length]);
}

/** The same division of another axis. */
export function moved(state: ShardState, axis: number): ShardState {
  return shard(axis, state.runs);
}

/** The first input goes through with its division, if `axisAfter` says where the axis goes; all others are whole. */
export function passFirst(ctx: RuleContext, axisAfter: (axis: number) => number | undefined, edit?: LocalEdit): readonly ShardOption[] {
  const state = ctx.state(0);
  if (state.kind !== "shard") return [];
  const axis = axisAfter(state.axis);
  if (axis === undefined) return [];
  return [{ inputs: forInputs(ctx, (i) => (i === 0 ? state : replicated)), outputs: forOutputs(ctx, () => moved(state, axis)), ...(edit ? { edit } : {}) }];
}

/** The sum goes through: the operator is linear in its first input. */
export function passSum(ctx: RuleContext): readonly ShardOption[] {
  const state = ctx.state(0);
  return state.kind === "partialSum" ? [{ inputs: forInputs(ctx, (i) => (i === 0 ? state : replicated)), outputs: forOutputs(ctx, () => state) }] : [];
}
