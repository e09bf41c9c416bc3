/**
 * Types with holes: what a parameter of a signature takes. Every ValueType is a pattern. Beyond value types a pattern
 * may have dtype variables (`tensor<D>[…]`) and rest dimensions (`..S`), which only the catalogue's signatures use;
 * dimension names are holes where the matching call says so (see match.ts).
 */
import type { BytesType, NullType, QuantityType, RangeType, ResourceType, StringType, TableType, ValueType } from "../catalog/value-type.ts";
import type { Dim } from "../tensor/dim.ts";
import type { Dtype } from "../tensor/dtype.ts";

export type Pattern =
  | TensorPattern
  | StringType
  | BytesType
  | NullType
  | { readonly kind: "optional"; readonly inner: Pattern }
  | { readonly kind: "list"; readonly element: Pattern; readonly lengthMax?: number; readonly elementDims?: readonly string[] }
  | { readonly kind: "record"; readonly name?: string; readonly fields: readonly PatternField[] }
  | TableType
  | ResourceType
  | QuantityType
  | RangeType
  | { readonly kind: "error" };

export interface TensorPattern {
  readonly kind: "tensor";
  readonly dtype: Dtype | DtypeVariable;
  readonly shape: readonly (Dim | RestPattern)[];
}

export interface DtypeVariable {
  readonly variable: string;
}

export interface RestPattern {
  readonly rest: string;
}

export interface PatternField {
  readonly name: string;
  readonly type: Pattern;
  readonly outsideName?: string;
}

export const errorType: ValueType = { kind: "error" };
export const intType: ValueType = { kind: "tensor", dtype: "i64", shape: [] };
export const floatType: ValueType = { kind: "tensor", dtype: "f64", shape: [] };
export const boolType: ValueType = { kind: "tensor", dtype: "bool", shape: [] };
export const stringType: ValueType = { kind: "string" };
export const bytesType: ValueType = { kind: "bytes" };

/** A rank-0 tensor of `dtype`. */
export function scalarType(dtype: Dtype): ValueType {
  return { kind: "tensor", dtype, shape: [] };
}

/** `type?`, where that says anything. */
export function optionalOf(type: ValueType): ValueType {
  return type.kind === "optional" || type.kind === "null" || type.kind === "error" ? type : { kind: "optional", inner: type };
}

/** The type without its `?`. */
export function withoutOptional(type: ValueType): ValueType {
  return type.kind === "optional" ? type.inner : type;
}

/** Whether nothing is known of a value, since it was reported. */
export function isError(type: ValueType): boolean {
  return type.kind === "error";
}

/** Whether an error is anywhere inside, so that nothing more should be said about the value. */
export function hasError(type: ValueType): boolean {
  switch (type.kind) {
    case "error": return true;
    case "optional": return hasError(type.inner);
    case "list": return hasError(type.element);
    case "record": return type.fields.some((field) => hasError(field.type));
    case "range": return hasError(type.element);
    case "table": return hasError(type.key) || hasError(type.row);
    case "tensor":
    case "string":
    case "bytes":
    case "null":
    case "resource":
    case "quantity":
      return false;
  }
}

export function isScalar(type: ValueType): boolean {
  return type.kind === "tensor" && type.shape.length === 0;
}

export function isBool(type: ValueType): boolean {
  return type.kind === "tensor" && type.dtype === "bool" && type.shape.length === 0;
}

/** Maps the dimensions of a type; names bound inside a list's elements are left alone. */
export function mapDims(type: ValueType, map: (dim: Dim) => Dim): ValueType {
  switch (type.kind) {
    case "tensor": return { ...type, shape: type.shape.map(map) };
    case "optional": return { kind: "optional", inner: mapDims(type.inner, map) };
    case "list": return { ...type, element: mapDims(type.element, map) };
    case "record": return { ...type, fields: type.fields.map((field) => ({ ...field, type: mapDims(field.type, map) })) };
    case "table":
    case "range":
    case "string":
    case "bytes":
    case "null":
    case "resource":
    case "quantity":
    case "error":
      return type;
  }
}

/** All dimensions of a type, those inside lists too. */
export function dimsOf(type: Pattern): readonly Dim[] {
  switch (type.kind) {
    case "tensor": return type.shape.flatMap((dim) => ("rest" in dim ? [] : [dim]));
    case "optional": return dimsOf(type.inner);
    case "list": return dimsOf(type.element);
    case "record": return type.fields.flatMap((field) => dimsOf(field.type));
    case "table":
    case "range":
    case "string":
    case "bytes":
    case "null":
    case "resource":
    case "quantity":
    case "error":
      return [];
  }
}
