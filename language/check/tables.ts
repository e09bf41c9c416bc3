/** `const t = read csv(f) as Port |> table(by: .code)`: a lookup table, loaded once per worker. */
import { streamCodes } from "../diagnostics/codes/streams.ts";
import type { Declaration } from "../names/resolved-program.ts";
import type { CallExpr, Expr as AstExpr, PipeExpr } from "../syntax/ast.ts";
import type { CheckedConstant, Stream } from "./checked-program.ts";
import { complainStreamConstant } from "./constants.ts";
import { complain } from "./context.ts";
import type { Scope } from "./context.ts";
import { checkExpr } from "./expr.ts";
import { scopeOver, viewStream } from "./flow.ts";
import type { Flow } from "./flow.ts";
import { withBytesMax } from "./pipelines.ts";
import { hasError } from "./pattern.ts";
import { printType } from "./print-type.ts";
import { takeArguments } from "./step-arguments.ts";
import { checkStream } from "./streams.ts";

type ConstDeclaration = Extract<Declaration, { kind: "const" }>;

export function checkTable(scope: Scope, declaration: ConstDeclaration): Extract<CheckedConstant, { kind: "table" }> | undefined {
  const { cx } = scope;
  const { value } = declaration.item;
  const last = value.kind === "pipe" ? value.steps.at(-1) : undefined;
  if (value.kind !== "pipe" || last === undefined || last.step.kind !== "call" || last.step.callee.name !== "table") {
    complainStreamConstant(cx, declaration);
    return undefined;
  }
  const flow: Flow = { scope, streams: [], known: [] };
  const before: AstExpr = beforeLast(value);
  const id = checkStream(flow, before);
  const step: CallExpr = last.step;
  const by = takeArguments(cx, step, ["by"], []).get("by");
  if (id === undefined || by === undefined) return undefined;
  const view = viewStream(flow, id);
  const key = checkExpr(scopeOver(flow, view), by.value);
  const odd = flow.streams.find((stream) => stream.kind !== "read" && stream.kind !== "map" && stream.kind !== "filter");
  if (odd !== undefined) {
    complain(cx, streamCodes.tableStep, { step: odd.kind }, { at: odd.span, reason: "a table is loaded row by row: between `read` and `table` there may be maps and filters" });
    return undefined;
  }
  if (hasError(key.type)) return undefined;
  const isKey = key.type.kind === "string" || key.type.kind === "bytes" || (key.type.kind === "tensor" && key.type.shape.length === 0);
  if (!isKey) {
    complain(cx, streamCodes.key, { found: printType(key.type) }, { at: by.value.span, reason: "rows are looked up by a number, a truth value, a string or bytes" });
    return undefined;
  }
  const [first, ...rest] = flow.streams;
  if (first?.kind !== "read" || view.known.open) return undefined;
  const steps: readonly Stream[] = withBytesMax([first, ...rest], scope.dims, {});
  return {
    kind: "table", symbol: cx.newSymbol(declaration.name), name: declaration.name, read: first.read, steps, key,
    type: { kind: "table", key: key.type, row: view.row }, span: declaration.span,
  };
}

function beforeLast(pipe: PipeExpr): AstExpr {
  const steps = pipe.steps.slice(0, -1);
  return steps.length === 0 && pipe.settings === undefined ? pipe.source : { ...pipe, steps };
}
