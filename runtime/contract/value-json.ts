/** Values as JSON and back, for snapshots and messages: what JSON lacks is tagged (`{"$int": "388"}`). */
import type { Dtype, Tensor, TensorData, Value } from "./value.ts";
import { allocate, isTensor } from "./tensor.ts";

type Json = null | boolean | number | string | readonly Json[] | { readonly [key: string]: Json };

export function valueToJson(value: Value): Json {
  switch (typeof value) {
    case "bigint":
      return { $int: String(value) };
    case "number":
      return Number.isFinite(value) && !Object.is(value, -0) ? value : { $float: Object.is(value, -0) ? "-0" : String(value) };
    case "boolean":
    case "string":
      return value;
    default:
      return objectToJson(value);
  }
}

function objectToJson(value: Exclude<Value, boolean | number | bigint | string>): Json {
  if (value === null) return null;
  if (value instanceof Uint8Array) return { $bytes: Buffer.from(value).toString("base64") };
  if (Array.isArray(value)) return value.map((item: Value) => valueToJson(item));
  if (isTensor(value)) return { $tensor: { dtype: value.dtype, shape: value.shape, data: Array.from<string | number | bigint, Json>(value.data, (item) => (typeof item === "string" ? item : valueToJson(item))) } };
  const entries = Object.entries(value).sort(([a], [b]) => (a < b ? -1 : 1));
  return Object.fromEntries(entries.map(([name, field]) => [name, valueToJson(field)]));
}

/** The value that `valueToJson` wrote; throws on anything else. */
export function valueFromJson(json: unknown): Value {
  if (json === null || typeof json === "boolean" || typeof json === "number" || typeof json === "string") return json;
  if (Array.isArray(json)) return json.map(valueFromJson);
  if (typeof json !== "object" || json === undefined) throw new Error(`not a value: ${String(json)}`);
  const entries = Object.entries(json);
  const [first, another] = entries;
  if (first !== undefined && another === undefined) {
    const [tag, content] = first;
    if (tag === "$int") return BigInt(String(content));
    if (tag === "$float") return Number(content);
    if (tag === "$bytes") return new Uint8Array(Buffer.from(String(content), "base64"));
    if (tag === "$tensor") return tensorFromJson(content);
  }
  return Object.fromEntries(entries.map(([name, field]): [string, Value] => [name, valueFromJson(field)]));
}

function tensorFromJson(json: unknown): Tensor {
  const { dtype, shape, data } = json as { readonly dtype: Dtype; readonly shape: readonly number[]; readonly data: readonly unknown[] };
  if (dtype === "string") return { dtype, shape, data: data.map(String) };
  const filled: TensorData = allocate(dtype, data.length);
  data.forEach((item, index) => {
    const value = valueFromJson(item);
    if (filled instanceof BigInt64Array || filled instanceof BigUint64Array) filled[index] = BigInt(String(value));
    else if (!Array.isArray(filled)) filled[index] = Number(value);
  });
  return { dtype, shape, data: filled };
}
