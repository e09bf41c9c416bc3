/**
 * The readonly value that reading an ONNX model gives: structure and signatures, never weights.
 *
 * Invariants
 *  - Tensor values are not here. A `TensorRef` says where they lie; `readTensor` fetches small ones on demand.
 *  - `bytes` ranges point into the model's own file and cover the message's body (without tag and length), so that the
 *    writer can copy what it does not touch byte for byte.
 *  - Names are as in the file; an absent optional input or output is "". Domains are normalised: "ai.onnx" is "".
 *  - Integers of attributes are numbers; beyond 2^53 they are rounded (only INT64_MAX-like clamps occur there).
 */
import type { ByteRange, ModelFiles } from "./byte-source.ts";
import type { ElemType } from "./elem-types.ts";

export interface ModelGraph {
  /** Where the bytes come from: `readTensor(ref, model.files)`. */
  readonly files: ModelFiles;
  readonly irVersion: number;
  /** Opset version by domain ("" is the standard one). */
  readonly opsets: ReadonlyMap<string, number>;
  readonly producer: { readonly name: string; readonly version: string };
  readonly metadata: ReadonlyMap<string, string>;
  readonly graph: Graph;
  readonly functions: readonly LocalFunction[];
}

export interface Graph {
  readonly name: string;
  /** All inputs of the GraphProto, also those that merely give an initializer's type (IR version 3). */
  readonly inputs: readonly ValueInfo[];
  readonly outputs: readonly ValueInfo[];
  readonly valueInfo: readonly ValueInfo[];
  /** In file order; `nodes[i].index === i`. */
  readonly nodes: readonly Node[];
  readonly initializers: readonly TensorRef[];
  readonly sparseInitializers: readonly SparseTensorRef[];
  readonly bytes: ByteRange;
}

export interface Node {
  /** Position in its graph's (or function's) node list. */
  readonly index: number;
  readonly name: string;
  readonly op: string;
  readonly domain: string;
  readonly overload: string;
  readonly inputs: readonly string[];
  readonly outputs: readonly string[];
  readonly attributes: ReadonlyMap<string, Attribute>;
  /** metadata_props of the node (the dynamo exporter keeps module paths here). */
  readonly metadata: ReadonlyMap<string, string>;
  readonly bytes: ByteRange;
}

export type Attribute =
  | { readonly kind: "float"; readonly value: number }
  | { readonly kind: "int"; readonly value: number }
  | { readonly kind: "string"; readonly value: string }
  | { readonly kind: "tensor"; readonly value: TensorRef }
  | { readonly kind: "graph"; readonly value: Graph }
  | { readonly kind: "sparseTensor"; readonly value: SparseTensorRef }
  | { readonly kind: "type"; readonly value: ValueType }
  | { readonly kind: "floats"; readonly value: readonly number[] }
  | { readonly kind: "ints"; readonly value: readonly number[] }
  | { readonly kind: "strings"; readonly value: readonly string[] }
  | { readonly kind: "tensors"; readonly value: readonly TensorRef[] }
  | { readonly kind: "graphs"; readonly value: readonly Graph[] }
  | { readonly kind: "sparseTensors"; readonly value: readonly SparseTensorRef[] }
  | { readonly kind: "types"; readonly value: readonly ValueType[] }
  /** Inside a function body: the attribute of the calling node with this name. */
  | { readonly kind: "ref"; readonly value: string };

/** A model-local function (a body that nodes of its domain and name stand for). */
export interface LocalFunction {
  readonly name: string;
  readonly domain: string;
  readonly overload: string;
  readonly inputs: readonly string[];
  readonly outputs: readonly string[];
  /** Names of attributes without a default. */
  readonly attributes: readonly string[];
  readonly attributeDefaults: ReadonlyMap<string, Attribute>;
  readonly opsets: ReadonlyMap<string, number>;
  readonly nodes: readonly Node[];
  readonly valueInfo: readonly ValueInfo[];
  readonly bytes: ByteRange;
}

/** A tensor whose values were not read: an initializer or a tensor attribute. */
export interface TensorRef {
  readonly name: string;
  readonly dtype: ElemType;
  readonly dims: readonly number[];
  readonly data: TensorData;
  /** The TensorProto in the model's file. */
  readonly bytes: ByteRange;
}

export type TensorData =
  /** Little-endian values at this place of the model's file. */
  | { readonly kind: "raw"; readonly at: ByteRange }
  /** In a file beside the model; `length` is undefined if the model does not state it. */
  | { readonly kind: "external"; readonly location: string; readonly offset: number; readonly length: number | undefined }
  /** In typed fields (float_data, int32_data, …) of the TensorProto at `bytes`. */
  | { readonly kind: "typed" }
  /** No values at all (a tensor of zero elements, or a broken one). */
  | { readonly kind: "none" };

export interface SparseTensorRef {
  readonly values: TensorRef;
  readonly indices: TensorRef;
  readonly dims: readonly number[];
}

export interface ValueInfo {
  readonly name: string;
  readonly type: ValueType;
  readonly bytes: ByteRange;
}

/** A number, a symbol, or unknown (null). */
export type FileDim = number | string | null;

export type ValueType =
  /** `dims` is null if even the rank is unknown. */
  | { readonly kind: "tensor"; readonly dtype: ElemType; readonly dims: readonly FileDim[] | null }
  | { readonly kind: "sparseTensor"; readonly dtype: ElemType; readonly dims: readonly FileDim[] | null }
  | { readonly kind: "sequence"; readonly element: ValueType }
  | { readonly kind: "optional"; readonly element: ValueType }
  | { readonly kind: "map"; readonly key: ElemType; readonly value: ValueType }
  | { readonly kind: "unknown" };
