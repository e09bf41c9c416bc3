/**
 * A model to be written: what is copied from a model that was read, what is changed, what is new. Sharding and
 * `buildModel` make these; `writeModel` turns them into bytes.
 */
import type { ElemType } from "./elem-types.ts";
import type { FileDim, LocalFunction, ModelGraph, Node, TensorRef, ValueInfo } from "./model-graph.ts";
import type { Rope } from "./rope.ts";

export interface ModelDraft {
  /** The model that copies come from; everything of it that the draft does not mention is kept byte for byte. */
  readonly base?: ModelGraph;
  /** By default that of the base; without one, 8. */
  readonly irVersion?: number;
  /** Without a base: opset version by domain. */
  readonly opsets?: ReadonlyMap<string, number>;
  readonly producer?: string;
  /** Entries to set, beside those of the base. */
  readonly metadata?: ReadonlyMap<string, string>;
  readonly graph: GraphDraft;
  /** Local functions to keep; by default all of the base. */
  readonly functions?: readonly LocalFunction[];
  /** Encoded fields of ModelProto to add. */
  readonly fields?: Rope;
}

export interface GraphDraft {
  readonly name?: string;
  readonly nodes: readonly NodeDraft[];
  readonly inputs: readonly ValueDraft[];
  readonly outputs: readonly ValueDraft[];
  readonly initializers: readonly TensorDraft[];
  /** None by default: recorded shapes may not hold after a change, and onnxruntime does not need them. */
  readonly valueInfo?: readonly ValueDraft[];
  /** With a base: names whose sparse initializers and quantisation annotations are kept; by default all. */
  readonly keptNames?: ReadonlySet<string>;
}

export type NodeDraft = CopiedNode | EditedNode | NewNode;

export interface CopiedNode {
  readonly kind: "copy";
  readonly node: Node;
}

/** The node with some parts replaced; fields not named here are kept as they are, unknown ones included. */
export interface EditedNode {
  readonly kind: "edit";
  readonly node: Node;
  readonly name?: string;
  readonly inputs?: readonly string[];
  readonly outputs?: readonly string[];
  /** Attributes to set or replace. */
  readonly attributes?: Readonly<Record<string, AttributeDraft>>;
  /** Encoded fields of NodeProto to add. */
  readonly fields?: Rope;
}

export interface NewNode {
  readonly kind: "new";
  readonly op: string;
  readonly domain?: string;
  readonly name?: string;
  readonly inputs: readonly string[];
  readonly outputs: readonly string[];
  readonly attributes?: Readonly<Record<string, AttributeDraft>>;
}

export type AttributeDraft =
  | { readonly kind: "float"; readonly value: number }
  | { readonly kind: "int"; readonly value: number | bigint }
  | { readonly kind: "string"; readonly value: string }
  | { readonly kind: "floats"; readonly value: readonly number[] }
  | { readonly kind: "ints"; readonly value: readonly (number | bigint)[] }
  | { readonly kind: "strings"; readonly value: readonly string[] }
  | { readonly kind: "tensor"; readonly value: NewTensor }
  | { readonly kind: "graph"; readonly value: GraphDraft };

export type ValueDraft =
  | { readonly kind: "copy"; readonly value: ValueInfo }
  /** `dims` is null if even the rank is unknown. */
  | { readonly kind: "new"; readonly name: string; readonly dtype: ElemType; readonly dims: readonly FileDim[] | null };

export type TensorDraft = { readonly kind: "copy"; readonly tensor: TensorRef } | NewTensor;

export interface NewTensor {
  readonly kind: "new";
  readonly name: string;
  readonly dtype: ElemType;
  readonly dims: readonly number[];
  /** Dense little-endian values. */
  readonly data: Rope;
}
