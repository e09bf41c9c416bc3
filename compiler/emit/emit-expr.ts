/**
 * Expressions as TypeScript. Scalars use JavaScript's own operators where these give the language's result exactly
 * (f64; f32 by rounding once; comparisons); everything else calls the runtime's arithmetic.
 */
import type { ValueType } from "../../language/catalog/value-type.ts";
import type { BinaryOperator, Expr, RecordEntry } from "../../language/check/checked-program.ts";
import type { Dim } from "../../language/tensor/dim.ts";
import { at, join } from "./code.ts";
import type { Code } from "./code.ts";
import { emitConstant, emitPlainConstant } from "./emit-constant.ts";
import { axisCode } from "./dim-sizes.ts";
import { emitSize } from "./emit-dim.ts";
import { stepName } from "./emit-context.ts";
import type { EmitContext } from "./emit-context.ts";
import { propertyAccess, propertyKey } from "./names.ts";
import { tsType } from "./ts-type.ts";

type Operator = Extract<Expr, { kind: "operator" }>;
type Binary = Extract<Expr, { kind: "binary" }>;

/** Code, and whether it stands alone next to any operator. */
interface Piece {
  readonly code: Code;
  readonly atomic: boolean;
}

/** The expression, for a place where any expression may stand (an argument, a property, a return). */
export function emitExpr(cx: EmitContext, expr: Expr): Code {
  return at(expr.span, emitPiece(cx, expr).code);
}

/** The expression, in brackets where it needs them beside an operator. */
function emitOperand(cx: EmitContext, expr: Expr): Code {
  const piece = emitPiece(cx, expr);
  return at(expr.span, piece.atomic ? piece.code : ["(", piece.code, ")"]);
}

function atomic(...code: readonly Code[]): Piece {
  return { code, atomic: true };
}

function compound(...code: readonly Code[]): Piece {
  return { code, atomic: false };
}

function emitPiece(cx: EmitContext, expr: Expr): Piece {
  switch (expr.kind) {
    case "constant":
      return emitConstantPiece(cx, expr);
    case "interpolation":
      return emitInterpolation(cx, expr);
    case "param":
      return atomic("params", propertyAccess(paramName(cx, expr.symbol)));
    case "resource":
      return atomic(expr.symbol, ".value");
    case "local":
      return atomic(expr.symbol);
    case "field":
      return atomic("row", propertyAccess(expr.name));
    case "member":
      return atomic(emitOperand(cx, expr.value), propertyAccess(expr.name));
    case "index":
      return emitIndex(cx, expr);
    case "operator":
      return emitOperatorCall(cx, expr);
    case "function":
      return call(cx.asyncFunctions.has(expr.symbol), [expr.symbol, "(", join(expr.args.map((arg) => emitExpr(cx, arg)), ", "), ")"]);
    case "extern":
      return call(true, [expr.symbol, "(", join(expr.args.map((arg) => emitExpr(cx, arg)), ", "), ")"]);
    case "record":
      return atomic(emitEntries(cx, expr.entries));
    case "list":
      return emitListExpr(cx, expr);
    case "unary":
      return emitUnary(cx, expr);
    case "binary":
      return emitBinary(cx, expr);
    case "if":
      return compound(emitOperand(cx, expr.condition), " ? ", emitOperand(cx, expr.then), " : ", emitOperand(cx, expr.otherwise));
    case "cast":
      return emitCast(cx, expr);
    case "narrow":
      return emitNarrow(cx, expr);
    case "fixture":
      return call(true, [cx.runtime("fixture"), "(", JSON.stringify(programPath(cx, expr.path, expr.fromFile)), ")"]);
    case "stream":
      return compound("(await ", "streams(", JSON.stringify(expr.pipeline), ", ", JSON.stringify(stepName(cx, expr.pipeline, expr.stream)), ")) as ", tsType(expr.type, cx.useType));
    case "snapshot":
      return compound("snapshot(", JSON.stringify(expr.name), ") as ", tsType(expr.type, cx.useType));
    case "model":
      throw new Error("a model call is left in an expression: lowering takes them out");
  }
}

function call(isAsync: boolean, code: Code): Piece {
  return isAsync ? compound("await ", code) : atomic(code);
}

/** How emitted code names a param. */
function paramName(cx: EmitContext, symbol: string): string {
  const param = cx.program.params.find((candidate) => candidate.symbol === symbol);
  if (param === undefined) throw new Error(`param ${symbol} is not in the program`);
  return param.name;
}

function emitConstantPiece(cx: EmitContext, expr: Extract<Expr, { kind: "constant" }>): Piece {
  const text = emitConstant(expr.value, expr.type, () => cx.runtime("stack"));
  if (expr.value.kind === "string" && expr.type.kind === "string" && expr.type.uri === true) return { code: emitUri(cx, expr), atomic: true };
  return { code: text, atomic: !text.startsWith("-") };
}

/** Paths written in a program are relative to its folder. */
function emitProgramFile(cx: EmitContext, code: Code): Piece {
  return atomic(cx.runtime("programFile"), "(", code, ")");
}

function emitInterpolation(cx: EmitContext, expr: Extract<Expr, { kind: "interpolation" }>): Piece {
  const parts = expr.parts.map((part): Code => (typeof part === "string" ? escapeTemplate(part) : ["${", emitExpr(cx, part), "}"]));
  return atomic("`", parts, "`");
}

function escapeTemplate(text: string): string {
  return text.replace(/[\\`]|\$\{/g, (found) => `\\${found}`).replace(/\r/g, "\\r");
}

/**
 * A place to read from or write to. What starts with a `uri` param is resolved already (where the param was given
 * decides); anything else is relative to the program's folder.
 */
export function emitUri(cx: EmitContext, expr: Expr): Code {
  if (expr.kind === "constant" && expr.value.kind === "string") return at(expr.span, emitProgramFile(cx, JSON.stringify(programPath(cx, expr.value.value, expr.span.file))).code);
  if (expr.kind !== "interpolation") return emitExpr(cx, expr);
  const [first = "", ...rest] = expr.parts.filter((part) => part !== "");
  if (typeof first !== "string") {
    const isResolved = first.type.kind === "string" && first.type.uri === true;
    const text = emitInterpolation(cx, expr).code;
    return at(expr.span, isResolved ? text : emitProgramFile(cx, text).code);
  }
  return at(expr.span, emitProgramFile(cx, emitInterpolation(cx, { ...expr, parts: [programPath(cx, first, expr.span.file), ...rest] }).code).code);
}

/** A path written in `fromFile` as seen from the folder of `out.js`; absolute ones and addresses stay. */
export function programPath(cx: EmitContext, path: string, fromFile: string): string {
  return pathBelow(cx.paths.toMain, cx.paths.fromMain(fromFile, path));
}

/** A path relative to `folder`, as seen from where `folder` is relative to. */
export function pathBelow(folder: string, path: string): string {
  const isElsewhere = path.startsWith("/") || /^[A-Za-z][A-Za-z0-9+.-]*:/.test(path);
  return isElsewhere || folder === "" ? path : `${folder}/${path}`;
}

function emitIndex(cx: EmitContext, expr: Extract<Expr, { kind: "index" }>): Piece {
  const indices = join(expr.indices.map((index) => emitExpr(cx, index)), ", ");
  switch (expr.value.type.kind) {
    case "table":
      return atomic(emitOperand(cx, expr.value), ".get(", indices, ")");
    case "list":
      return atomic(cx.runtime("listAt"), "(", emitExpr(cx, expr.value), ", ", indices, ")");
    default:
      return compound(cx.runtime("tensorAt"), "(", emitExpr(cx, expr.value), ", ", indices, ") as ", tsType(expr.type, cx.useType));
  }
}

function emitOperatorCall(cx: EmitContext, expr: Operator): Piece {
  const streamCount = emitCount(cx, expr);
  if (streamCount !== undefined) return streamCount;
  const descriptor = cx.catalog.operators.get(expr.operator);
  if (descriptor === undefined) throw new Error(`operator ${expr.operator} is not in the catalogue`);
  const given = Object.entries(expr.args).map(([name, arg]): Code => [propertyKey(name), ": ", emitExpr(cx, arg)]);
  const left = Object.entries(descriptor.defaults ?? {}).filter(([name]) => expr.args[name] === undefined);
  const defaults = left.map(([name, value]): Code => [propertyKey(name), ": ", emitPlainConstant(value, () => cx.runtime("stack"))]);
  const args: readonly Code[] = [...given, ...defaults];
  const made = [cx.operator(expr.operator), args.length === 0 ? "({})" : ["({ ", join(args, ", "), " })"]];
  if (isPrecise(descriptor)) return call(descriptor.async, made);
  return compound(descriptor.async ? ["(await ", made, ")"] : made, " as ", tsType(expr.type, cx.useType));
}

/** `count(p.stream)` of a test. */
function emitCount(cx: EmitContext, expr: Operator): Piece | undefined {
  const [only] = Object.values(expr.args);
  if (expr.operator !== "count" || only === undefined || only.type.kind !== "list") return undefined;
  return atomic("BigInt(", emitOperand(cx, only), ".length)");
}

/** Whether the kernel's own result type says all: one signature, no rank left open. */
function isPrecise(descriptor: { readonly signatures: readonly string[]; readonly infer?: unknown }): boolean {
  const [only, another] = descriptor.signatures;
  return only !== undefined && another === undefined && descriptor.infer === undefined && !only.includes("..");
}

/** An object literal of the entries. */
export function emitEntries(cx: EmitContext, entries: readonly RecordEntry[]): Code {
  if (entries.length === 0) return "{}";
  return ["{ ", join(entries.map((entry) => emitEntry(cx, entry)), ", "), " }"];
}

export function emitEntry(cx: EmitContext, entry: RecordEntry): Code {
  if (entry.kind === "field") return [propertyKey(entry.name), ": ", emitExpr(cx, entry.value)];
  return ["...", emitPicked(cx, entry.value, entry.fields)];
}

/** The value with only `fields`. */
function emitPicked(cx: EmitContext, value: Expr, fields: readonly string[]): Code {
  const own = value.type.kind === "record" ? value.type.fields.map((field) => field.name) : [];
  if (own.length === fields.length && own.every((name) => fields.includes(name))) return emitOperand(cx, value);
  return [cx.runtime("pick"), "(", emitExpr(cx, value), ", [", fields.map((name) => JSON.stringify(name)).join(", "), "])"];
}

function emitListExpr(cx: EmitContext, expr: Extract<Expr, { kind: "list" }>): Piece {
  const items = join(expr.items.map((item) => emitExpr(cx, item)), ", ");
  if (expr.type.kind === "tensor") return atomic(cx.runtime("stack"), "(", JSON.stringify(expr.type.dtype), ", [", items, "])");
  return atomic("[", items, "]");
}

function emitUnary(cx: EmitContext, expr: Extract<Expr, { kind: "unary" }>): Piece {
  if (expr.operator === "not") return compound("!", emitOperand(cx, expr.value));
  const { type } = expr;
  if (type.kind !== "tensor") throw new Error("the minus of something that is no number");
  if (isFloatScalar(type)) return compound("-", emitOperand(cx, expr.value));
  return atomic(cx.runtime("neg"), "(", JSON.stringify(type.dtype), ", ", emitExpr(cx, expr.value), ")");
}

function isFloatScalar(type: ValueType): boolean {
  return type.kind === "tensor" && type.shape.length === 0 && (type.dtype === "f64" || type.dtype === "f32");
}

const arithmetic: Partial<Record<BinaryOperator, string>> = { "+": "add", "-": "sub", "*": "mul", "/": "div" };

function emitBinary(cx: EmitContext, expr: Binary): Piece {
  switch (expr.operator) {
    case "+":
    case "-":
    case "*":
    case "/":
      return emitArithmetic(cx, expr);
    case "==":
    case "!=":
      return emitEquality(cx, expr);
    case "<":
    case "<=":
    case ">":
    case ">=":
      return emitOrder(cx, expr);
    case "and":
      return infix(cx, expr, "&&");
    case "or":
      return infix(cx, expr, "||");
    case "??":
      return infix(cx, expr, "??");
    case "in":
      return emitIn(cx, expr);
  }
}

function infix(cx: EmitContext, expr: Binary, operator: string): Piece {
  return compound(emitOperand(cx, expr.left), ` ${operator} `, emitOperand(cx, expr.right));
}

function emitArithmetic(cx: EmitContext, expr: Binary): Piece {
  const { type } = expr;
  if (type.kind === "string") return infix(cx, expr, "+");
  if (type.kind === "quantity") return infix(cx, expr, expr.operator);
  if (type.kind !== "tensor") throw new Error(`${expr.operator} of something that is no number`);
  if (isFloatScalar(type)) {
    const plain = infix(cx, expr, expr.operator);
    return type.dtype === "f32" ? atomic("Math.fround(", plain.code, ")") : plain;
  }
  const name = cx.runtime(arithmetic[expr.operator] ?? "add");
  return atomic(name, "(", JSON.stringify(type.dtype), ", ", emitExpr(cx, expr.left), ", ", emitExpr(cx, expr.right), ")");
}

/** Values that `===` compares as the language does. */
function isPrimitive(type: ValueType): boolean {
  switch (type.kind) {
    case "tensor":
      return type.shape.length === 0;
    case "optional":
      return isPrimitive(type.inner);
    case "string":
    case "null":
    case "quantity":
      return true;
    default:
      return false;
  }
}

function emitEquality(cx: EmitContext, expr: Binary): Piece {
  const isNull = (side: Expr): boolean => side.type.kind === "null" || (side.kind === "constant" && side.value.kind === "null");
  if (isNull(expr.left) || isNull(expr.right) || (isPrimitive(expr.left.type) && isPrimitive(expr.right.type))) {
    return infix(cx, expr, expr.operator === "==" ? "===" : "!==");
  }
  const made: Code = [cx.runtime("equal"), "(", emitExpr(cx, expr.left), ", ", emitExpr(cx, expr.right), ")"];
  return expr.operator === "==" ? atomic(made) : compound("!", made);
}

function emitOrder(cx: EmitContext, expr: Binary): Piece {
  if (isPrimitive(expr.left.type) && isPrimitive(expr.right.type)) return infix(cx, expr, expr.operator);
  const isSwapped = expr.operator === ">" || expr.operator === ">=";
  const [low, high] = isSwapped ? [expr.right, expr.left] : [expr.left, expr.right];
  const name = cx.runtime(expr.operator === "<" || expr.operator === ">" ? "less" : "lessEqual");
  return atomic(name, "(", emitExpr(cx, low), ", ", emitExpr(cx, high), ")");
}

function emitIn(cx: EmitContext, expr: Binary): Piece {
  const name = expr.right.type.kind === "range" ? "inRange" : "contains";
  return atomic(cx.runtime(name), "(", emitExpr(cx, expr.left), ", ", emitExpr(cx, expr.right), ")");
}

function emitCast(cx: EmitContext, expr: Extract<Expr, { kind: "cast" }>): Piece {
  const { type, value } = expr;
  if (type.kind !== "tensor" || value.type.kind !== "tensor") return { code: emitExpr(cx, value), atomic: false };
  const isScalar = type.shape.length === 0;
  const converted: Code = type.dtype === value.type.dtype ? emitExpr(cx, value) : [cx.runtime("cast"), "(", emitExpr(cx, value), ", ", JSON.stringify(type.dtype), ")"];
  if (expr.checked && !isScalar) {
    const shape = type.shape.map((dim, axis) => wantedSize(cx, value, dim, axis)).join(", ");
    return atomic(cx.runtime("checkShape"), "(", converted, `, [${shape}], `, JSON.stringify(describeValue(value)), ")");
  }
  if (type.dtype === value.type.dtype) return { code: converted, atomic: false };
  return isScalar ? compound(converted, " as ", tsType(type, cx.useType)) : atomic(converted);
}

/** What an axis must have. Null where nothing tells, or only the value itself: a cast that names its axis. */
function wantedSize(cx: EmitContext, value: Expr, dim: Dim, axis: number): string {
  const size = emitSize(dim, cx.sizes);
  return size === undefined || size === axisCode(value, axis) ? "null" : size;
}

function describeValue(value: Expr): string {
  if (value.kind === "field") return `.${value.name}`;
  if (value.kind === "member") return `${describeValue(value.value)}.${value.name}`;
  return "the value";
}

function emitNarrow(cx: EmitContext, expr: Extract<Expr, { kind: "narrow" }>): Piece {
  const { type, value } = expr;
  if (type.kind !== "record" || value.type.kind !== "record") return emitPiece(cx, value);
  const names = type.fields.map((field) => field.name);
  return { code: emitPicked(cx, value, names), atomic: true };
}
