/** Sequences and optionals. Where a sequence's length is known, the type of each of its elements is kept. */
import { dimOf, oneDim } from "../../../../language/tensor/dim.ts";
import { elemTypeOfCode } from "../../elem-types.ts";
import { readDeclared } from "../declared-type.ts";
import { elementOf, mergeTypes, tensorType, unknownType } from "../inferred-type.ts";
import type { InferredType } from "../inferred-type.ts";
import { scalarValue } from "../known-value.ts";
import { axisIn, dtypeOf, intAttribute, knownInts, shapeOf, tensor, unknownOutput, withDim } from "../rule.ts";
import type { Output, Rule, RuleContext, RuleTable } from "../rule.ts";
import { concatenated } from "./layout.ts";
import { sequenceParts } from "./slice.ts";

type SequenceType = Extract<InferredType, { kind: "sequence" }>;

const itemsMax = 256;

function sequenceOf(ctx: RuleContext, items: readonly InferredType[]): SequenceType {
  const element = elementOf(items, ctx.fresh);
  return items.length <= itemsMax ? { kind: "sequence", element, items } : { kind: "sequence", element };
}

/** The sequence at input `i`, through an optional. */
function sequenceAt(ctx: RuleContext, i: number): SequenceType | undefined {
  const type = ctx.type(i);
  if (type.kind === "sequence") return type;
  return type.kind === "optional" && type.element.kind === "sequence" ? type.element : undefined;
}

/** A known position in a sequence of `length`, counted from the front. */
function positionIn(ctx: RuleContext, input: number, length: number): number | undefined {
  const at = knownInts(ctx, input)?.[0];
  return at === undefined ? undefined : at < 0 ? at + length : at;
}

const construct: Rule = (ctx) => [{ type: sequenceOf(ctx, ctx.node.inputs.map((_, i) => tensorAt(ctx, i))) }];

/** The standard makes sequences of tensors only, so types do not nest without end. */
function tensorAt(ctx: RuleContext, i: number): InferredType {
  const type = ctx.type(i);
  return type.kind === "tensor" ? type : unknownType;
}

const empty: Rule = (ctx) => {
  const element = tensorType(elemTypeOfCode(intAttribute(ctx, "dtype", 1)), undefined);
  return [{ type: { kind: "sequence", element, items: [] } }];
};

const insert: Rule = (ctx) => {
  const sequence = sequenceAt(ctx, 0);
  if (!sequence) return [unknownOutput];
  const added = tensorAt(ctx, 1);
  const { items } = sequence;
  const at = ctx.has(2) ? items && positionIn(ctx, 2, items.length) : items?.length;
  if (!items || at === undefined) {
    const isEmpty = items?.length === 0;
    return [{ type: { kind: "sequence", element: isEmpty ? added : mergeTypes(sequence.element, added, ctx.fresh) } }];
  }
  return [{ type: sequenceOf(ctx, [...items.slice(0, at), added, ...items.slice(at)]) }];
};

const erase: Rule = (ctx) => {
  const sequence = sequenceAt(ctx, 0);
  if (!sequence) return [unknownOutput];
  const { items } = sequence;
  const at = items && (ctx.has(1) ? positionIn(ctx, 1, items.length) : items.length - 1);
  if (!items || at === undefined) return [{ type: { kind: "sequence", element: sequence.element } }];
  return [{ type: sequenceOf(ctx, items.filter((_, i) => i !== at)) }];
};

const at: Rule = (ctx) => {
  const sequence = sequenceAt(ctx, 0);
  if (!sequence) return [unknownOutput];
  const position = sequence.items && positionIn(ctx, 1, sequence.items.length);
  const item = position === undefined ? undefined : sequence.items?.[position];
  return [{ type: item ?? picked(ctx, sequence) }];
};

/**
 * An element picked by data. Dimensions in which elements may differ are named anew, so that two picks are not taken to
 * be equal.
 */
function picked(ctx: RuleContext, sequence: SequenceType): InferredType {
  const element = sequence.items ? elementOf(sequence.items, ctx.fresh) : sequence.element;
  if (sequence.items || element.kind !== "tensor" || !element.shape) return element;
  return { ...element, shape: element.shape.map((dim) => (ctx.isFresh(dim) ? ctx.fresh() : dim)) };
}

const length: Rule = (ctx) => {
  const items = sequenceAt(ctx, 0)?.items;
  return [tensor("i64", [], items && scalarValue(dimOf(items.length)))];
};

const splitToSequence: Rule = (ctx) => {
  const input = shapeOf(ctx, 0);
  const dtype = dtypeOf(ctx, 0);
  const axis = input && axisIn(ctx, intAttribute(ctx, "axis", 0), input.length);
  if (!input || axis === undefined) return [{ type: { kind: "sequence", element: tensorType(dtype, undefined) } }];
  const drops = !ctx.has(1) && intAttribute(ctx, "keepdims", 1) === 0;
  const shaped = (size: ReturnType<typeof dimOf>): InferredType =>
    tensorType(dtype, drops ? input.filter((_, i) => i !== axis) : withDim(input, axis, size));
  const parts = sequenceParts(ctx, input[axis]);
  if (parts) return [{ type: sequenceOf(ctx, parts.map(shaped)) }];
  return [{ type: { kind: "sequence", element: shaped(ctx.has(1) ? ctx.fresh() : oneDim) } }];
};

/** Stacks or joins all elements. */
const concatFromSequence: Rule = (ctx) => {
  const sequence = sequenceAt(ctx, 0);
  const element = sequence?.element;
  if (element?.kind !== "tensor") return [unknownOutput];
  const axis = intAttribute(ctx, "axis", 0);
  const stack = intAttribute(ctx, "new_axis", 0) === 1;
  const { items } = sequence ?? {};
  if (stack) {
    const { shape } = element;
    const where = shape && axisIn(ctx, axis, shape.length + 1);
    if (!shape || where === undefined) return [tensor(element.dtype, undefined)];
    return [tensor(element.dtype, [...shape.slice(0, where), items ? dimOf(items.length) : ctx.fresh(), ...shape.slice(where)])];
  }
  if (items && items.length > 0) {
    const inner: RuleContext = { ...ctx, type: (i) => items[i], value: () => undefined };
    return [concatenated(inner, items.map((_, i) => i), axis)];
  }
  const where = element.shape && axisIn(ctx, axis, element.shape.length);
  return [tensor(element.dtype, element.shape && where !== undefined ? withDim(element.shape, where, ctx.fresh()) : undefined)];
};

/** The body runs once per element; other inputs are given whole, or one by one if they are sequences too. */
const sequenceMap: Rule = (ctx) => {
  const first = sequenceAt(ctx, 0);
  const run = (position: number | undefined): readonly Output[] =>
    ctx.subgraph("body", ctx.node.inputs.map((_, i): Output => ({ type: elementFor(ctx, i, position) }))) ?? [];
  if (!first?.items || first.items.length === 0) {
    return run(undefined).map((output): Output => ({ type: { kind: "sequence", element: output.type, ...(first?.items ? { items: [] } : {}) } }));
  }
  const runs = first.items.map((_, position) => run(position));
  return runs[0].map((_, i): Output => ({ type: sequenceOf(ctx, runs.map((outputs) => outputs[i].type)) }));
};

function elementFor(ctx: RuleContext, input: number, position: number | undefined): InferredType {
  const type = ctx.type(input);
  if (type.kind !== "sequence") return type;
  return (position === undefined ? undefined : type.items?.[position]) ?? type.element;
}

const optional: Rule = (ctx) => {
  const given = ctx.type(0);
  if (ctx.has(0)) return [{ type: given.kind === "optional" ? unknownType : { kind: "optional", element: given, present: true } }];
  const attribute = ctx.attribute("type");
  const element = attribute?.kind === "type"
    ? readDeclared(attribute.value, { symbol: () => ctx.fresh(), nameless: ctx.fresh })
    : unknownType;
  return [{ type: { kind: "optional", element, present: false } }];
};

const optionalHasElement: Rule = (ctx) => {
  const type = ctx.type(0);
  const present = !ctx.has(0) ? false : type.kind === "optional" ? type.present : true;
  return [tensor("bool", [], present === undefined ? undefined : scalarValue(present))];
};

/** From opset 18 a plain tensor or sequence may be given too. */
const optionalGetElement: Rule = (ctx) => {
  const type = ctx.type(0);
  return [{ type: type.kind === "optional" ? type.element : type }];
};

export const sequenceRules: RuleTable = {
  SequenceConstruct: construct,
  SequenceEmpty: empty,
  SequenceInsert: insert,
  SequenceErase: erase,
  SequenceAt: at,
  SequenceLength: length,
  SequenceMap: sequenceMap,
  SplitToSequence: splitToSequence,
  ConcatFromSequence: concatFromSequence,
  Optional: optional,
  OptionalHasElement: optionalHasElement,
  OptionalGetElement: optionalGetElement,
};
