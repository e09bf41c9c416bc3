/** The result type of operators that fold one axis of a tensor away, or all of them. */
import type { OperatorCall, OperatorResult } from "../../language/catalog/catalog.ts";
import type { TensorValueType } from "../../language/catalog/value-type.ts";
import type { Dtype } from "../../language/tensor/dtype.ts";

/**
 * With `axis` given: the tensor without that axis; without: a scalar. `dtypeOf` maps the operand's dtype to the
 * result's, or says why there is none.
 */
export function inferReduction(call: OperatorCall, dtypeOf: (dtype: Dtype) => Dtype | { readonly reason: string }): OperatorResult {
  const operand = call.args.get("x")?.type;
  if (operand?.kind !== "tensor") return { ok: false, argument: "x", reason: "it takes a tensor" };
  const dtype = dtypeOf(operand.dtype);
  if (typeof dtype === "object") return { ok: false, argument: "x", reason: dtype.reason };
  const axis = constantAxis(call, operand);
  if (axis.kind === "all") return { ok: true, type: { kind: "tensor", dtype, shape: [] } };
  if (axis.kind === "refused") return { ok: false, argument: "axis", reason: axis.reason };
  return { ok: true, type: { kind: "tensor", dtype, shape: operand.shape.filter((_, index) => index !== axis.axis) } };
}

/** As an aggregate over children: what each child has, if it has numbers. */
export function inferFold(call: OperatorCall, dtypeOf: (dtype: Dtype) => Dtype | { readonly reason: string }): OperatorResult {
  const operand = call.args.get("x")?.type;
  if (operand?.kind !== "tensor") return { ok: false, argument: "x", reason: "it takes numbers or tensors" };
  const dtype = dtypeOf(operand.dtype);
  return typeof dtype === "object" ? { ok: false, argument: "x", reason: dtype.reason } : { ok: true, type: { ...operand, dtype } };
}

export type AxisArgument =
  | { readonly kind: "all" }
  | { readonly kind: "axis"; readonly axis: number }
  | { readonly kind: "refused"; readonly reason: string };

/** The `axis` argument as an index from the front; `null` or absent means all axes. */
export function constantAxis(call: OperatorCall, operand: TensorValueType, name = "axis"): AxisArgument {
  const argument = call.args.get(name);
  if (argument === undefined || argument.constant?.kind === "null") return { kind: "all" };
  if (argument.constant?.kind !== "int") return { kind: "refused", reason: "an axis decides a shape, so it must be known while compiling" };
  const rank = operand.shape.length;
  const given = Number(argument.constant.value);
  const axis = given < 0 ? given + rank : given;
  if (axis < 0 || axis >= rank) {
    return { kind: "refused", reason: rank === 0 ? "a scalar has no axes" : `a tensor of rank ${rank} has axes 0 to ${rank - 1} (or -${rank} to -1)` };
  }
  return { kind: "axis", axis };
}

const FLOATS: readonly Dtype[] = ["f16", "bf16", "f32", "f64"];

/** The same float dtype, or why not. */
export function floatOnly(dtype: Dtype): Dtype | { readonly reason: string } {
  return FLOATS.includes(dtype) ? dtype : { reason: `it takes floats, and this is ${dtype}; convert with \`as\` first` };
}

/** The same dtype, any number. */
export function numberOnly(dtype: Dtype): Dtype | { readonly reason: string } {
  return dtype === "bool" || dtype === "string" ? { reason: `it takes numbers, and this is ${dtype}` } : dtype;
}
