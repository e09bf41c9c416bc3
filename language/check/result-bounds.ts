/** What a function's `where` says of its result must hold of what the body makes. */
import { dimCodes } from "../diagnostics/codes/dims.ts";
import type { Span } from "../source/span.ts";
import type { Dim } from "../tensor/dim.ts";
import { complain } from "./context.ts";
import type { Scope } from "./context.ts";
import { describeBounds, provedAtMost, provedEqual } from "./dim-scope.ts";
import type { Signature } from "./signature.ts";
import { showDim } from "./print-type.ts";

/** `put` replaces the names of the signature by what the body's result bound them to. */
export function proveResultBounds(scope: Scope, signature: Signature, put: (dim: Dim) => Dim, body: Span): void {
  for (const bound of signature.bounds) {
    const left = put(bound.left);
    const right = put(bound.right);
    const proved = bound.op === "==" ? provedEqual(scope.dims, left, right) : provedAtMost(scope.dims, left, right);
    if (proved) continue;
    const known = describeBounds(scope.dims, left);
    complain(scope.cx, dimCodes.boundNotProved, { bound: `${showDim(bound.left)} ${bound.op} ${showDim(bound.right)}` }, {
      at: body,
      label: `the result has \`${showDim(left)}\` here`,
      others: bound.span === undefined ? [] : [{ span: bound.span, text: "promised here" }],
      reason: `${signature.title} promises it to its callers${known === undefined ? "" : `, and ${known}`}`,
      fix: { text: "bound the dimension where it is made (an argument such as `max_width:`), or raise the promise", edits: [] },
    });
  }
}
