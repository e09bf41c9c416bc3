/**
 * The types of values in checked programs. Numbers and truth values are rank-0 tensors (`int` is
 * tensor<i64>[], `float` tensor<f64>[], `bool` tensor<bool>[]), so one rule serves scalars and tensors.
 *
 * `error` is the type of an expression already reported: it agrees with everything, so that one mistake
 * gives one message.
 */
import type { Dim } from "../tensor/dim.ts";
import type { Dtype } from "../tensor/dtype.ts";

export type ValueType =
  | TensorValueType
  | StringType
  | BytesType
  | NullType
  | OptionalType
  | ListType
  | RecordType
  | TableType
  | ResourceType
  | QuantityType
  | RangeType
  | { readonly kind: "error" };

export interface TensorValueType {
  readonly kind: "tensor";
  readonly dtype: Dtype;
  readonly shape: readonly Dim[];
}

/** A string; with `literals`, one of those only. `uri` marks a place to read from or write to. */
export interface StringType {
  readonly kind: "string";
  readonly literals?: readonly string[];
  readonly uri?: boolean;
  readonly bytesMax?: number;
}

export interface BytesType {
  readonly kind: "bytes";
  readonly bytesMax?: number;
}

export interface NullType {
  readonly kind: "null";
}

/** Never nested: the inner type is not optional itself. */
export interface OptionalType {
  readonly kind: "optional";
  readonly inner: ValueType;
}

export interface ListType {
  readonly kind: "list";
  readonly element: ValueType;
  readonly lengthMax?: number;
  /** Dimension names in `element` of which each element has its own value (`list<tensor<u8>[h, w, 3]>`). */
  readonly elementDims?: readonly string[];
}

export interface RecordType {
  readonly kind: "record";
  /** The declared name, for messages only: records are structural. */
  readonly name?: string;
  readonly fields: readonly RecordField[];
}

export interface RecordField {
  readonly name: string;
  readonly type: ValueType;
  /** The name outside (a column, a graph port), where it differs. */
  readonly outsideName?: string;
}

/** A lookup table: `t[key]` is an optional row. */
export interface TableType {
  readonly kind: "table";
  readonly key: ValueType;
  readonly row: RecordType;
}

/** Something opaque that a worker loads once and hands to operators, such as `tokenizer`. */
export interface ResourceType {
  readonly kind: "resource";
  readonly name: string;
}

/** A number with a unit. Values are kept in the base unit: bytes, milliseconds, hertz, bits per second, fraction. */
export interface QuantityType {
  readonly kind: "quantity";
  readonly measure: "bytes" | "duration" | "frequency" | "bandwidth" | "ratio";
}

export interface RangeType {
  readonly kind: "range";
  readonly element: ValueType;
}
