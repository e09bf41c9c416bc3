/** Calls of operators, functions, externs and models, and `a |> f(b)`, which is `f(a, b)`. */
import type { OperatorDescriptor } from "../catalog/catalog.ts";
import { modelCodes } from "../diagnostics/codes/models.ts";
import { nameCodes } from "../diagnostics/codes/names.ts";
import { settingCodes } from "../diagnostics/codes/settings.ts";
import { streamCodes } from "../diagnostics/codes/streams.ts";
import { typeCodes } from "../diagnostics/codes/types.ts";
import { report } from "../diagnostics/diagnostic.ts";
import type { Diagnostic } from "../diagnostics/diagnostic.ts";
import { suggest } from "../diagnostics/suggest.ts";
import { describeDeclaration } from "../names/resolved-program.ts";
import type { Declaration } from "../names/resolved-program.ts";
import type { Span } from "../source/span.ts";
import type { CallExpr, Identifier, PipeExpr } from "../syntax/ast.ts";
import { argumentsFit, callSignature } from "./call.ts";
import type { CallArgument, CallResult } from "./call.ts";
import type { Expr } from "./checked-program.ts";
import { complain, errorExpr } from "./context.ts";
import type { Scope } from "./context.ts";
import { checkExpr } from "./expr.ts";
import { externFor, functionFor } from "./functions.ts";
import { inferResult } from "./infer-result.ts";
import { checkModelCall, modelFor } from "./models.ts";
import { signaturesOf } from "./operators.ts";
import { isError } from "./pattern.ts";
import type { Signature, SignatureParam } from "./signature.ts";
import { checkTestCall, isTestCall } from "./test-calls.ts";

export function checkCall(scope: Scope, ast: CallExpr): Expr {
  return checkCallWith(scope, ast, []);
}

/** A run of steps over a value. */
export function checkValuePipe(scope: Scope, ast: PipeExpr): Expr {
  if (ast.settings !== undefined) complainSettings(scope, ast.settings.span);
  let value = checkExpr(scope, ast.source);
  for (const { step, settings } of ast.steps) {
    if (settings !== undefined) complainSettings(scope, settings.span);
    if (step.kind === "missing") return errorExpr(ast.span);
    if (step.kind === "recordExpr") {
      if (!isError(value.type)) {
        complain(scope.cx, streamCodes.recordStep, {}, {
          at: step.span, others: [{ span: value.span, text: "this is a value, not a stream" }],
          reason: "`|> { ... }` maps the rows of a stream; a value is taken apart with `value.field`",
        });
      }
      return errorExpr(ast.span);
    }
    value = checkCallWith(scope, step, [value]);
    value = { ...value, span: { ...ast.span, end: step.span.end } };
  }
  return value;
}

function complainSettings(scope: Scope, span: Span): void {
  complain(scope.cx, settingCodes.noStage, {}, { at: span, reason: "`with` after an expression sets how a stage of a pipeline runs; a value inside a row has no stage of its own" });
}

/** A call with `first` put before its arguments. */
function checkCallWith(scope: Scope, ast: CallExpr, first: readonly Expr[]): Expr {
  const { cx, module } = scope;
  const { callee, span } = ast;
  if (callee.name === "") return errorExpr(span);
  if (scope.test !== undefined && isTestCall(callee.name) && !module.scope.has(callee.name)) return checkTestCall(scope, ast);
  const declared = module.scope.get(callee.name);
  if (declared !== undefined) cx.used.add(declared);
  const args = checkArguments(scope, ast, first);
  const broken = args.some((arg) => isError(arg.expr.type));
  if (declared !== undefined && declared.kind !== "operator") return callDeclared(scope, ast, declared, args, broken);
  const name = declared === undefined ? callee.name : declared.name;
  const operator = cx.catalog.operators.get(name);
  if (operator === undefined) {
    complainUnknownOperator(scope, callee);
    return errorExpr(span);
  }
  return broken ? errorExpr(span) : callOperator(scope, ast, operator, args);
}

function checkArguments(scope: Scope, ast: CallExpr, first: readonly Expr[]): readonly CallArgument[] {
  const given = ast.args.map((arg) => ({ name: arg.name, expr: checkExpr(arg.name?.name === "auth" ? { ...scope, secrets: true } : scope, arg.value) }));
  return [...first.map((expr) => ({ name: undefined, expr })), ...given];
}

function callDeclared(scope: Scope, ast: CallExpr, declared: Declaration, args: readonly CallArgument[], broken: boolean): Expr {
  const { cx } = scope;
  const { span } = ast;
  switch (declared.kind) {
    case "broken": return errorExpr(span);
    case "fn": {
      const known = functionFor(cx, declared);
      if (known === undefined || broken) return errorExpr(span);
      const result = callSignature(scope, known.signature, args, span);
      const { fn } = known;
      return finish(scope, result, span, (values, type) => ({ kind: "function", symbol: fn.symbol, args: fn.parameters.flatMap((param) => values[param.name] ?? []), async: fn.async, type, span }));
    }
    case "extern": {
      const known = externFor(cx, declared);
      if (known === undefined || broken) return errorExpr(span);
      const result = callSignature(scope, known.signature, args, span);
      const { extern } = known;
      return finish(scope, result, span, (values, type) => ({ kind: "extern", symbol: extern.symbol, args: extern.parameters.flatMap((param) => values[param.name] ?? []), type, span }));
    }
    case "model": {
      const known = modelFor(cx, declared);
      complainModelPlace(scope, declared.name, ast);
      if (known.model === undefined || known.signature === undefined || broken) return errorExpr(span);
      const result = checkModelCall(scope, known.model, known.signature, args, span);
      const { model } = known;
      return finish(scope, result, span, (values, type) => ({ kind: "model", symbol: model.symbol, args: model.inputs.flatMap((input) => values[input.name] ?? []), type, span }));
    }
    default:
      complain(cx, nameCodes.wrongKind, { name: declared.name, found: describeDeclaration(declared.kind), wanted: "something to call" }, {
        at: ast.callee.span, others: [{ span: declared.span, text: "declared here" }],
      });
      return errorExpr(span);
  }
}

function finish(scope: Scope, result: CallResult, span: Span, make: (args: Readonly<Record<string, Expr>>, type: Expr["type"]) => Expr): Expr {
  if (result.ok) {
    result.commit();
    return make(result.args, result.type);
  }
  scope.cx.diagnostics.push(result.diagnostic);
  return errorExpr(span);
}

function complainModelPlace(scope: Scope, name: string, ast: CallExpr): void {
  if (scope.models === "allowed") return;
  complain(scope.cx, modelCodes.modelPlace, { name }, {
    at: ast.span,
    reason: scope.models === "conditional"
      ? "a model runs over batches of rows, so every row of the step calls it: take the call out of the condition"
      : "a model runs over batches of rows, which only a step of a pipeline has: call it in a `{ ... }` step",
  });
}

function callOperator(scope: Scope, ast: CallExpr, operator: OperatorDescriptor, args: readonly CallArgument[]): Expr {
  const { cx } = scope;
  const { span } = ast;
  if (operator.kind === "row") {
    complain(cx, streamCodes.rowOperator, { name: operator.name }, { at: ast.callee.span, reason: `\`${operator.name}\` is a step over a stream: \`rows |> ${operator.name}(...)\`` });
    return errorExpr(span);
  }
  const signatures = signaturesOf(cx, operator);
  if (signatures.length === 0) {
    complain(cx, streamCodes.aggregateOnly, { name: operator.name }, { at: ast.callee.span, reason: `\`${operator.name}\` folds the children of \`implode\` and works nowhere else` });
    return errorExpr(span);
  }
  const chosen = chooseSignature(scope, signatures, args, span);
  if (!chosen.ok) {
    cx.diagnostics.push(chosen.diagnostic);
    return errorExpr(span);
  }
  const { result, signature } = chosen;
  const inferred = operator.infer === undefined ? undefined : inferResult(scope, operator, signature, result, span);
  if (inferred !== undefined && !inferred.ok) {
    cx.diagnostics.push(inferred.diagnostic);
    return errorExpr(span);
  }
  result.commit();
  return { kind: "operator", operator: operator.name, args: result.args, async: operator.async, type: inferred?.type ?? result.type, span };
}

type Chosen =
  | { readonly ok: true; readonly signature: Signature; readonly result: Extract<CallResult, { ok: true }> }
  | { readonly ok: false; readonly diagnostic: Diagnostic };

/** The first signature that fits; if none does, the words of the one that got furthest. */
export function chooseSignature(scope: Scope, signatures: readonly Signature[], args: readonly CallArgument[], span: Span): Chosen {
  let best: Extract<CallResult, { ok: false }> | undefined;
  for (const signature of signatures) {
    const result = callSignature(scope, signature, args, span);
    if (result.ok) return { ok: true, signature, result };
    if (best === undefined || result.progress > best.progress) best = result;
  }
  const diagnostic = best?.diagnostic ?? report(typeCodes.noOperator, { operator: "()", types: "nothing" }, { at: span });
  if (signatures.length < 2 || best === undefined || best.progress >= argumentsFit) return { ok: false, diagnostic };
  // Which arguments belong together is what a caller got wrong, so the ways to call are shown.
  const forms = signatures.map((signature) => `(${signature.params.map(printParam).join(", ")})`);
  return { ok: false, diagnostic: { ...diagnostic, reason: `it takes ${forms.join(", or ")}` } };
}

function printParam(param: SignatureParam): string {
  return `${param.name}${param.default !== undefined || param.type.kind === "optional" ? "?" : ""}`;
}

function complainUnknownOperator(scope: Scope, callee: Identifier): void {
  const { cx, module } = scope;
  const own = [...module.scope].filter(([, declaration]) => declaration.kind === "fn" || declaration.kind === "extern" || declaration.kind === "model").map(([name]) => name);
  const values = [...cx.catalog.operators.values()].filter((operator) => operator.kind !== "row").map((operator) => operator.name);
  const near = suggest(callee.name, [...own, ...values]);
  complain(cx, nameCodes.unknownOperator, { name: callee.name }, {
    at: callee.span,
    reason: "no function, extern or model of this file has that name, and neither has an operator of the standard library",
    ...(near === undefined ? {} : { fix: { text: `write \`${near}\``, edits: [{ span: callee.span, replacement: near }] } }),
  });
}
