/** Operators that take tensors apart, put them together or repeat them. */
import { equalDims } from "../../../../language/tensor/dim.ts";
import { constantDim, constantInts, dividedInputs, dividing, forInputs, forOutputs, fromFront, intAttribute, intsAttribute } from "../rule.ts";
import { isOne, isPartial, moved, passFirst, passSum, plainDivision } from "../rule.ts";
import type { LocalEdit, RuleContext, RuleTable, ShardOption, ShardRule } from "../rule.ts";
import { partialSum, patternLength, replicated, shard, stateKey, stretches, type ShardState } from "../tensor-state.ts";

/** The runs that lie in [start, start + length) of an axis, if no run is cut. */
function runsWithin(state: ShardState, axisLength: Parameters<typeof stretches>[1], start: number, length: number): readonly number[] | undefined {
  const all = stretches(state.runs, axisLength);
  const inside = all?.filter((run) => run.start >= start && run.start + run.length <= start + length).map((run) => run.length);
  return inside && inside.length > 0 && patternLength(inside) === length ? inside : undefined;
}

const split: ShardRule = (ctx) => {
  const state = ctx.state(0);
  const before = ctx.inputShape(0);
  if (state.kind !== "shard" || !before) return passSum(ctx);
  const axis = fromFront(intAttribute(ctx, "axis", 0), before.length);
  if (axis !== state.axis) return passFirst(ctx, (own) => own);
  const outputs: ShardState[] = [];
  const lengths: number[] = [];
  let start = 0;
  for (const i of ctx.node.outputs.keys()) {
    const length = constantDim(ctx.outputShape(i)?.[axis]);
    const runs = length === undefined ? undefined : runsWithin(state, before[axis], start, length);
    if (length === undefined || !runs) return [];
    outputs.push(shard(axis, runs));
    lengths.push(length / ctx.count);
    start += length;
  }
  const edit: LocalEdit = ctx.node.inputs[1] ? { integers: new Map([[1, lengths]]) } : intsAttribute(ctx, "split") ? { attributes: { split: { kind: "ints", value: lengths } } } : {};
  return [{ inputs: forInputs(ctx, (i) => (i === 0 ? state : replicated)), outputs, edit }];
};

const slice: ShardRule = (ctx) => {
  const state = ctx.state(0);
  const before = ctx.inputShape(0);
  if (state.kind !== "shard" || !before) return passSum(ctx);
  const starts = intsAttribute(ctx, "starts") ?? constantInts(ctx, 1);
  const axes = intsAttribute(ctx, "axes") ?? constantInts(ctx, 3) ?? (ctx.node.inputs[3] ? undefined : (starts ?? before).map((_, axis) => axis));
  if (!axes) return [];
  const at = axes.findIndex((axis) => fromFront(axis, before.length) === state.axis);
  if (at < 0) return passFirst(ctx, (axis) => axis);
  return sliceAlong(ctx, state, at, axes);
};

/** A slice of the divided axis: whole runs, one after the other. */
function sliceAlong(ctx: RuleContext, state: ShardState, at: number, axes: readonly number[]): readonly ShardOption[] {
  const ends = intsAttribute(ctx, "ends") ?? constantInts(ctx, 2);
  const starts = intsAttribute(ctx, "starts") ?? constantInts(ctx, 1);
  const steps = constantInts(ctx, 4) ?? axes.map(() => 1);
  const before = ctx.inputShape(0);
  const length = constantDim(before?.[state.axis]);
  const made = constantDim(ctx.outputShape(0)?.[state.axis]);
  const [start, end] = [starts?.[at], ends?.[at]];
  if (length === undefined || made === undefined || start === undefined || end === undefined || steps[at] !== 1 || ctx.node.inputs.length < 3) return [];
  const from = Math.min(length, Math.max(0, fromFront(start, length)));
  const runs = runsWithin(state, before?.[state.axis], from, made);
  if (!runs || from % ctx.count !== 0) return [];
  const keep = axes.map((_, i) => (i === at ? undefined : "keep" as const));
  const integers = new Map([[1, keep.map((edit) => edit ?? from / ctx.count)], [2, keep.map((edit) => edit ?? (from + made) / ctx.count)]]);
  return [{ inputs: forInputs(ctx, (i) => (i === 0 ? state : replicated)), outputs: [shard(state.axis, runs)], edit: { integers } }];
}

const concat: ShardRule = (ctx) => {
  const rank = ctx.outputShape(0)?.length;
  if (rank === undefined) return [];
  const axis = fromFront(intAttribute(ctx, "axis", 0), rank);
  const partial = ctx.node.inputs.every((_, i) => isPartial(ctx, i));
  const found = new Map<string, ShardOption>();
  if (partial) found.set("P", { inputs: forInputs(ctx, () => partialSum), outputs: [partialSum] });
  for (const { state } of dividedInputs(ctx)) {
    const option = state.axis === axis ? joinRuns(ctx, axis) : { inputs: forInputs(ctx, () => state), outputs: [state] };
    if (option) found.set(stateKey(option.outputs[0] ?? replicated), option);
  }
  return [...found.values()];
};

/** Along the divided axis: the runs of all inputs, one after the other. A whole input is divided as one run. */
function joinRuns(ctx: RuleContext, axis: number): ShardOption | undefined {
  const states: ShardState[] = [];
  const all: number[] = [];
  for (const i of ctx.node.inputs.keys()) {
    const shape = ctx.inputShape(i);
    const state = ctx.state(i);
    const length = constantDim(shape?.[axis]);
    const own = state.kind === "shard" && state.axis === axis ? state : length === undefined ? undefined : dividing(ctx, shape, axis, [length]);
    const runs = own && stretches(own.runs, shape?.[axis]);
    if (!own || !runs) return undefined;
    states.push(own);
    all.push(...runs.map((run) => run.length));
  }
  return { inputs: states, outputs: [shard(axis, all)] };
}

/** Rows of a table: other axes than the one looked up keep their division, or are divided; so are the indices'. */
const gather: ShardRule = (ctx) => {
  const data = ctx.inputShape(0);
  const indices = ctx.inputShape(1);
  if (!data || !indices) return [];
  const axis = fromFront(intAttribute(ctx, "axis", 0), data.length);
  const byData = passFirst(ctx, (own) => (own === axis ? undefined : own < axis ? own : own - 1 + indices.length));
  // The last axis of a table of weights: what is looked up is divided like it.
  const columns = ctx.isConstant(0) && axis !== data.length - 1 && ctx.state(0).kind === "replicated" ? plainDivision(ctx, data, data.length - 1) : undefined;
  const byColumns: readonly ShardOption[] = columns ? [{ inputs: [columns, replicated], outputs: [moved(columns, columns.axis - 1 + indices.length)] }] : [];
  const state = ctx.state(1);
  const byIndices: readonly ShardOption[] = state.kind === "shard" ? [{ inputs: [replicated, state], outputs: [moved(state, state.axis + axis)] }] : [];
  return [...byData, ...byColumns, ...byIndices, ...passSum(ctx)];
};

/** An axis that is divided already and not repeated: its length need not be told. */
const expand: ShardRule = (ctx) => {
  const [before, after] = [ctx.inputShape(0), ctx.outputShape(0)];
  const state = ctx.state(0);
  if (!before || !after || state.kind !== "shard") return passSum(ctx);
  const out = state.axis + after.length - before.length;
  const [own, made] = [before[state.axis], after[out]];
  const rank = ctx.value(1)?.elements.length;
  if (!own || !made || isOne(own) || !equalDims(own, made) || rank === undefined) return [];
  const at = out - (after.length - rank);
  return passFirst(ctx, () => out, { integers: new Map([[1, Array.from({ length: rank }, (_, i) => (i === at ? 1 : "keep"))]]) });
};

const tile: ShardRule = (ctx) => {
  const repeats = constantInts(ctx, 1);
  return [...passFirst(ctx, (axis) => (repeats?.[axis] === 1 ? axis : undefined)), ...passSum(ctx)];
};

const pad: ShardRule = (ctx) => {
  const rank = ctx.inputShape(0)?.length ?? 0;
  const pads = intsAttribute(ctx, "pads") ?? constantInts(ctx, 1);
  const axes = ctx.node.inputs[3] ? constantInts(ctx, 3) : Array.from({ length: rank }, (_, axis) => axis);
  const padded = (axis: number): boolean => {
    const at = axes?.findIndex((own) => fromFront(own, rank) === axis) ?? 0;
    return !axes || !pads || (at >= 0 && (pads[at] !== 0 || pads[at + axes.length] !== 0));
  };
  return passFirst(ctx, (axis) => (padded(axis) ? undefined : axis));
};

/** Channels of images that are enlarged keep their number. */
const resize: ShardRule = (ctx) => {
  const [before, after] = [ctx.inputShape(0), ctx.outputShape(0)];
  if (!before || !after || intsAttribute(ctx, "axes")) return [];
  const sizes = ctx.node.inputs[3] ? 3 : undefined;
  return passFirst(ctx, (axis) => (axis === 1 && before[axis] && after[axis] && equalDims(before[axis], after[axis]) ? axis : undefined),
    sizes === undefined ? undefined : { integers: new Map([[sizes, after.map((dim, axis) => (axis === 1 ? (constantDim(dim) ?? 0) / ctx.count : "keep"))]]) });
};

/** Elements picked along one axis by indices that lie as the data does. */
const pickAlong: ShardRule = (ctx) => {
  const rank = ctx.inputShape(0)?.length ?? 0;
  const axis = fromFront(intAttribute(ctx, "axis", 0), rank);
  return dividedInputs(ctx).flatMap(({ state }) => (state.axis === axis ? [] : [{ inputs: forInputs(ctx, () => state), outputs: forOutputs(ctx, () => state) }]));
};

export const movementRules: RuleTable = {
  Split: split, Slice: slice, Concat: concat, Gather: gather, Expand: expand, Tile: tile, Pad: pad, Resize: resize, GatherElements: pickAlong,
};
