/**
 * What inference knows of a value's type. Everything may be partly unknown: a dtype `"undefined"`, a shape `undefined`
 * (not even the rank), a dimension that is a fresh name.
 */
import { equalDims } from "../../../language/tensor/dim.ts";
import type { Dim } from "../../../language/tensor/dim.ts";
import { printShape } from "../../../language/tensor/print-dim.ts";
import type { ElemType } from "../elem-types.ts";

export type Shape = readonly Dim[];

export type InferredType =
  | InferredTensor
  | { readonly kind: "sparseTensor"; readonly dtype: ElemType; readonly shape: Shape | undefined }
  /** `items` where the length and each element's type are known. */
  | { readonly kind: "sequence"; readonly element: InferredType; readonly items?: readonly InferredType[] }
  /** `present` where it is known whether there is a value. */
  | { readonly kind: "optional"; readonly element: InferredType; readonly present?: boolean }
  | { readonly kind: "map"; readonly key: ElemType; readonly value: InferredType }
  | { readonly kind: "unknown" };

export interface InferredTensor {
  readonly kind: "tensor";
  readonly dtype: ElemType;
  readonly shape: Shape | undefined;
}

export const unknownType: InferredType = { kind: "unknown" };

/** Tensors of more dimensions than this have an unknown shape: real models stay below ten. */
export const rankMax = 64;

/** A tensor type. */
export function tensorType(dtype: ElemType, shape: Shape | undefined): InferredTensor {
  return { kind: "tensor", dtype, shape: shape && shape.length <= rankMax ? shape : undefined };
}

/** `f32[N, 3]`, `sequence(f32[?])`; a shape of unknown rank prints as `[...]`. */
export function printInferredType(type: InferredType): string {
  switch (type.kind) {
    case "tensor":
    case "sparseTensor": {
      const text = `${type.dtype === "undefined" ? "?" : type.dtype}${type.shape ? printShape(type.shape) : "[...]"}`;
      return type.kind === "tensor" ? text : `sparse(${text})`;
    }
    case "sequence":
      return `sequence(${printInferredType(type.element)})`;
    case "optional":
      return `optional(${printInferredType(type.element)})`;
    case "map":
      return `map(${type.key}, ${printInferredType(type.value)})`;
    case "unknown":
      return "?";
  }
}

/** The same shape, dimension by dimension in normal form; two unknown shapes are equal. */
export function equalShapes(a: Shape | undefined, b: Shape | undefined): boolean {
  if (!a || !b) return a === b;
  return a.length === b.length && a.every((dim, axis) => equalDims(dim, b[axis]));
}

/** The same type in every part. */
export function equalTypes(a: InferredType, b: InferredType): boolean {
  if ((a.kind === "tensor" || a.kind === "sparseTensor") && (b.kind === "tensor" || b.kind === "sparseTensor")) {
    return a.kind === b.kind && a.dtype === b.dtype && equalShapes(a.shape, b.shape);
  }
  if (a.kind === "sequence" && b.kind === "sequence") {
    const sameItems = a.items?.length === b.items?.length && (a.items ?? []).every((item, i) => equalTypes(item, b.items?.[i] ?? unknownType));
    return sameItems && equalTypes(a.element, b.element);
  }
  if (a.kind === "optional" && b.kind === "optional") return a.present === b.present && equalTypes(a.element, b.element);
  if (a.kind === "map" && b.kind === "map") return a.key === b.key && equalTypes(a.value, b.value);
  return a.kind === b.kind;
}

/** What stands for two dimensions that differ. */
export type JoinDims = (a: Dim, b: Dim) => Dim;

/**
 * The type that covers both: where they differ, `join` gives the dimension, and a differing rank leaves the shape
 * unknown. An unknown part yields to a known one only for dtypes (branches agree on them by the standard).
 */
export function mergeTypes(a: InferredType, b: InferredType, join: JoinDims): InferredType {
  if (equalTypes(a, b)) return a;
  if ((a.kind === "tensor" && b.kind === "tensor") || (a.kind === "sparseTensor" && b.kind === "sparseTensor")) {
    return { kind: a.kind, dtype: a.dtype === "undefined" ? b.dtype : a.dtype, shape: mergeShapes(a.shape, b.shape, join) };
  }
  if (a.kind === "sequence" && b.kind === "sequence") return { kind: "sequence", element: mergeSequenceElements(a, b, join) };
  if (a.kind === "optional" && b.kind === "optional") {
    const present = a.present === b.present ? a.present : undefined;
    return { kind: "optional", element: mergeOptionalElements(a, b, join), ...(present === undefined ? {} : { present }) };
  }
  if (a.kind === "optional") return mergeTypes(a, { kind: "optional", element: b, present: true }, join);
  if (b.kind === "optional") return mergeTypes({ kind: "optional", element: a, present: true }, b, join);
  if (a.kind === "map" && b.kind === "map") return { kind: "map", key: a.key, value: mergeTypes(a.value, b.value, join) };
  return unknownType;
}

type SequenceKind = Extract<InferredType, { kind: "sequence" }>;

/** An empty sequence says nothing of its elements' shape. */
function mergeSequenceElements(a: SequenceKind, b: SequenceKind, join: JoinDims): InferredType {
  if (a.items?.length === 0) return b.element;
  if (b.items?.length === 0) return a.element;
  return mergeTypes(a.element, b.element, join);
}

type OptionalKind = Extract<InferredType, { kind: "optional" }>;

/** An absent optional says nothing of its element. */
function mergeOptionalElements(a: OptionalKind, b: OptionalKind, join: JoinDims): InferredType {
  if (a.present === false && a.element.kind === "unknown") return b.element;
  if (b.present === false && b.element.kind === "unknown") return a.element;
  return mergeTypes(a.element, b.element, join);
}

/** Dimensions that differ are joined; shapes of different or unknown rank become unknown. */
export function mergeShapes(a: Shape | undefined, b: Shape | undefined, join: JoinDims): Shape | undefined {
  if (!a || !b || a.length !== b.length) return undefined;
  return a.map((dim, axis) => (equalDims(dim, b[axis]) ? dim : join(dim, b[axis])));
}

/** The type of an element of a sequence of these items; unknown for none. */
export function elementOf(items: readonly InferredType[], join: JoinDims): InferredType {
  const [first, ...rest] = items;
  return first ? rest.reduce((merged, item) => mergeTypes(merged, item, join), first) : unknownType;
}
