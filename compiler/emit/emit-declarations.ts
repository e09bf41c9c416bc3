/** Params, resources, externs and functions of the emitted program, each with a comment that says where it is from. */
import type { ConstantValue } from "../../language/catalog/constant-value.ts";
import type { ValueType } from "../../language/catalog/value-type.ts";
import type { CheckedConstant, CheckedExtern, CheckedFunction, CheckedParam, Expr, Stream } from "../../language/check/checked-program.ts";
import { isFloatDtype } from "../../language/tensor/dtype.ts";
import { columnsOf, columnType } from "../plan/columns.ts";
import { numberSetting } from "../plan/settings.ts";
import { visitExpr } from "../plan/walk-expr.ts";
import { at, join, lines } from "./code.ts";
import type { Code } from "./code.ts";
import { addCasts, addSizes, sizesOfFunction } from "./dim-sizes.ts";
import { emitColumns, emitData, toData } from "./emit-data.ts";
import { emitConstant, emitPlainConstant, numberText } from "./emit-constant.ts";
import { awaits, placeComment } from "./emit-context.ts";
import type { EmitContext } from "./emit-context.ts";
import { emitEntries, emitExpr, emitUri, pathBelow, programPath } from "./emit-expr.ts";
import { camelCase, pascalCase, propertyKey } from "./names.ts";
import { tsRecord, tsType } from "./ts-type.ts";

/** The document comment of a declaration: its own words, then its place. */
function docComment(cx: EmitContext, doc: string, span: Expr["span"]): string {
  const words = doc.trim().replaceAll("*/", "* /");
  const place = placeComment(cx, span);
  if (words === "") return `/** ${place} */\n`;
  if (!words.includes("\n")) return `/** ${words} (${place}) */\n`;
  return `/**\n${words.split("\n").map((line) => ` * ${line}`.trimEnd()).join("\n")}\n * (${place})\n */\n`;
}

export function emitParams(cx: EmitContext): Code {
  const { params } = cx.program;
  if (params.length === 0) return ["const params = ", cx.runtime("defineParams"), "({});\n"];
  const parts = params.map((param): Code => at(param.span, propertyKey(param.name), ": ", emitParam(cx, param), ","));
  return ["const params = ", cx.runtime("defineParams"), "({\n", lines(parts, 1), "});\n"];
}

/** A value given at build is fixed where the program must know it, and the default where the run may still choose. */
function emitParam(cx: EmitContext, param: CheckedParam): string {
  const isGiven = param.value !== undefined && param.value !== param.default;
  const text = (constant: ConstantValue): string => {
    if (constant.kind !== "string" || !isUri(param.type)) return emitConstant(constant, param.type, () => cx.runtime("stack"));
    return JSON.stringify(isGiven ? pathBelow(cx.paths.toCwd, constant.value) : programPath(cx, constant.value, param.span.file));
  };
  const value = param.value ?? param.default;
  const parts = [`doc: ${JSON.stringify(param.doc.trim())}`, `type: ${emitData(toData(paramType(param, param.type)))}`];
  if (value !== undefined) parts.push(`default: ${text(value)}`);
  if (value !== undefined && param.fixedAt === "build") parts.push(`fixed: ${text(value)}`);
  return `{ ${parts.join(", ")} }`;
}

function isUri(type: ValueType): boolean {
  return type.kind === "optional" ? isUri(type.inner) : type.kind === "string" && type.uri === true;
}

/** The `ParamType` of the run-time contract. */
function paramType(param: CheckedParam, type: ValueType): unknown {
  switch (type.kind) {
    case "optional":
      return { kind: "optional", inner: paramType(param, type.inner) };
    case "string":
      return type.literals === undefined ? { kind: type.uri === true ? "uri" : "string" } : { kind: "choice", choices: type.literals };
    case "quantity":
      return { kind: "float", ...paramRange(param) };
    case "tensor":
      if (type.dtype === "bool") return { kind: "bool" };
      return { kind: isFloatDtype(type.dtype) ? "float" : "int", ...(type.dtype === "i64" || type.dtype === "f64" ? {} : { dtype: type.dtype }), ...paramRange(param) };
    default:
      throw new Error(`param ${param.name} has a type that no command line can give`);
  }
}

function paramRange(param: CheckedParam): { readonly low?: number; readonly high?: number } {
  const number = (value: ConstantValue): number => Number("value" in value ? value.value : NaN);
  return param.range === undefined ? {} : { low: number(param.range.low), high: number(param.range.high) };
}

export function emitExtern(cx: EmitContext, extern: CheckedExtern): Code {
  const parameters = extern.parameters.map((p) => `${p.name}: ${tsType(p.type, cx.useType)}`).join(", ");
  const result = tsType(extern.result, cx.useType);
  const timeoutMs = numberSetting(extern.settings, "timeout");
  const options = [`result: ${emitData(toData(columnType(extern.result)))}`, ...(timeoutMs === undefined ? [] : [`timeoutMs: ${numberText(timeoutMs)}`])];
  return [
    docComment(cx, "", extern.span),
    at(extern.span, "const ", extern.symbol, " = "),
    cx.runtime("extern"), `<[${parameters}], ${result}>(`, JSON.stringify(extern.name), `, ${externImport(extern)}, { ${options.join(", ")} });\n`,
  ];
}

/** The name under which an extern's own function is imported. */
export function externImport(extern: CheckedExtern): string {
  return `${extern.symbol}Extern`;
}

export function emitResource(cx: EmitContext, constant: Exclude<CheckedConstant, { kind: "plain" }>): Code {
  const head: Code = [docComment(cx, "", constant.span), at(constant.span, "const ", constant.symbol), " = "];
  const name = JSON.stringify(constant.name);
  if (constant.kind === "resource") return [head, cx.runtime("resource"), `(${name}, async () => `, emitExpr(cx, constant.value), ...emitFiles(cx, constant.value), ");\n"];
  const { read, key, type } = constant;
  const rowType = type.kind === "table" ? tsRecord(type.row.fields, cx.useType) : "never";
  const steps = constant.steps.filter((step) => step.kind !== "read").map((step) => emitTableStep(cx, step));
  const parts: Code[] = [
    ["source: ", cx.source(read.source), ","],
    ["args: ", emitArgs(cx, read.args, { defaults: cx.catalog.sources.get(read.source)?.defaults }), ","],
    ["columns: ", emitColumns(columnsOf(read.row.fields)), ","],
    ["steps: [", join(steps, ", "), "],"],
    [`key: (row: ${rowType}) => `, emitExpr(cx, key), ","],
  ];
  return [head, cx.runtime("tableResource"), `(${name}, () => ({\n`, lines(parts, 1), "}));\n"];
}

/** The files that the operators of a resource's value read: every place they are given. */
function emitFiles(cx: EmitContext, value: Expr): readonly Code[] {
  const places: Expr[] = [];
  visitExpr(value, (part) => {
    if (part.kind === "operator") places.push(...Object.values(part.args).filter((arg) => isUri(arg.type)));
  });
  return places.length === 0 ? [] : [", () => [", join(places.map((place): Code => ["{ path: ", emitExpr(cx, place), " }"]), ", "), "]"];
}

function emitTableStep(cx: EmitContext, step: Stream): Code {
  if (step.kind === "map") {
    const isAsync = step.record.some((entry) => awaits(entry.value, cx.asyncFunctions));
    return ["{ kind: \"map\", row: ", isAsync ? "async " : "", "(row) => (", emitEntries(cx, step.record), ") }"];
  }
  if (step.kind === "filter") {
    const isAsync = awaits(step.predicate, cx.asyncFunctions);
    return ["{ kind: \"filter\", keep: ", isAsync ? "async " : "", "(row) => ", emitExpr(cx, step.predicate), " }"];
  }
  throw new Error(`a table's rows cannot go through ${step.kind}`);
}

export interface ArgsOptions {
  readonly leftOut?: ReadonlySet<string>;
  /** Values of parameters that the program leaves out. */
  readonly defaults?: Readonly<Record<string, ConstantValue>> | undefined;
}

/** Arguments of a source, sink or aggregate as an object; places are resolved. */
export function emitArgs(cx: EmitContext, args: Readonly<Record<string, Expr>>, options: ArgsOptions = {}): Code {
  const isWanted = ([name]: readonly [string, unknown]): boolean => options.leftOut?.has(name) !== true;
  const given = Object.entries(args).filter(isWanted);
  const unsaid = Object.entries(options.defaults ?? {}).filter((entry) => isWanted(entry) && args[entry[0]] === undefined);
  const parts: readonly Code[] = [
    ...given.map(([name, value]): Code => [propertyKey(name), ": ", name === "path" ? emitUri(cx, value) : emitExpr(cx, value)]),
    ...unsaid.map(([name, value]): Code => [propertyKey(name), ": ", emitPlainConstant(value, () => cx.runtime("stack"))]),
  ];
  return parts.length === 0 ? "{}" : ["{ ", join(parts, ", "), " }"];
}

export function emitFunction(outer: EmitContext, fn: CheckedFunction): Code {
  const sizes = sizesOfFunction(fn.parameters);
  const cx = { ...outer, sizes };
  const isAsync = cx.asyncFunctions.has(fn.symbol);
  const parameters = fn.parameters.map((p) => `${p.symbol}: ${tsType(p.type, cx.useType)}`).join(", ");
  const result = tsType(fn.result, cx.useType);
  const body: Code[] = [];
  for (const { symbol, value } of fn.lets) {
    addCasts(sizes, value);
    body.push(at(value.span, "const ", symbol, " = ", emitExpr(cx, unnest(cx, value, body)), ";"));
    addSizes(sizes, value.type, symbol);
  }
  addCasts(sizes, fn.body);
  const made = unnest(cx, fn.body, body);
  body.push(["return ", emitExpr(cx, made), ";"]);
  return [
    docComment(cx, fn.doc, fn.span),
    at(fn.span, `${isAsync ? "async " : ""}function ${fn.symbol}(${parameters}): ${isAsync ? `Promise<${result}>` : result} {\n`),
    lines(body, 1),
    "}\n",
  ];
}

/**
 * A chain of operators (`x |> f |> g |> h`) as one constant a step, as the `.pipe` file has one a line: the first
 * argument of each operator goes to `body`, and what is left reads it by name. Operators are pure, so evaluating the
 * first argument first changes nothing.
 */
function unnest(cx: EmitContext, expr: Expr, body: Code[]): Expr {
  if (expr.kind !== "operator") return expr;
  const [entry] = Object.entries(expr.args);
  if (entry === undefined || entry[1].kind !== "operator") return expr;
  const [name, first] = entry;
  const inner = unnest(cx, first, body);
  const symbol = cx.namer.unique(camelCase(`${first.operator}_result`));
  body.push(at(first.span, "const ", symbol, " = ", emitExpr(cx, inner), ";"));
  return { ...expr, args: { ...expr.args, [name]: { kind: "local", symbol, type: first.type, span: first.span } } };
}

/** A name for the rows of a step. */
export function rowTypeName(cx: EmitContext, step: string): string {
  return cx.namer.unique(pascalCase(step));
}
