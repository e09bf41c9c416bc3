/**
 * Matrix products. A weight divided by columns gives divided outputs; divided by rows, a sum of which each rank has a
 * part. Batch axes pass.
 */
import { equalDims, type Dim } from "../../../../language/tensor/dim.ts";
import { dividing, forInputs, fromFront, intAttribute, isOne, moved, plainDivision, type LocalEdit, type RuleContext, type RuleTable, type ShardOption, type ShardRule } from "../rule.ts";
import { partialSum, replicated, stateKey, type ShardState, type TensorState } from "../tensor-state.ts";

/** Which axes of a two-operand product are which. */
interface ProductAxes {
  readonly left: readonly Dim[];
  readonly right: readonly Dim[];
  readonly out: readonly Dim[];
  readonly rows: number;
  readonly leftInner: number;
  readonly rightInner: number;
  readonly columns: number;
}

function matrixAxes(ctx: RuleContext, transLeft: boolean, transRight: boolean): ProductAxes | undefined {
  const [left, right, out] = [ctx.inputShape(0), ctx.inputShape(1), ctx.outputShape(0)];
  if (!left || !right || !out || left.length < 2 || right.length < 2) return undefined;
  const [l, r] = [left.length, right.length];
  return {
    left, right, out,
    rows: transLeft ? l - 1 : l - 2, leftInner: transLeft ? l - 2 : l - 1,
    rightInner: transRight ? r - 1 : r - 2, columns: transRight ? r - 2 : r - 1,
  };
}

interface ProductOption {
  readonly left: TensorState;
  readonly right: TensorState;
  readonly out: TensorState;
}

function productOptions(ctx: RuleContext, axes: ProductAxes): readonly ProductOption[] {
  const options = [
    ...[0, 1].flatMap((input) => {
      const state = ctx.state(input);
      return state.kind === "shard" ? fromDivided(ctx, axes, input === 0, state) : state.kind === "partialSum" ? fromSum(input === 0) : [];
    }),
    ...(ctx.isConstant(1) && !ctx.isConstant(0) ? byWeight(ctx, axes) : []),
  ];
  const distinct = new Map(options.map((option) => [`${stateKey(option.left)} ${stateKey(option.right)} ${stateKey(option.out)}`, option]));
  return [...distinct.values()];
}

function fromSum(isLeft: boolean): readonly ProductOption[] {
  return [{ left: isLeft ? partialSum : replicated, right: isLeft ? replicated : partialSum, out: partialSum }];
}

function fromDivided(ctx: RuleContext, axes: ProductAxes, isLeft: boolean, state: ShardState): readonly ProductOption[] {
  const outRank = axes.out.length;
  const inner = isLeft ? axes.leftInner : axes.rightInner;
  if (state.axis === inner) {
    const other = isLeft ? dividing(ctx, axes.right, axes.rightInner, state.runs) : dividing(ctx, axes.left, axes.leftInner, state.runs);
    return other ? [{ left: isLeft ? state : other, right: isLeft ? other : state, out: partialSum }] : [];
  }
  if (isLeft && state.axis === axes.rows) return [{ left: state, right: replicated, out: moved(state, outRank - 2) }];
  if (!isLeft && state.axis === axes.columns) return [{ left: replicated, right: state, out: moved(state, outRank - 1) }];
  return batchOption(axes, isLeft, state);
}

/** A batch axis: the other operand is divided alike, or broadcasts. */
function batchOption({ left, right, out }: ProductAxes, isLeft: boolean, state: ShardState): readonly ProductOption[] {
  const [own, other] = isLeft ? [left, right] : [right, left];
  const axis = state.axis + out.length - own.length;
  const otherAxis = axis - (out.length - other.length);
  const [dim, otherDim] = [out[axis], other[otherAxis]];
  if (!dim || !own[state.axis] || !equalDims(dim, own[state.axis] ?? dim)) return [];
  if (otherDim && !isOne(otherDim) && !equalDims(otherDim, dim)) return [];
  const otherState = !otherDim || isOne(otherDim) ? replicated : moved(state, otherAxis);
  return [{ left: isLeft ? state : otherState, right: isLeft ? otherState : state, out: moved(state, axis) }];
}

/** Shares begin: columns of the weight in every way its users can go on with; rows where columns cannot be divided. */
function byWeight(ctx: RuleContext, axes: ProductAxes): readonly ProductOption[] {
  const outAxis = axes.out.length - 1;
  const columns = ctx.divisions(outAxis).flatMap((runs): readonly ProductOption[] => {
    const right = dividing(ctx, axes.right, axes.columns, runs);
    return right ? [{ left: replicated, right, out: moved(right, outAxis) }] : [];
  });
  if (columns.length > 0) return columns;
  const [left, right] = [plainDivision(ctx, axes.left, axes.leftInner), plainDivision(ctx, axes.right, axes.rightInner)];
  return left && right ? [{ left, right, out: partialSum }] : [];
}

function product(transLeft: (ctx: RuleContext) => boolean, transRight: (ctx: RuleContext) => boolean): ShardRule {
  return (ctx) => {
    const axes = matrixAxes(ctx, transLeft(ctx), transRight(ctx));
    return axes ? productOptions(ctx, axes).map(({ left, right, out }) => ({ inputs: [left, right], outputs: [out] })) : [];
  };
}

const never = (): boolean => false;
const isSet = (name: string) => (ctx: RuleContext): boolean => intAttribute(ctx, name, 0) !== 0;

/** alpha * A B + beta * C: C is divided with the columns, and added to a sum once. */
const gemm: ShardRule = (ctx) => {
  const axes = matrixAxes(ctx, isSet("transA")(ctx), isSet("transB")(ctx));
  if (!axes) return [];
  return productOptions(ctx, axes).flatMap(({ left, right, out }) => {
    const added = addedState(ctx, out);
    return added ? [{ inputs: [left, right, added.state], outputs: [out], ...(added.edit ? { edit: added.edit } : {}) }] : [];
  });
};

function addedState(ctx: RuleContext, out: TensorState): { readonly state: TensorState; readonly edit?: LocalEdit } | undefined {
  if (!ctx.node.inputs[2]) return { state: replicated };
  const shape = ctx.inputShape(2);
  if (!shape) return undefined;
  if (out.kind === "partialSum") return { state: replicated, edit: { firstRankOnly: [2] } };
  if (out.kind !== "shard") return { state: replicated };
  const axis = out.axis - (2 - shape.length);
  const dim = shape[axis];
  return { state: dim === undefined || isOne(dim) ? replicated : moved(out, axis) };
}

/** Labels of an equation: what an operand's divided axis means for all others. */
const einsum: ShardRule = (ctx) => {
  const equation = ctx.attribute("equation");
  const text = equation?.kind === "string" ? equation.value.replace(/\s/g, "") : "";
  const [from = "", to] = text.split("->");
  const terms = from.split(",");
  if (to === undefined || text.includes(".") || terms.length !== ctx.node.inputs.length) return [];
  const found = new Map<string, ShardOption>();
  const divide = (label: string, runs: readonly number[]): void => {
    const states = terms.map((term, i): TensorState | undefined => (term.includes(label) ? dividing(ctx, ctx.inputShape(i), term.indexOf(label), runs) : replicated));
    const isRepeated = [...terms, to].some((term) => term.indexOf(label) !== term.lastIndexOf(label));
    const out = to.includes(label) ? dividing(ctx, ctx.outputShape(0), to.indexOf(label), runs) : partialSum;
    const inputs = states.filter((state) => state !== undefined);
    if (!isRepeated && out && inputs.length === states.length) found.set(`${label}${runs.join("+")}`, { inputs, outputs: [out] });
  };
  terms.forEach((term, i) => {
    const state = ctx.state(i);
    if (state.kind === "shard") divide(term[state.axis] ?? "", state.runs);
    // Labels that only the weight and the output have are its columns.
    if (ctx.isConstant(i)) for (const label of term) if (to.includes(label) && !terms.some((other, at) => at !== i && other.includes(label))) ctx.divisions(to.indexOf(label)).forEach((runs) => divide(label, runs));
  });
  return [...found.values()];
};

const fusedOrTransposed = (name: string) => (ctx: RuleContext): boolean => intAttribute(ctx, name, 0) !== 0 || intAttribute(ctx, name.replace("trans", "transBatch"), 0) !== 0;

/** FusedMatMul with batch axes out of place has no rule. */
const fusedMatMul: ShardRule = (ctx) => {
  if (fusedOrTransposed("transBatchA")(ctx) || fusedOrTransposed("transBatchB")(ctx)) return [];
  return product(isSet("transA"), isSet("transB"))(ctx);
};

/** The weight of a product with an activation inside: nothing may be summed after it. */
function withActivation(rule: ShardRule): ShardRule {
  return (ctx) => rule(ctx).filter((option) => option.outputs.every((state) => state.kind !== "partialSum"));
}

/** A packed weight of n columns whose blocks lie along the rows: [N, blocks, bytes], scales and zero points by column. */
const matMulNBits: ShardRule = (ctx) => {
  const columns = intAttribute(ctx, "N", 0);
  const rank = ctx.outputShape(0)?.length;
  if (rank === undefined || !ctx.isConstant(1)) return [];
  return ctx.divisions(rank - 1).flatMap((runs): readonly ShardOption[] => {
    const states = ctx.node.inputs.map((name, i): TensorState | undefined => (i === 0 || name === "" ? replicated : byColumn(ctx, i, columns, runs)));
    const inputs = states.filter((state) => state !== undefined);
    if (inputs.length !== states.length) return [];
    return [{ inputs, outputs: [moved({ kind: "shard", axis: 0, runs }, rank - 1)], edit: { attributes: { N: { kind: "int", value: columns / ctx.count } } } }];
  });
};

/** Scales of either layout: [N, blocks] or N * blocks in one axis. */
function byColumn(ctx: RuleContext, i: number, columns: number, runs: readonly number[]): TensorState | undefined {
  const shape = ctx.inputShape(i);
  const first = shape?.[0];
  const length = first && Number(first.key);
  if (length === undefined || !Number.isInteger(length) || length % columns !== 0) return undefined;
  return dividing(ctx, shape, 0, runs.map((run) => (run * length) / columns));
}

export const productRules: RuleTable = { MatMul: product(never, never), Gemm: gemm, Einsum: einsum };

export const microsoftProductRules: RuleTable = {
  FusedMatMul: fusedMatMul, FusedGemm: withActivation(gemm), GemmFastGelu: withActivation((ctx) => product(never, never)(ctx).map((option) => ({ ...option, inputs: forInputs(ctx, (i) => option.inputs[i] ?? lastAxis(ctx, i, option)) }))),
  MatMulNBits: matMulNBits,
};

/** A bias that lies as the output's last axis does. */
function lastAxis(ctx: RuleContext, i: number, option: ShardOption): TensorState {
  const out = option.outputs[0] ?? replicated;
  const rank = ctx.outputShape(0)?.length ?? 0;
  return out.kind === "shard" && fromFront(-1, rank) === out.axis && ctx.inputShape(i)?.length === 1 ? moved(out, 0) : replicated;
}
