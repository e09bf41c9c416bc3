/** The result type of operators that decide it themselves (`infer`), with dimensions of their own made fresh. */
import type { ConstantValue } from "../catalog/constant-value.ts";
import type { OperatorDescriptor } from "../catalog/catalog.ts";
import type { ValueType } from "../catalog/value-type.ts";
import { typeCodes } from "../diagnostics/codes/types.ts";
import { report } from "../diagnostics/diagnostic.ts";
import type { Diagnostic } from "../diagnostics/diagnostic.ts";
import type { Span } from "../source/span.ts";
import { substituteBound } from "./match.ts";
import type { CallResult } from "./call.ts";
import { assume } from "./call.ts";
import type { Expr } from "./checked-program.ts";
import type { Scope } from "./context.ts";
import { freshDim, loneName } from "./dim-scope.ts";
import { markName, markSignature } from "./hygiene.ts";
import { constantOfExpr } from "./named-constant.ts";
import type { Pattern } from "./pattern.ts";
import { asValueType, bindElementDims, namesIn } from "./read-type.ts";
import type { Signature } from "./signature.ts";
import { substituteDim } from "../tensor/evaluate-dim.ts";
import type { Dim } from "../tensor/dim.ts";

export type Inferred = { readonly ok: true; readonly type: ValueType } | { readonly ok: false; readonly diagnostic: Diagnostic };

export function inferResult(
  scope: Scope, operator: OperatorDescriptor, signature: Signature, call: Extract<CallResult, { ok: true }>, span: Span,
): Inferred | undefined {
  if (operator.infer === undefined) return undefined;
  const made = new Set<string>();
  const args = new Map(Object.entries(call.args).map(([name, expr]) => [name, lazyArgument(scope, expr)]));
  const result = operator.infer({ args, freshDim: (hint) => makeDim(scope, signature, call, hint, span, made) });
  if (result.ok) return { ok: true, type: ownElementDims(result.type, made) };
  const at = result.argument === undefined ? span : (call.args[result.argument]?.span ?? span);
  const what = result.argument === undefined ? `operator \`${operator.name}\`` : `argument \`${result.argument}\` of operator \`${operator.name}\``;
  return { ok: false, diagnostic: report(typeCodes.refused, { what }, { at, reason: `${result.reason}` }) };
}

/** The constant is worked out when asked for: asking fixes the params in it at build. */
function lazyArgument(scope: Scope, expr: Expr): { readonly type: ValueType; readonly constant?: ConstantValue } {
  return {
    type: expr.type,
    get constant() {
      return constantOfExpr(scope.cx, expr, (fix) => fix());
    },
  };
}

function makeDim(scope: Scope, signature: Signature, call: Extract<CallResult, { ok: true }>, hint: string, span: Span, made: Set<string>): Dim {
  const dim = freshDim(scope.dims, hint, { span, text: `\`${hint}\` is made by ${signature.title} here` });
  const name = loneName(dim);
  if (name !== undefined) made.add(name);
  const inner = markName(hint);
  const own = new Map([[inner, dim]]);
  for (const bound of markSignature(signature).bounds) {
    const put = (side: Dim): Dim => substituteBound({ ...call.matching, dims: withoutName(call.matching.dims, inner) }, substituteDim(side, own));
    if (namesIn([{ kind: "tensor", dtype: "i64", shape: [bound.left, bound.right] }]).has(inner)) assume(scope, put(bound.left), put(bound.right), bound.op);
  }
  return dim;
}

function withoutName<T>(map: ReadonlyMap<string, T>, name: string): Map<string, T> {
  const copy = new Map(map);
  copy.delete(name);
  return copy;
}

/** New dimensions that occur only inside a list's elements are each element's own. */
function ownElementDims(type: ValueType, made: ReadonlySet<string>): ValueType {
  const pattern: Pattern = type;
  const outside = new Set([...namesIn([pattern])].filter((name) => !made.has(name)));
  return asValueType(bindElementDims(pattern, outside)) ?? type;
}
