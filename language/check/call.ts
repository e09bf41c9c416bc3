/**
 * Types a call against a signature: arguments to parameters, dimensions bound and compared, `where` proved, the result
 * with fresh names for what nothing binds. Reports nothing: a call that does not fit gives a diagnostic to its caller,
 * who may have other signatures to try.
 */
import type { ConstantValue } from "../catalog/constant-value.ts";
import type { ValueType } from "../catalog/value-type.ts";
import { dimCodes } from "../diagnostics/codes/dims.ts";
import { typeCodes } from "../diagnostics/codes/types.ts";
import { report } from "../diagnostics/diagnostic.ts";
import type { Diagnostic } from "../diagnostics/diagnostic.ts";
import { suggest } from "../diagnostics/suggest.ts";
import type { Span } from "../source/span.ts";
import type { Identifier } from "../syntax/ast.ts";
import { constantOf, dimOf } from "../tensor/dim.ts";
import type { Dim } from "../tensor/dim.ts";
import { freeNames } from "../tensor/evaluate-dim.ts";
import type { Expr } from "./checked-program.ts";
import type { Scope } from "./context.ts";
import { addLowerBound, addUpperBound, describeBounds, freshDim, provedAtMost, provedEqual, upperBound } from "./dim-scope.ts";
import { fit, isFlexible } from "./fit.ts";
import { createMatching, instantiate, settleDeferred, substituteBound } from "./match.ts";
import type { Matching } from "./match.ts";
import { markName, markSignature, unmarkName } from "./hygiene.ts";
import { mismatchDiagnostic } from "./mismatch.ts";
import { dimOfValue } from "./value-dim.ts";
import type { Signature, SignatureBound, SignatureParam } from "./signature.ts";
import { showDim } from "./print-type.ts";

export interface CallArgument {
  readonly name: Identifier | undefined;
  readonly expr: Expr;
}

export type CallResult =
  | { readonly ok: true; readonly args: Readonly<Record<string, Expr>>; readonly type: ValueType; readonly matching: Matching; readonly commit: () => void }
  /** `progress`: how far the call got, to choose between signatures. */
  | { readonly ok: false; readonly diagnostic: Diagnostic; readonly progress: number };

/** The progress of a call whose arguments all have a parameter. */
export const argumentsFit = 10;

/** Types one call. `commit` records what the call fixes (params at build); call it once the signature is chosen. */
export function callSignature(scope: Scope, declared: Signature, args: readonly CallArgument[], span: Span): CallResult {
  const signature = markSignature(declared);
  const assigned = assignArguments(signature, args, span);
  if (!assigned.ok) return assigned;
  const m = createMatching(scope.dims, signature.dimNames);
  const fixes: (() => void)[] = [];
  const fitted = new Map<string, Expr>();
  // What has a type of its own decides first; numbers as written take the dtype it decided.
  const order = [...assigned.args].sort(([, a], [, b]) => Number(isFlexible(a)) - Number(isFlexible(b)));
  let progress = argumentsFit;
  for (const [param, expr] of order) {
    const by = `argument \`${param.name}\``;
    const bound = bindValueDim(scope, m, signature, param, expr, fixes);
    const result = bound ?? fit(m, expr, param.type, by);
    if (!result.ok) return { ok: false, progress, diagnostic: "diagnostic" in result ? result.diagnostic : argumentMismatch(signature, param, result) };
    fitted.set(param.name, result.expr);
    progress++;
  }
  const unsettled = settleDeferred(m);
  if (unsettled !== undefined) {
    return { ok: false, progress, diagnostic: mismatchDiagnostic(unsettled.mismatch, unsettled.span, { reason: `the signature of ${signature.title} says so` }) };
  }
  const failed = proveBounds(scope, m, signature, span);
  if (failed !== undefined) return { ok: false, progress: progress + 1, diagnostic: failed };
  bindFresh(scope, m, signature, span);
  return {
    ok: true, type: instantiate(m, signature.result), args: withDefaults(signature, fitted, span), matching: m,
    commit: () => fixes.forEach((fix) => fix()),
  };
}

type Assigned =
  | { readonly ok: true; readonly args: readonly (readonly [SignatureParam, Expr])[] }
  | { readonly ok: false; readonly diagnostic: Diagnostic; readonly progress: number };

function assignArguments(signature: Signature, args: readonly CallArgument[], span: Span): Assigned {
  const assigned = new Map<SignatureParam, Expr>();
  const positional = args.filter((arg) => arg.name === undefined);
  const names = signature.params.map((param) => param.name);
  const takes = `${signature.title} takes ${names.length === 0 ? "no arguments" : names.map((name) => `\`${name}\``).join(", ")}`;
  for (const [index, arg] of positional.entries()) {
    const param = signature.params[index];
    if (param !== undefined) assigned.set(param, arg.expr);
    else {
      const params = { callee: signature.title, count: signature.params.length };
      return { ok: false, progress: 0, diagnostic: report(typeCodes.tooManyArguments, params, { at: arg.expr.span, reason: takes }) };
    }
  }
  for (const { name, expr } of args) {
    if (name === undefined) continue;
    const param = signature.params.find((candidate) => candidate.name === name.name);
    if (param === undefined) {
      const near = suggest(name.name, names);
      const fix = near === undefined ? {} : { fix: { text: `write \`${near}\``, edits: [{ span: name.span, replacement: near }] } };
      return { ok: false, progress: 1, diagnostic: report(typeCodes.unknownArgument, { callee: signature.title, name: name.name }, { at: name.span, reason: takes, ...fix }) };
    }
    const earlier = assigned.get(param);
    if (earlier !== undefined) {
      return { ok: false, progress: 1, diagnostic: report(typeCodes.argumentTwice, { name: param.name }, { at: expr.span, others: [{ span: earlier.span, text: "given here already" }] }) };
    }
    assigned.set(param, expr);
  }
  const missing = signature.params.filter((param) => !assigned.has(param) && param.default === undefined && param.type.kind !== "optional");
  if (missing.length > 0) {
    const others = missing[0]?.span === undefined ? {} : { others: [{ span: missing[0].span, text: "declared here" }] };
    const params = { callee: signature.title, names: missing.map((param) => `\`${param.name}\``).join(", ") };
    return { ok: false, progress: 2, diagnostic: report(typeCodes.missingArgument, params, { at: span, reason: takes, ...others }) };
  }
  return { ok: true, args: signature.params.flatMap((param) => {
    const expr = assigned.get(param);
    return expr === undefined ? [] : [[param, expr] as const];
  }) };
}

/** An `int` parameter that shapes mention is a dimension: its argument must be one while compiling. */
function bindValueDim(
  scope: Scope, m: Matching, signature: Signature, param: SignatureParam, expr: Expr, fixes: (() => void)[],
): { readonly ok: true; readonly expr: Expr } | { readonly ok: false; readonly diagnostic: Diagnostic } | undefined {
  if (!signature.valueDims.has(param.name) || expr.type.kind === "error") return undefined;
  if (expr.kind === "constant" && expr.value.kind === "null") return undefined;
  const own = fit(createMatching(scope.dims, []), expr, param.type, "");
  if (!own.ok) return undefined;
  const dim = dimOfValue(scope, expr, (fix) => fixes.push(fix));
  if (dim === undefined) {
    return { ok: false, diagnostic: report(typeCodes.notConstant, { what: `argument \`${param.name}\`` }, {
      at: expr.span,
      reason: `it decides a shape in the result of ${signature.title}, and shapes are known before the first row`,
      ...(param.span === undefined ? {} : { others: [{ span: param.span, text: "the parameter" }] }),
    }) };
  }
  if (!provedAtMost(scope.dims, dimOf(0), dim)) {
    return { ok: false, diagnostic: report(dimCodes.negativeDimension, { dim: showDim(dim) }, { at: expr.span, reason: `argument \`${param.name}\` of ${signature.title} is a dimension` }) };
  }
  m.dims.set(markName(param.name), { dim, span: expr.span, by: `argument \`${param.name}\`` });
  return own;
}

function argumentMismatch(signature: Signature, param: SignatureParam, result: { readonly mismatch: Parameters<typeof mismatchDiagnostic>[0]; readonly span: Span }): Diagnostic {
  const where = param.span === undefined ? {} : { declared: { span: param.span, text: `parameter \`${param.name}\` is declared here` } };
  return mismatchDiagnostic(result.mismatch, result.span, { reason: `parameter \`${param.name}\` of ${signature.title} asks for it`, ...where });
}

/** Arguments left out take their default, or null. */
function withDefaults(signature: Signature, fitted: ReadonlyMap<string, Expr>, span: Span): Record<string, Expr> {
  const all: Record<string, Expr> = {};
  for (const param of signature.params) {
    const given = fitted.get(param.name);
    if (given !== undefined) all[param.name] = given;
    else {
      const value: ConstantValue = param.default ?? { kind: "null" };
      const type: ValueType = value.kind === "null" ? { kind: "null" } : typeOfDefault(param, value);
      all[param.name] = { kind: "constant", value, type, span };
    }
  }
  return all;
}

function typeOfDefault(param: SignatureParam, value: ConstantValue): ValueType {
  const wanted = param.type.kind === "optional" ? param.type.inner : param.type;
  if (wanted.kind === "tensor") return { kind: "tensor", dtype: typeof wanted.dtype === "string" ? wanted.dtype : value.kind === "float" ? "f64" : "i64", shape: [] };
  if (wanted.kind === "string") return wanted;
  if (wanted.kind === "quantity") return wanted;
  if (wanted.kind === "list" && value.kind === "list") {
    return { kind: "list", element: { kind: "tensor", dtype: value.items[0]?.kind === "float" ? "f64" : "i64", shape: [] }, lengthMax: value.items.length };
  }
  return value.kind === "bool" ? { kind: "tensor", dtype: "bool", shape: [] } : { kind: "string" };
}

/** What `where` says of names that arguments bound must be proved. */
function proveBounds(scope: Scope, m: Matching, signature: Signature, span: Span): Diagnostic | undefined {
  for (const bound of signature.bounds) {
    if (openNames(m, signature, bound).length > 0 || skipped(m, signature, bound)) continue;
    const left = substituteBound(m, bound.left);
    const right = substituteBound(m, bound.right);
    const proved = bound.op === "==" ? provedEqual(scope.dims, left, right) : provedAtMost(scope.dims, left, right);
    if (proved) continue;
    const known = describeBounds(scope.dims, left);
    const asked = `${signature.title} asks for \`${showDim(bound.left)} ${bound.op} ${showDim(bound.right)}\``;
    const from = [...freeNames(bound.left)].flatMap((name) => {
      const at = m.dims.get(name);
      return at === undefined ? [] : [{ span: at.span, text: `\`${unmarkName(name)}\` is \`${showDim(at.dim)}\` here` }];
    });
    const first = from[0];
    return report(dimCodes.boundNotProved, { bound: `${showDim(left)} ${bound.op} ${showDim(right)}` }, {
      at: first?.span ?? span,
      label: first?.text ?? "",
      others: bound.span === undefined ? [] : [{ span: bound.span, text: "asked for here" }],
      reason: known === undefined ? `${asked}` : `${asked}, and ${known}`,
      ...(constantOf(left) === undefined ? { fix: { text: "bound the dimension where it is made (`where`, `max:`), or narrow the value with `as tensor<...>[...]`", edits: [] } } : {}),
    });
  }
  return undefined;
}

function openNames(m: Matching, signature: Signature, bound: SignatureBound): readonly string[] {
  return [...freeNames(bound.left), ...freeNames(bound.right)].filter((name) => signature.dimNames.has(name) && !m.dims.has(name) && !signature.valueDims.has(unmarkName(name)));
}

/** A bound by a value that was left out (`max_width: null`) says nothing. */
function skipped(m: Matching, signature: Signature, bound: SignatureBound): boolean {
  return [...freeNames(bound.left), ...freeNames(bound.right)].some((name) => signature.valueDims.has(unmarkName(name)) && !m.dims.has(name));
}

/** Names that nothing bound stand for something new in each call; `where` says what is known of them. */
function bindFresh(scope: Scope, m: Matching, signature: Signature, span: Span): void {
  bindDefaults(m, signature, span);
  const open: SignatureBound[] = signature.bounds.filter((bound) => openNames(m, signature, bound).length > 0 && !skipped(m, signature, bound));
  for (const name of signature.dimNames) {
    if (m.dims.has(name) || signature.valueDims.has(unmarkName(name))) continue;
    const hint = unmarkName(name);
    const origin = { span, text: `\`${hint}\` is made by ${signature.title} here` };
    m.dims.set(name, { dim: freshDim(scope.dims, hint, origin), span, by: signature.title });
  }
  for (const bound of open) assume(scope, substituteBound(m, bound.left), substituteBound(m, bound.right), bound.op);
}

function bindDefaults(m: Matching, signature: Signature, span: Span): void {
  for (const param of signature.params) {
    const name = markName(param.name);
    if (signature.valueDims.has(param.name) && !m.dims.has(name) && param.default?.kind === "int") {
      m.dims.set(name, { dim: dimOf(param.default.value), span, by: "a default" });
    }
  }
}

/** Takes `left <= right` (or `==`) for granted. */
export function assume(scope: Pick<Scope, "dims">, left: Dim, right: Dim, op: "<=" | "=="): void {
  const high = upperBound(scope.dims, right);
  if (high !== undefined) addUpperBound(scope.dims, left, high);
  const low = constantOf(left);
  if (low !== undefined) addLowerBound(scope.dims, right, low);
  const exact = constantOf(right);
  if (op === "==" && exact !== undefined) addLowerBound(scope.dims, left, exact);
}
