/** The result type of operators that map each element of a float tensor. */
import type { OperatorCall, OperatorResult } from "../../language/catalog/catalog.ts";
import { constantAxis, floatOnly } from "./infer-reduction.ts";

/** The operand's own type, if it is float and has the axis that `axis` names. */
export function inferSameFloat(call: OperatorCall): OperatorResult {
  const operand = call.args.get("x")?.type;
  if (operand?.kind !== "tensor") return { ok: false, argument: "x", reason: "it takes a tensor" };
  const dtype = floatOnly(operand.dtype);
  if (typeof dtype === "object") return { ok: false, argument: "x", reason: dtype.reason };
  const axis = constantAxis(call, operand);
  if (axis.kind === "refused") return { ok: false, argument: "axis", reason: axis.reason };
  return { ok: true, type: operand };
}
