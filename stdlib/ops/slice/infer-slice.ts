/** The shape of a slice: `length` along `axis`, which must lie inside the operand where that is known. */
import type { OperatorCall, OperatorResult } from "../../../language/catalog/catalog.ts";
import { dimNumber, dimOf } from "../../../language/tensor/dim.ts";
import { constantAxis } from "../../support/infer-reduction.ts";

export function inferSlice(call: OperatorCall): OperatorResult {
  const operand = call.args.get("x")?.type;
  if (operand?.kind !== "tensor") return { ok: false, argument: "x", reason: "it takes a tensor" };
  const axis = constantAxis(call, operand);
  if (axis.kind === "refused") return { ok: false, argument: "axis", reason: axis.reason };
  const start = call.args.get("start")?.constant;
  const length = call.args.get("length")?.constant;
  if (axis.kind === "all" || start?.kind !== "int" || length?.kind !== "int") {
    return { ok: false, argument: "length", reason: "axis, start and length decide a shape, so they must be known while compiling" };
  }
  const size = dimNumber(operand.shape[axis.axis]);
  if (start.value < 0n || length.value < 0n) return { ok: false, argument: start.value < 0n ? "start" : "length", reason: "it cannot be negative" };
  if (size !== undefined && Number(start.value + length.value) > size) {
    return { ok: false, argument: "length", reason: `${start.value} + ${length.value} is past the end of an axis of ${size}` };
  }
  const shape = operand.shape.map((dim, index) => (index === axis.axis ? dimOf(length.value) : dim));
  return { ok: true, type: { kind: "tensor", dtype: operand.dtype, shape } };
}
