/**
 * The value of an expression that is known while compiling: literals, arithmetic on them, lists and records of them.
 * Params count only where `paramValue` says so, since asking for a param's value fixes it at build.
 */
import type { ConstantValue } from "../catalog/constant-value.ts";
import type { Expr } from "./checked-program.ts";
import { literalAs } from "./numbers.ts";

/** The value of a param fixed at build, by symbol, or undefined where it has none. */
export type ParamValue = (symbol: string, expr: Expr) => ConstantValue | undefined;

export function foldExpr(expr: Expr, paramValue: ParamValue = () => undefined): ConstantValue | undefined {
  switch (expr.kind) {
    case "constant": return expr.type.kind === "error" ? undefined : expr.value;
    case "param": return paramValue(expr.symbol, expr);
    case "narrow": return foldExpr(expr.value, paramValue);
    case "list": {
      const items = expr.items.map((item) => foldExpr(item, paramValue));
      return items.every((item) => item !== undefined) ? { kind: "list", items } : undefined;
    }
    case "record": return foldRecord(expr, paramValue);
    case "member": {
      const value = foldExpr(expr.value, paramValue);
      return value?.kind === "record" ? value.fields[expr.name] : undefined;
    }
    case "interpolation": return foldText(expr, paramValue);
    case "unary": return foldUnary(expr, paramValue);
    case "binary": return foldBinary(expr, paramValue);
    case "cast": return foldCast(expr, paramValue);
    case "if": {
      const condition = foldExpr(expr.condition, paramValue);
      return condition?.kind === "bool" ? foldExpr(condition.value ? expr.then : expr.otherwise, paramValue) : undefined;
    }
    default:
      return undefined;
  }
}

function foldRecord(expr: Extract<Expr, { kind: "record" }>, paramValue: ParamValue): ConstantValue | undefined {
  const fields: Record<string, ConstantValue> = {};
  for (const entry of expr.entries) {
    const value = foldExpr(entry.value, paramValue);
    if (value === undefined) return undefined;
    if (entry.kind === "field") fields[entry.name] = value;
    else if (value.kind === "record") Object.assign(fields, value.fields);
    else return undefined;
  }
  return { kind: "record", fields };
}

function foldText(expr: Extract<Expr, { kind: "interpolation" }>, paramValue: ParamValue): ConstantValue | undefined {
  let text = "";
  for (const part of expr.parts) {
    if (typeof part === "string") {
      text += part;
      continue;
    }
    const value = foldExpr(part, paramValue);
    if (value?.kind !== "string" && value?.kind !== "int" && value?.kind !== "float" && value?.kind !== "bool") return undefined;
    text += String(value.value);
  }
  return { kind: "string", value: text };
}

function foldUnary(expr: Extract<Expr, { kind: "unary" }>, paramValue: ParamValue): ConstantValue | undefined {
  const value = foldExpr(expr.value, paramValue);
  if (expr.operator === "not") return value?.kind === "bool" ? { kind: "bool", value: !value.value } : undefined;
  if (value?.kind === "int") return { kind: "int", value: -value.value };
  if (value?.kind === "float" || value?.kind === "quantity") return { ...value, value: -value.value };
  return undefined;
}

function foldBinary(expr: Extract<Expr, { kind: "binary" }>, paramValue: ParamValue): ConstantValue | undefined {
  const left = foldExpr(expr.left, paramValue);
  const right = foldExpr(expr.right, paramValue);
  if (left === undefined || right === undefined) return undefined;
  switch (expr.operator) {
    case "+": case "-": case "*": case "/":
      return foldHardware(expr.operator, left, right) ?? foldArithmetic(expr, expr.operator, left, right);
    case "==": return { kind: "bool", value: sameConstant(left, right) };
    case "!=": return { kind: "bool", value: !sameConstant(left, right) };
    case "<": case "<=": case ">": case ">=": return foldOrder(expr.operator, left, right);
    case "and": return left.kind === "bool" && right.kind === "bool" ? { kind: "bool", value: left.value && right.value } : undefined;
    case "or": return left.kind === "bool" && right.kind === "bool" ? { kind: "bool", value: left.value || right.value } : undefined;
    case "??": return left.kind === "null" ? right : left;
    case "in": return right.kind === "list" ? { kind: "bool", value: right.items.some((item) => sameConstant(left, item)) } : undefined;
  }
}

type Arithmetic = "+" | "-" | "*" | "/";

function foldArithmetic(expr: Expr, operator: Arithmetic, left: ConstantValue, right: ConstantValue): ConstantValue | undefined {
  if (left.kind === "quantity" || right.kind === "quantity") return foldQuantities(operator, left, right);
  if (left.kind === "int" && right.kind === "int") {
    const value = integerResult(operator, left.value, right.value);
    if (value === undefined || expr.type.kind !== "tensor") return undefined;
    const inRange = literalAs({ kind: "int", value }, expr.type.dtype);
    return inRange.ok ? inRange.value : undefined;
  }
  const [a, b] = [numberOf(left), numberOf(right)];
  if (a === undefined || b === undefined || expr.type.kind !== "tensor") return undefined;
  const rounded = literalAs({ kind: "float", value: floatResult(operator, a, b) }, expr.type.dtype);
  return rounded.ok ? rounded.value : undefined;
}

function integerResult(operator: Arithmetic, a: bigint, b: bigint): bigint | undefined {
  switch (operator) {
    case "+": return a + b;
    case "-": return a - b;
    case "*": return a * b;
    case "/": return b === 0n ? undefined : a / b;
  }
}

function floatResult(operator: Arithmetic, a: number, b: number): number {
  switch (operator) {
    case "+": return a + b;
    case "-": return a - b;
    case "*": return a * b;
    case "/": return a / b;
  }
}

function foldQuantities(operator: Arithmetic, left: ConstantValue, right: ConstantValue): ConstantValue | undefined {
  const [a, b] = [numberOf(left), numberOf(right)];
  if (a === undefined || b === undefined) return undefined;
  const value = floatResult(operator, a, b);
  if (left.kind === "quantity") return { ...left, value };
  return right.kind === "quantity" ? { ...right, value } : undefined;
}

function numberOf(value: ConstantValue): number | undefined {
  return value.kind === "int" || value.kind === "float" || value.kind === "quantity" ? Number(value.value) : undefined;
}

/** `10 * aws.g4dn_12xlarge + 10 * aws.m5_16xlarge`: a fleet is a list of counted nodes. */
function foldHardware(operator: Arithmetic, left: ConstantValue, right: ConstantValue): ConstantValue | undefined {
  if (operator === "*" && left.kind === "int") return times(left.value, right);
  if (operator === "*" && right.kind === "int") return times(right.value, left);
  if (operator !== "+") return undefined;
  const [a, b] = [fleetOf(left), fleetOf(right)];
  return a === undefined || b === undefined ? undefined : fleet([...a, ...b]);
}

function times(count: bigint, value: ConstantValue): ConstantValue | undefined {
  const nodes = fleetOf(value);
  if (nodes === undefined) return undefined;
  return fleet(nodes.map((node) => {
    if (node.kind !== "record" || node.fields["count"]?.kind !== "int") return node;
    return { kind: "record", fields: { ...node.fields, count: { kind: "int", value: node.fields["count"].value * count } } };
  }));
}

function fleetOf(value: ConstantValue): readonly ConstantValue[] | undefined {
  if (value.kind !== "call" || value.name !== "hardware") return undefined;
  const nodes = value.args["nodes"];
  return nodes?.kind === "list" ? nodes.items : [{ kind: "record", fields: { count: { kind: "int", value: 1n }, node: value } }];
}

function fleet(items: readonly ConstantValue[]): ConstantValue {
  return { kind: "call", name: "hardware", args: { nodes: { kind: "list", items } } };
}

function foldOrder(operator: "<" | "<=" | ">" | ">=", left: ConstantValue, right: ConstantValue): ConstantValue | undefined {
  const comparable = (numberOf(left) !== undefined && numberOf(right) !== undefined) || (left.kind === "string" && right.kind === "string");
  if (!comparable || !("value" in left) || !("value" in right)) return undefined;
  const [a, b] = [left.value, right.value];
  switch (operator) {
    case "<": return { kind: "bool", value: a < b };
    case "<=": return { kind: "bool", value: a <= b };
    case ">": return { kind: "bool", value: a > b };
    case ">=": return { kind: "bool", value: a >= b };
  }
}

/** Whether two constants are the same value. */
export function sameConstant(a: ConstantValue, b: ConstantValue): boolean {
  if (a.kind === "list" && b.kind === "list") {
    return a.items.length === b.items.length && a.items.every((item, index) => sameMaybe(item, b.items[index]));
  }
  if (a.kind === "record" && b.kind === "record") return sameFields(a.fields, b.fields);
  if (a.kind === "call" && b.kind === "call") return a.name === b.name && sameFields(a.args, b.args);
  if (a.kind === "range" && b.kind === "range") return sameConstant(a.low, b.low) && sameConstant(a.high, b.high);
  if (a.kind === "null" || b.kind === "null") return a.kind === b.kind;
  return "value" in a && "value" in b && (a.value === b.value || (typeof a.value !== typeof b.value && String(a.value) === String(b.value)));
}

function sameMaybe(a: ConstantValue, b: ConstantValue | undefined): boolean {
  return b !== undefined && sameConstant(a, b);
}

function sameFields(a: Readonly<Record<string, ConstantValue>>, b: Readonly<Record<string, ConstantValue>>): boolean {
  const names = Object.keys(a);
  return names.length === Object.keys(b).length && names.every((name) => a[name] !== undefined && sameMaybe(a[name], b[name]));
}

function foldCast(expr: Extract<Expr, { kind: "cast" }>, paramValue: ParamValue): ConstantValue | undefined {
  const value = foldExpr(expr.value, paramValue);
  if (value === undefined || expr.type.kind !== "tensor" || expr.type.shape.length > 0) return undefined;
  const isInteger = value.kind === "float" && !/^f|^bf/.test(expr.type.dtype);
  const number: ConstantValue = isInteger && Number.isFinite(value.value) ? { kind: "int", value: BigInt(Math.trunc(value.value)) } : value;
  const converted = literalAs(number, expr.type.dtype);
  return converted.ok ? converted.value : undefined;
}
