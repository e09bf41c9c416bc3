/** The type of a list of token windows; its length is bounded by `max`. */
import type { OperatorCall, OperatorResult } from "../../../language/catalog/catalog.ts";
import type { ValueType } from "../../../language/catalog/value-type.ts";

export function inferChunkTokens(call: OperatorCall): OperatorResult {
  const max = call.args.get("max")?.constant;
  const length = call.args.get("length")?.constant;
  const overlap = call.args.get("overlap")?.constant;
  if (max?.kind !== "int") return { ok: false, argument: "max", reason: "it bounds the memory of a row, so it must be known while compiling" };
  if (length?.kind !== "int") return { ok: false, argument: "length", reason: "it bounds a shape, so it must be known while compiling" };
  if (overlap?.kind === "int" && (overlap.value < 0n || overlap.value >= length.value)) {
    return { ok: false, argument: "overlap", reason: `it must be at least 0 and less than length (${length.value})` };
  }
  const tokens: ValueType = { kind: "tensor", dtype: "i64", shape: [call.freshDim("T")] };
  const element: ValueType = { kind: "record", fields: ["ids", "mask", "type_ids"].map((name) => ({ name, type: tokens })) };
  return { ok: true, type: { kind: "list", element, lengthMax: Number(max.value) } };
}
