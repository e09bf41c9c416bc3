/**
 * Constants: folded where that is possible (`plain`), loaded once per worker where operators make them (`resource`),
 * lookup tables (`table`), or put in where they are used when they depend on params.
 */
import type { ConstantValue } from "../catalog/constant-value.ts";
import type { ValueType } from "../catalog/value-type.ts";
import { nameCodes } from "../diagnostics/codes/names.ts";
import { streamCodes } from "../diagnostics/codes/streams.ts";
import { typeCodes } from "../diagnostics/codes/types.ts";
import type { Declaration } from "../names/resolved-program.ts";
import type { Expr as AstExpr } from "../syntax/ast.ts";
import type { Expr } from "./checked-program.ts";
import { complain } from "./context.ts";
import type { CheckContext, KnownConstant } from "./context.ts";
import { dimLookup } from "./dim-lookup.ts";
import { createDimScope, freshDim } from "./dim-scope.ts";
import { checkExpr, fitTo, settle } from "./expr.ts";
import { foldExpr } from "./fold.ts";
import { hasError } from "./pattern.ts";
import { printType } from "./print-type.ts";
import { readValueType } from "./read-type.ts";
import { constantScope } from "./scope.ts";
import { checkTable } from "./tables.ts";
import { visitExpr } from "./visit.ts";

type ConstDeclaration = Extract<Declaration, { kind: "const" }>;

/** What a constant is, or undefined where it could not be checked (reported). */
export function constantFor(cx: CheckContext, declaration: ConstDeclaration): KnownConstant | undefined {
  const known = cx.known.get(declaration);
  if (known === "busy") {
    complain(cx, nameCodes.circular, { name: declaration.name, what: "constant" }, { at: declaration.span, reason: "a constant cannot need its own value" });
    cx.known.set(declaration, { kind: "broken" });
    return undefined;
  }
  if (known !== undefined) return known.kind === "const" ? known.constant : undefined;
  cx.known.set(declaration, "busy");
  const constant = readConstant(cx, declaration);
  // A circle through this constant was reported where it closed.
  if (cx.known.get(declaration) !== "busy") return undefined;
  cx.known.set(declaration, constant === undefined ? { kind: "broken" } : { kind: "const", constant });
  return constant;
}

function readConstant(cx: CheckContext, declaration: ConstDeclaration): KnownConstant | undefined {
  const module = cx.modules.get(declaration.file);
  if (module === undefined) return undefined;
  const { item } = declaration;
  const scope = constantScope(cx, module, createDimScope());
  if (startsWithRead(item.value)) {
    const table = checkTable(scope, declaration);
    return table === undefined ? undefined : { kind: "checked", constant: table };
  }
  const checked = checkExpr(scope, item.value);
  const expr = item.type === undefined ? settle(scope, checked) : fitTo(scope, checked, declaredType(scope, item.type), {
    reason: `\`${declaration.name}\` is declared so`, declared: { span: item.type.span, text: "the type is given here" },
  });
  if (hasError(expr.type)) return undefined;
  const common = { name: declaration.name, type: expr.type, span: declaration.span };
  const value = foldExpr(expr);
  if (value !== undefined) return { kind: "checked", constant: { kind: "plain", symbol: cx.newSymbol(declaration.name), ...common, value } };
  const uses = usesOf(expr);
  if (uses.operators) return { kind: "checked", constant: { kind: "resource", symbol: cx.newSymbol(declaration.name), ...common, value: expr } };
  if (uses.params) return { kind: "inline", value: expr };
  complain(cx, typeCodes.notConstant, { what: `the value of \`${declaration.name}\`` }, { at: item.value.span, reason: `this is ${printType(expr.type)}, computed in a way that cannot be done while compiling` });
  return undefined;
}

function declaredType(scope: ReturnType<typeof constantScope>, node: NonNullable<ConstDeclaration["item"]["type"]>): ValueType {
  const lookupDim = dimLookup(scope.cx, scope.module, (name) => freshDim(scope.dims, name));
  return readValueType({ cx: scope.cx, module: scope.module, lookupDim, recordDim: (hint) => freshDim(scope.dims, hint), stringTensors: false }, node);
}

function startsWithRead(ast: AstExpr): boolean {
  return ast.kind === "read" || (ast.kind === "pipe" && startsWithRead(ast.source));
}

function usesOf(expr: Expr): { readonly operators: boolean; readonly params: boolean } {
  let operators = false;
  let params = false;
  visitExpr(expr, (part) => {
    if (part.kind === "operator" || part.kind === "function" || part.kind === "extern" || part.kind === "resource") operators = true;
    if (part.kind === "param") params = true;
  });
  return { operators, params };
}

/** The expression that a use of a constant stands for. */
export function useConstant(cx: CheckContext, declaration: ConstDeclaration, span: Expr["span"]): Expr | undefined {
  const known = constantFor(cx, declaration);
  if (known === undefined) return undefined;
  if (known.kind === "inline") return { ...known.value, span };
  const { constant } = known;
  return constant.kind === "plain"
    ? { kind: "constant", value: constant.value, type: constant.type, span }
    : { kind: "resource", symbol: constant.symbol, type: constant.type, span };
}

/** The type a value of the standard library has. */
export function typeOfConstant(value: ConstantValue): ValueType {
  switch (value.kind) {
    case "null": return { kind: "null" };
    case "bool": return { kind: "tensor", dtype: "bool", shape: [] };
    case "int": return { kind: "tensor", dtype: "i64", shape: [] };
    case "float": return { kind: "tensor", dtype: "f64", shape: [] };
    case "string": return { kind: "string" };
    case "quantity": return { kind: "quantity", measure: value.measure };
    case "range": return { kind: "range", element: typeOfConstant(value.low) };
    case "list": return { kind: "list", element: value.items[0] === undefined ? { kind: "error" } : typeOfConstant(value.items[0]), lengthMax: value.items.length };
    case "record": return { kind: "record", fields: Object.entries(value.fields).map(([name, field]) => ({ name, type: typeOfConstant(field) })) };
    case "call": return { kind: "resource", name: value.name };
  }
}

/** A stream where a constant was wanted. */
export function complainStreamConstant(cx: CheckContext, declaration: ConstDeclaration): void {
  complain(cx, streamCodes.constStream, { name: declaration.name }, {
    at: declaration.item.value.span,
    reason: "rows flow in pipelines only; a constant can hold a lookup table of them",
    fix: { text: "end with `|> table(by: .key)`, or read in a pipeline", edits: [] },
  });
}
