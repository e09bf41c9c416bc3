/** The shape of a transposed tensor. */
import type { OperatorCall, OperatorResult } from "../../../language/catalog/catalog.ts";

export function inferTranspose(call: OperatorCall): OperatorResult {
  const operand = call.args.get("x")?.type;
  if (operand?.kind !== "tensor") return { ok: false, argument: "x", reason: "it takes a tensor" };
  const argument = call.args.get("axes")?.constant;
  if (argument === undefined && call.args.has("axes")) return { ok: false, argument: "axes", reason: "axes decide a shape, so they must be known while compiling" };
  const rank = operand.shape.length;
  const axes =
    argument?.kind === "list"
      ? argument.items.map((item) => (item.kind === "int" ? Number(item.value) : Number.NaN))
      : operand.shape.map((_, index) => rank - 1 - index);
  const valid = axes.length === rank && axes.every((axis) => axis >= 0 && axis < rank) && new Set(axes).size === rank;
  if (!valid) return { ok: false, argument: "axes", reason: `a tensor of rank ${rank} needs each of its axes 0 to ${rank - 1} once` };
  return { ok: true, type: { kind: "tensor", dtype: operand.dtype, shape: axes.map((axis) => operand.shape[axis]) } };
}
