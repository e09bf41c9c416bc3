/** Params and secrets: their types, ranges, defaults and the values given at build. */
import type { ConstantValue } from "../catalog/constant-value.ts";
import type { ValueType } from "../catalog/value-type.ts";
import { nameCodes } from "../diagnostics/codes/names.ts";
import { typeCodes } from "../diagnostics/codes/types.ts";
import type { Declaration } from "../names/resolved-program.ts";
import { plainText } from "../syntax/ast.ts";
import type { Expr as AstExpr, ParamItem, SecretItem } from "../syntax/ast.ts";
import { dimName } from "../tensor/dim.ts";
import type { Dim } from "../tensor/dim.ts";
import type { CheckedParam, CheckedSecret, Expr } from "./checked-program.ts";
import { complain, errorExpr } from "./context.ts";
import type { CheckContext } from "./context.ts";
import { createDimScope } from "./dim-scope.ts";
import { checkExpr, fitTo } from "./expr.ts";
import { foldExpr } from "./fold.ts";
import { literalAs } from "./numbers.ts";
import { constantOfExpr } from "./named-constant.ts";
import { hasError } from "./pattern.ts";
import { printConstant, printType } from "./print-type.ts";
import { readValueType } from "./read-type.ts";
import { constantScope } from "./scope.ts";

type ParamDeclaration = Extract<Declaration, { kind: "param" }>;

/** The checked param of a declaration. */
export function paramFor(cx: CheckContext, declaration: ParamDeclaration): CheckedParam {
  const known = cx.known.get(declaration);
  if (known !== undefined && known !== "busy" && known.kind === "param") return known.param;
  const { item } = declaration;
  const symbol = cx.newSymbol(declaration.name);
  const doc = item.doc?.text ?? "";
  if (known === "busy") {
    complain(cx, nameCodes.circular, { name: declaration.name, what: "param" }, { at: declaration.span, reason: "a param's default cannot need the param itself" });
    return { symbol, name: declaration.name, doc, type: { kind: "error" }, fixedAt: "run", span: declaration.span };
  }
  cx.known.set(declaration, "busy");
  const param = readParam(cx, declaration, symbol, doc);
  cx.known.set(declaration, { kind: "param", param });
  cx.params.set(symbol, param);
  return param;
}

function readParam(cx: CheckContext, declaration: ParamDeclaration, symbol: string, doc: string): CheckedParam {
  const { item, name, span } = declaration;
  const type = readParamType(cx, declaration);
  const range = item.within === undefined ? undefined : readRange(cx, declaration, item.within, type);
  const value = item.value === undefined ? undefined : readDefault(cx, declaration, item.value, type);
  if (value !== undefined && range !== undefined && item.value !== undefined) checkInRange(cx, item, value, range);
  const given = cx.buildParams.get(name);
  const built = given === undefined ? undefined : readGiven(cx, declaration, given, type, range);
  return {
    symbol, name, doc, type, fixedAt: "run", span,
    ...(range === undefined ? {} : { range }),
    ...(value === undefined ? {} : { default: value }),
    ...(built === undefined ? {} : { value: built }),
  };
}

function readParamType(cx: CheckContext, declaration: ParamDeclaration): ValueType {
  const module = cx.modules.get(declaration.file);
  // Any dimension will do: a param with a shape is refused below.
  const anyDim = (name: string): Dim => dimName(name);
  const type = readValueType({ cx, module, lookupDim: anyDim, recordDim: anyDim, stringTensors: false }, declaration.item.type);
  const inner = type.kind === "optional" ? type.inner : type;
  const allowed = inner.kind === "string" || inner.kind === "error" || (inner.kind === "tensor" && inner.shape.length === 0);
  if (allowed) return type;
  complain(cx, nameCodes.paramType, { found: printType(type) }, {
    at: declaration.item.type.span,
    reason: "a param is given on the command line: a number, `bool`, `string`, `uri` or an enumeration of strings, perhaps with `?`",
  });
  return { kind: "error" };
}

type Range = NonNullable<CheckedParam["range"]>;

function readRange(cx: CheckContext, declaration: ParamDeclaration, ast: AstExpr, type: ValueType): Range | undefined {
  const module = cx.modules.get(declaration.file);
  if (module === undefined || hasError(type)) return undefined;
  const inner = type.kind === "optional" ? type.inner : type;
  if (inner.kind !== "tensor" || inner.dtype === "bool") {
    complain(cx, typeCodes.badRange, {}, { at: ast.span, reason: `only numbers have ranges, and \`${declaration.name}\` is ${printType(type)}` });
    return undefined;
  }
  const scope = constantScope(cx, module, createDimScope());
  const expr = fitTo(scope, checkExpr(scope, ast), { kind: "range", element: inner }, { reason: `\`${declaration.name}\` is ${printType(type)}` });
  const value = constantOfExpr(cx, expr, (fix) => fix());
  if (value?.kind !== "range") {
    if (!hasError(expr.type)) complain(cx, typeCodes.badRange, {}, { at: ast.span, reason: "the range of a param is written with constants: `in 16..512`" });
    return undefined;
  }
  return { low: value.low, high: value.high };
}

function readDefault(cx: CheckContext, declaration: ParamDeclaration, ast: AstExpr, type: ValueType): ConstantValue | undefined {
  const module = cx.modules.get(declaration.file);
  if (module === undefined) return undefined;
  const scope = constantScope(cx, module, createDimScope());
  const checked = checkExpr(scope, ast);
  const expr = fitTo(scope, checked, type, {
    reason: `\`${declaration.name}\` is ${printType(type)}`, declared: { span: declaration.item.type.span, text: "the type is given here" },
  });
  if (hasError(expr.type)) return undefined;
  const value = foldExpr(expr);
  if (value === undefined) {
    complain(cx, typeCodes.notConstant, { what: `the default of param \`${declaration.name}\`` }, {
      at: ast.span, reason: "a default is a value or a constant; it cannot depend on other params",
    });
  }
  return value;
}

function checkInRange(cx: CheckContext, item: ParamItem, value: ConstantValue, range: Range): void {
  if (item.value === undefined || item.within === undefined || inRange(value, range)) return;
  complain(cx, nameCodes.outOfRange, { value: printConstant(value), low: printConstant(range.low), high: printConstant(range.high) }, {
    at: item.value.span, others: [{ span: item.within.span, text: "the range is given here" }],
  });
}

function inRange(value: ConstantValue, range: Range): boolean {
  if (value.kind !== "int" && value.kind !== "float") return true;
  return endOf(range.low, -Infinity) <= value.value && value.value <= endOf(range.high, Infinity);
}

function endOf(end: ConstantValue, otherwise: number): bigint | number {
  return end.kind === "int" || end.kind === "float" ? end.value : otherwise;
}

function readGiven(cx: CheckContext, declaration: ParamDeclaration, text: string, type: ValueType, range: Range | undefined): ConstantValue | undefined {
  const value = parseParamText(text, type);
  if (value === undefined || (range !== undefined && !inRange(value, range))) {
    const wanted = range === undefined ? printType(type) : `${printType(type)} in ${printConstant(range.low)}..${printConstant(range.high)}`;
    complain(cx, nameCodes.badGivenValue, { name: declaration.name, text, wanted }, { at: declaration.span });
    return undefined;
  }
  return value;
}

/** A value as given on a command line, or undefined where the text is no value of the type. */
function parseParamText(text: string, type: ValueType): ConstantValue | undefined {
  if (type.kind === "optional") return text === "null" ? { kind: "null" } : parseParamText(text, type.inner);
  if (type.kind === "string") return type.literals === undefined || type.literals.includes(text) ? { kind: "string", value: text } : undefined;
  if (type.kind !== "tensor") return undefined;
  if (type.dtype === "bool") return text === "true" || text === "false" ? { kind: "bool", value: text === "true" } : undefined;
  const plain = text.replaceAll("_", "");
  if (!/^-?(\d+(\.\d*)?|\.\d+)([eE][+-]?\d+)?$/.test(plain)) return undefined;
  const number: ConstantValue = /^-?\d+$/.test(plain) ? { kind: "int", value: BigInt(plain) } : { kind: "float", value: Number(plain) };
  const converted = literalAs(number, type.dtype);
  return converted.ok ? converted.value : undefined;
}

/** The checked secret of a declaration: `env("NAME")` or `file("path")`. */
export function secretFor(cx: CheckContext, declaration: Extract<Declaration, { kind: "secret" }>): CheckedSecret {
  const known = cx.known.get(declaration);
  if (known !== undefined && known !== "busy" && known.kind === "secret") return known.secret;
  const secret: CheckedSecret = { symbol: cx.newSymbol(declaration.name), name: declaration.name, from: readSecretSource(cx, declaration.item), span: declaration.span };
  cx.known.set(declaration, { kind: "secret", secret });
  return secret;
}

function readSecretSource(cx: CheckContext, item: SecretItem): Expr {
  const { from } = item;
  if (from.kind === "missing") return errorExpr(from.span);
  const arg = from.kind === "call" && from.args.length === 1 ? from.args[0]?.value : undefined;
  const text = arg?.kind === "string" ? plainText(arg) : undefined;
  if (from.kind !== "call" || (from.callee.name !== "env" && from.callee.name !== "file") || arg === undefined || text === undefined) {
    complain(cx, nameCodes.secretSource, {}, { at: from.span, reason: "a secret comes from the environment or from a file: `env(\"NAME\")` or `file(\"path\")`" });
    return errorExpr(from.span);
  }
  const name: Expr = { kind: "constant", value: { kind: "string", value: text }, type: { kind: "string" }, span: arg.span };
  return { kind: "operator", operator: from.callee.name, args: { name }, async: false, type: { kind: "string" }, span: from.span };
}
