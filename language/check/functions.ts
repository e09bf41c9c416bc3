/** Functions and externs: signatures, and bodies checked once against them. */
import type { ValueType } from "../catalog/value-type.ts";
import { nameCodes } from "../diagnostics/codes/names.ts";
import { testCodes } from "../diagnostics/codes/tests.ts";
import { describeDeclaration } from "../names/resolved-program.ts";
import type { Declaration, ResolvedModule } from "../names/resolved-program.ts";
import { localSymbolSource } from "../names/symbols.ts";
import { plainText } from "../syntax/ast.ts";
import type { LetStatement } from "../syntax/ast.ts";
import { freeNames } from "../tensor/evaluate-dim.ts";
import { assume } from "./call.ts";
import type { CheckedExtern, CheckedFunction, Expr } from "./checked-program.ts";
import { complain } from "./context.ts";
import type { CheckContext, Local, Scope } from "./context.ts";
import { createDimScope } from "./dim-scope.ts";
import { checkExpr, settle } from "./expr.ts";
import { fit } from "./fit.ts";
import { markName, markNames } from "./hygiene.ts";
import { createMatching, settleDeferred, substituteBound } from "./match.ts";
import { mismatchDiagnostic } from "./mismatch.ts";
import { errorType, hasError } from "./pattern.ts";
import { asValueType, namesIn } from "./read-type.ts";
import { readSignature } from "./read-signature.ts";
import { constantScope } from "./scope.ts";
import { checkSettings } from "./settings.ts";
import type { Signature } from "./signature.ts";
import { visitExpr } from "./visit.ts";
import { proveResultBounds } from "./result-bounds.ts";

type FnDeclaration = Extract<Declaration, { kind: "fn" }>;
type ExternDeclaration = Extract<Declaration, { kind: "extern" }>;
type KnownFunction = { readonly fn: CheckedFunction; readonly signature: Signature };

/** The checked function, or undefined in a circle of calls (reported). */
export function functionFor(cx: CheckContext, declaration: FnDeclaration): KnownFunction | undefined {
  const known = cx.known.get(declaration);
  if (known === "busy") {
    complain(cx, nameCodes.circular, { name: declaration.name, what: "function" }, { at: declaration.span, reason: "a function cannot call itself, not even through others: rows would never end" });
    cx.known.set(declaration, { kind: "broken" });
    return undefined;
  }
  if (known !== undefined) return known.kind === "fn" ? known : undefined;
  const module = cx.modules.get(declaration.file);
  if (module === undefined) return undefined;
  cx.known.set(declaration, "busy");
  const checked = checkFunction(cx, declaration, module);
  if (cx.known.get(declaration) !== "busy") return undefined;
  cx.known.set(declaration, { kind: "fn", ...checked });
  return checked;
}

function checkFunction(cx: CheckContext, declaration: FnDeclaration, module: ResolvedModule): KnownFunction {
  const { item, name, span } = declaration;
  const title = `function \`${name}\``;
  const signature = readSignature({ cx, module, title, signature: item.signature, where: item.where, batch: false });
  const newSymbol = localSymbolSource();
  const scope = bodyScope(cx, module, signature);
  const locals = new Map<string, Local>();
  const parameters = signature.params.map((param) => {
    const symbol = newSymbol(param.name);
    const type = asValueType(param.type) ?? errorType;
    locals.set(param.name, { kind: "value", symbol, type, span: param.span ?? span, isParameter: true });
    warnIfHiding(cx, module, param.name, param.span ?? span);
    return { symbol, name: param.name, type };
  });
  const lets: { symbol: string; name: string; value: Expr }[] = [];
  for (const statement of item.body.lets) {
    const value = settle({ ...scope, locals }, checkExpr({ ...scope, locals }, statement.value));
    if (statement.name.name === "" || !declareLocal(cx, module, locals, statement)) continue;
    const symbol = newSymbol(statement.name.name);
    locals.set(statement.name.name, { kind: "value", symbol, type: value.type, span: statement.name.span, isParameter: false });
    lets.push({ symbol, name: statement.name.name, value });
  }
  const body = fitResult({ ...scope, locals }, checkExpr({ ...scope, locals }, item.body.result), signature, declaration);
  const result = asValueType(signature.result) ?? errorType;
  const fn: CheckedFunction = {
    symbol: cx.newSymbol(name), name, doc: item.doc?.text ?? "", parameters, lets, body, result, span,
    async: [...lets.map((one) => one.value), body].some(isAsync),
  };
  return { fn, signature };
}

/** Names bound by parameters are fixed inside the body, within the bounds that callers prove. */
function bodyScope(cx: CheckContext, module: ResolvedModule, signature: Signature): Scope {
  const dims = createDimScope();
  const inParams = namesIn(signature.params.map((param) => param.type));
  for (const name of [...inParams, ...signature.valueDims]) dims.taken.add(name);
  const scope = constantScope(cx, module, dims);
  for (const bound of signature.bounds) {
    const names = [...freeNames(bound.left), ...freeNames(bound.right)];
    if (names.every((name) => dims.taken.has(name))) assume(scope, bound.left, bound.right, bound.op);
  }
  return scope;
}

/** Names that only the result mentions stand for whatever the body makes. */
function fitResult(scope: Scope, body: Expr, signature: Signature, declaration: FnDeclaration): Expr {
  const { item } = declaration;
  const inParams = namesIn(signature.params.map((param) => param.type));
  const open = new Set([...signature.dimNames].filter((name) => !inParams.has(name) && !signature.valueDims.has(name)));
  const promised = markNames(signature, open);
  const m = createMatching(scope.dims, [...open].map(markName));
  const fitted = fit(m, body, promised.result, "the result");
  const declared = { span: item.signature.result.span, text: "the result is declared here" };
  const reason = `the signature of ${signature.title} says so`;
  if (!fitted.ok) {
    scope.cx.diagnostics.push(mismatchDiagnostic(fitted.mismatch, fitted.span, { reason, declared }));
    return { ...body, type: asValueType(signature.result) ?? errorType };
  }
  const unsettled = settleDeferred(m);
  if (unsettled !== undefined) scope.cx.diagnostics.push(mismatchDiagnostic(unsettled.mismatch, unsettled.span, { reason, declared }));
  else if (!hasError(body.type)) proveResultBounds(scope, promised, (dim) => substituteBound(m, dim), body.span);
  return settle(scope, fitted.expr);
}

function isAsync(expr: Expr): boolean {
  let found = false;
  visitExpr(expr, (part) => {
    if (part.kind === "extern" || ((part.kind === "operator" || part.kind === "function") && part.async)) found = true;
  });
  return found;
}

/** Reports a second `let` of one name; warns about names that hide an item of the file. */
function declareLocal(cx: CheckContext, module: ResolvedModule, locals: ReadonlyMap<string, Local>, statement: LetStatement): boolean {
  const { name, span } = statement.name;
  const earlier = locals.get(name);
  if (earlier !== undefined) {
    complain(cx, nameCodes.duplicateName, { name }, { at: span, others: [{ span: earlier.span, text: "first declared here" }] });
    return false;
  }
  warnIfHiding(cx, module, name, span);
  return true;
}

function warnIfHiding(cx: CheckContext, module: ResolvedModule, name: string, span: Local["span"]): void {
  const hidden = module.scope.get(name);
  if (hidden === undefined || hidden.kind === "broken" || hidden.span === span) return;
  // Only values can be confused: a function `f` and a field's local `f` are used in different ways.
  if (hidden.kind !== "param" && hidden.kind !== "const" && hidden.kind !== "value") return;
  complain(cx, nameCodes.hides, { name, what: describeDeclaration(hidden.kind) }, { at: span, others: [{ span: hidden.span, text: "this one cannot be reached here" }] });
}

/** The checked extern of a declaration. */
export function externFor(cx: CheckContext, declaration: ExternDeclaration): { readonly extern: CheckedExtern; readonly signature: Signature } | undefined {
  const known = cx.known.get(declaration);
  if (known !== undefined && known !== "busy") return known.kind === "extern" ? known : undefined;
  const module = cx.modules.get(declaration.file);
  if (module === undefined) return undefined;
  const { item, name, span } = declaration;
  const signature = readSignature({ cx, module, title: `extern function \`${name}\``, signature: item.signature, where: item.where, batch: false });
  const parameters = signature.params.map((param) => ({ name: param.name, type: asValueType(param.type) ?? errorType }));
  const result: ValueType = asValueType(signature.result) ?? errorType;
  const extern: CheckedExtern = {
    symbol: cx.newSymbol(name), name, parameters, result, module: readExternModule(cx, declaration), fromFile: declaration.file,
    settings: item.settings === undefined ? {} : checkSettings(constantScope(cx, module, createDimScope()), item.settings, "extern"), span,
  };
  cx.known.set(declaration, { kind: "extern", extern, signature });
  return { extern, signature };
}

function readExternModule(cx: CheckContext, declaration: ExternDeclaration): string {
  const { from } = declaration.item;
  if (from.kind === "missing") return "";
  const text = plainText(from);
  if (text !== undefined && /^\.{0,2}\/.*\.(ts|mts|js|mjs)$/.test(text)) return text;
  complain(cx, testCodes.externModule, { text: text ?? "a string with braces" }, {
    at: from.span, reason: "an extern names a TypeScript or JavaScript file beside the program, such as `\"./clean.ts\"`",
    ...(text !== undefined && /^[\w-]+\.(ts|js|mts|mjs)$/.test(text) ? { fix: { text: `write \`"./${text}"\``, edits: [{ span: from.span, replacement: `"./${text}"` }] } } : {}),
  });
  return text ?? "";
}
