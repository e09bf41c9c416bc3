/** Checks that `mean` and `std` fit the channel axis; the result has the operand's type. */
import type { OperatorCall, OperatorResult } from "../../../language/catalog/catalog.ts";
import { dimNumber, dimOf } from "../../../language/tensor/dim.ts";
import type { TensorValueType } from "../../../language/catalog/value-type.ts";
import { constantAxis } from "../../support/infer-reduction.ts";

export function inferNormalize(call: OperatorCall): OperatorResult {
  const operand = call.args.get("x")?.type;
  if (operand?.kind !== "tensor") return { ok: false, argument: "x", reason: "it takes a tensor" };
  const axis = constantAxis(call, operand);
  if (axis.kind !== "axis") return { ok: false, argument: "axis", reason: axis.kind === "refused" ? axis.reason : "the channel axis must be named" };
  const channels = dimNumber(operand.shape[axis.axis]);
  for (const name of ["mean", "std"]) {
    const length = lengthOf(call.args.get(name)?.type, call.args.get(name)?.constant);
    if (channels !== undefined && length !== undefined && length !== 1 && length !== channels) {
      return { ok: false, argument: name, reason: `it has ${length} values and axis ${axis.axis} of the tensor ${channels}` };
    }
  }
  return { ok: true, type: operand };
}

function lengthOf(type: { readonly kind: string } | TensorValueType | undefined, constant: { readonly kind: string; readonly items?: readonly unknown[] } | undefined): number | undefined {
  if (constant?.kind === "list") return constant.items?.length;
  if (type?.kind === "tensor" && "shape" in type && type.shape.length === 1) return dimNumber(type.shape[0] ?? dimOf(0));
  return undefined;
}
