/**
 * If, Loop and Scan. Both branches of an If are merged unless its condition is known. A loop body is tried with the types
 * that go in; what does not come out as it went in is made more general and the body tried again.
 */
import { constantOf, maxDims, zeroDim } from "../../../../language/tensor/dim.ts";
import type { Dim } from "../../../../language/tensor/dim.ts";
import { equalTypes, mergeTypes, tensorType, unknownType } from "../inferred-type.ts";
import type { InferredType, JoinDims, Shape } from "../inferred-type.ts";
import type { KnownValue } from "../known-value.ts";
import { axisIn, intAttribute, intsAttribute, knownDims, shapeOf, tensor, unifyDims } from "../rule.ts";
import type { Output, Rule, RuleContext, RuleTable } from "../rule.ts";
import { equalScalars } from "../scalar.ts";
import { truth } from "../scalar-compare.ts";

const ifRule: Rule = (ctx) => {
  const condition = truth(ctx.value(0)?.elements[0]);
  // The branch not taken is inferred too: its nodes have types, but its problems do not matter.
  const branch = (name: string, taken: boolean): readonly Output[] =>
    (taken ? ctx.subgraph(name, []) : ctx.quietly(() => ctx.subgraph(name, []))) ?? [];
  const yes = branch("then_branch", condition !== false);
  const no = branch("else_branch", condition !== true);
  if (condition !== undefined) return condition ? yes : no;
  return yes.map((output, i) => mergeOutputs(output, no[i] ?? output, ctx.fresh));
};

function mergeOutputs(a: Output, b: Output, fresh: () => Dim): Output {
  const type = mergeTypes(a.type, b.type, fresh);
  return { type, ...(a.value && b.value && sameValue(a.value, b.value) ? { value: a.value } : {}) };
}

function sameValue(a: KnownValue, b: KnownValue): boolean {
  return a.dims.join() === b.dims.join() && a.elements.every((element, i) => equalScalars(element, b.elements[i]));
}

/** Passes over a body before shapes that still change are left entirely open (a rank that grows). */
const passesMax = 4;

/**
 * The types of carried values that hold in every iteration, and the body's outputs under them. `run` gives the body's
 * outputs for carried types; its outputs at `offset` and on are the carried values of the next iteration.
 */
function settle(ctx: RuleContext, initial: readonly InferredType[], offset: number, run: (carried: readonly InferredType[]) => readonly Output[]): {
  readonly carried: readonly InferredType[];
  readonly outputs: readonly Output[];
} {
  // A dimension found to change gets a name, and keeps it whatever the next pass makes of it.
  const open = new Set<string>();
  const join = (before: Dim): Dim => {
    if (open.has(before.key)) return before;
    const dim = ctx.fresh();
    open.add(dim.key);
    return dim;
  };
  let carried = initial;
  for (let pass = 0; pass < passesMax; pass++) {
    const tried = carried;
    const outputs = ctx.quietly(() => run(tried));
    carried = tried.map((type, i) => widened(type, outputs[offset + i]?.type ?? unknownType, pass, join));
    if (carried.every((type, i) => equalTypes(type, tried[i]))) break;
  }
  return { carried, outputs: run(carried) };
}

function widened(before: InferredType, after: InferredType, pass: number, join: JoinDims): InferredType {
  if (equalTypes(before, after) || after.kind === "unknown") return before;
  const merged = mergeTypes(before, after, join);
  return pass === passesMax - 1 && merged.kind === "tensor" && !equalTypes(merged, before) ? tensorType(merged.dtype, undefined) : merged;
}

/** Inputs: trip count, condition, carried values. Outputs: carried values, then what each iteration adds, stacked. */
const loop: Rule = (ctx) => {
  const initial = ctx.node.inputs.slice(2).map((_, i) => ctx.type(i + 2));
  const body = (carried: readonly InferredType[]): readonly Output[] =>
    ctx.subgraph("body", [tensor("i64", []), conditionInside(ctx), ...carried.map((type): Output => ({ type }))]) ?? [];
  const { carried, outputs } = settle(ctx, initial, 1, body);
  const trips = tripCount(ctx, outputs[0]);
  const results = carried.map((type, i): Output => ({ type: afterLoop(trips, initial[i], type, outputs[i + 1]?.type ?? type) }));
  const stacked = outputs.slice(1 + carried.length).map(({ type }): Output => {
    if (type.kind !== "tensor") return { type: unknownType };
    return tensor(type.dtype, type.shape && [trips ?? ctx.fresh(), ...type.shape]);
  });
  return [...results, ...stacked];
};

/** The condition an iteration sees: true where it is known at the start, since otherwise there is no iteration. */
function conditionInside(ctx: RuleContext): Output {
  const known = ctx.has(1) ? truth(ctx.value(1)?.elements[0]) : true;
  return tensor("bool", [], known === true ? { dims: [], elements: [true] } : undefined);
}

/** How often the body runs, where the condition never ends the loop. */
function tripCount(ctx: RuleContext, condition: Output | undefined): Dim | undefined {
  const starts = ctx.has(1) ? truth(ctx.value(1)?.elements[0]) : true;
  if (starts === false) return zeroDim;
  const goesOn = truth(condition?.value?.elements[0]);
  const count = ctx.has(0) ? knownDims(ctx, 0)?.[0] : undefined;
  if (starts !== true || goesOn !== true || !count) return undefined;
  const constant = constantOf(count);
  return constant !== undefined && constant < 0n ? zeroDim : maxDims(count, zeroDim);
}

/** The last iteration's value where there surely is one, the initial one where there is none, else what covers both. */
function afterLoop(trips: Dim | undefined, initial: InferredType, carried: InferredType, produced: InferredType): InferredType {
  const constant = trips && constantOf(trips);
  if (constant === 0n) return initial;
  // The body's output has the type that counts where a value that may be absent came in.
  return constant === 1n || (carried.kind === "optional" && produced.kind !== "optional") ? produced : carried;
}

/** Opset 9 on: carried values, then sequences cut along an axis. Opset 8 has a batch axis in front of everything. */
const scan: Rule = (ctx) => {
  const batched = ctx.opset < 9;
  const first = batched ? 1 : 0; // opset 8 begins with the lengths of the sequences
  const scanned = intAttribute(ctx, "num_scan_inputs", 0);
  const states = ctx.node.inputs.length - first - scanned;
  if (states < 0 || scanned < 0) {
    ctx.problem(`it scans ${scanned} of ${ctx.node.inputs.length - first} inputs`);
    return [];
  }
  const inputAxes = intsAttribute(ctx, "scan_input_axes") ?? [];
  const initial = Array.from({ length: states }, (_, i) => withoutBatch(ctx.type(first + i), batched));
  const parts = Array.from({ length: scanned }, (_, i) => cut(ctx, first + states + i, batched, inputAxes[i] ?? 0));
  const body = (carried: readonly InferredType[]): readonly Output[] =>
    ctx.subgraph("body", [...carried, ...parts.map((part) => part.slice)].map((type): Output => ({ type }))) ?? [];
  const { carried, outputs } = settle(ctx, initial, 0, body);
  const length = parts.map((part) => part.length).filter((dim) => dim !== undefined).reduce<Dim | undefined>((a, b) => (a ? unifyDims(a, b) : b), undefined);
  const batch = batched ? batchOf(ctx, first) : undefined;
  const outputAxes = intsAttribute(ctx, "scan_output_axes") ?? [];
  const stacked = outputs.slice(states).map(({ type }, i) => stack(ctx, type, length ?? ctx.fresh(), outputAxes[i] ?? 0, batch));
  return [...carried.map((type): Output => ({ type: withBatch(type, batch) })), ...stacked];
};

function cut(ctx: RuleContext, input: number, batched: boolean, axis: number): { readonly slice: InferredType; readonly length: Dim | undefined } {
  const type = withoutBatch(ctx.type(input), batched);
  if (type.kind !== "tensor" || !type.shape) return { slice: type, length: undefined };
  const at = axisIn(ctx, axis, type.shape.length);
  if (at === undefined) return { slice: tensorType(type.dtype, undefined), length: undefined };
  return { slice: { ...type, shape: type.shape.filter((_, i) => i !== at) }, length: type.shape[at] };
}

function stack(ctx: RuleContext, type: InferredType, length: Dim, axis: number, batch: Dim | undefined): Output {
  if (type.kind !== "tensor") return { type: unknownType };
  if (!type.shape) return tensor(type.dtype, undefined);
  const at = axisIn(ctx, axis, type.shape.length + 1) ?? 0;
  const shape: Shape = [...type.shape.slice(0, at), length, ...type.shape.slice(at)];
  return { type: withBatch(tensorType(type.dtype, shape), batch) };
}

function batchOf(ctx: RuleContext, first: number): Dim {
  return shapeOf(ctx, first)?.[0] ?? ctx.fresh();
}

function withoutBatch(type: InferredType, batched: boolean): InferredType {
  return batched && type.kind === "tensor" && type.shape ? { ...type, shape: type.shape.slice(1) } : type;
}

function withBatch(type: InferredType, batch: Dim | undefined): InferredType {
  return batch && type.kind === "tensor" && type.shape ? { ...type, shape: [batch, ...type.shape] } : type;
}

export const controlFlowRules: RuleTable = {
  If: ifRule,
  Loop: loop,
  Scan: scan,
};
