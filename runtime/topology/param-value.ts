/** Values of params as they are written on a command line. */
import { castScalar, integerRange, roundFloat } from "../contract/cast.ts";
import type { ParamType } from "../contract/program.ts";
import type { Dtype, Value } from "../contract/value.ts";
import { nearestName } from "./nearest-name.ts";

/** `fault` completes "--name …". */
export type ParsedValue = { readonly ok: true; readonly value: Value } | { readonly ok: false; readonly fault: string };

export function parseParamValue(type: ParamType, text: string): ParsedValue {
  switch (type.kind) {
    case "string":
      return { ok: true, value: text };
    case "uri":
      return text === "" ? { ok: false, fault: "needs a path" } : { ok: true, value: text };
    case "optional":
      return parseParamValue(type.inner, text);
    case "bool":
      return text === "true" || text === "false" ? { ok: true, value: text === "true" } : { ok: false, fault: `is true or false, not ${quote(text)}` };
    case "choice":
      return parseChoice(type.choices, text);
    case "int":
      return parseInteger(type, text);
    case "float":
      return parseFloating(type, text);
  }
}

function parseChoice(choices: readonly string[], text: string): ParsedValue {
  if (choices.includes(text)) return { ok: true, value: text };
  const near = nearestName(text, choices);
  const hint = near === undefined ? "" : `; did you mean ${near}?`;
  return { ok: false, fault: `is one of ${choices.join(", ")}, not ${quote(text)}${hint}` };
}

interface Range {
  readonly dtype?: Dtype;
  readonly low?: number;
  readonly high?: number;
}

/** Digits may be grouped with "_", as in the language. */
function parseInteger(range: Range, text: string): ParsedValue {
  if (!/^[+-]?\d+(_\d+)*$/.test(text)) return { ok: false, fault: `is a whole number${printBounds(range)}, not ${quote(text)}` };
  const value = BigInt(text.replaceAll("_", "").replace(/^\+/, ""));
  const dtype = range.dtype ?? "i64";
  const [least, most] = integerRange(dtype) ?? [value, value];
  if (value < least || value > most) return { ok: false, fault: `is a whole number in ${least}..${most} (${dtype}), not ${text}` };
  return isWithin(range, value) ? { ok: true, value: castScalar(value, dtype) } : { ok: false, fault: `is a whole number${printBounds(range)}, not ${text}` };
}

/** "0.1%" is 0.001, as in the language. */
function parseFloating(range: Range, text: string): ParsedValue {
  if (!/^[+-]?(\d+(_\d+)*(\.\d*)?|\.\d+)([eE][+-]?\d+)?%?$/.test(text)) return { ok: false, fault: `is a number${printBounds(range)}, not ${quote(text)}` };
  const number = Number(text.replaceAll("_", "").replace(/%$/, ""));
  const value = roundFloat(text.endsWith("%") ? number / 100 : number, range.dtype ?? "f64");
  return Number.isFinite(value) && isWithin(range, value) ? { ok: true, value } : { ok: false, fault: `is a number${printBounds(range)}, not ${text}` };
}

function isWithin({ low, high }: Range, value: number | bigint): boolean {
  return (low === undefined || value >= low) && (high === undefined || value <= high);
}

function printBounds({ low, high }: Range): string {
  if (low !== undefined && high !== undefined) return ` in ${low}..${high}`;
  if (low !== undefined) return ` from ${low}`;
  return high === undefined ? "" : ` up to ${high}`;
}

/** What stands for a value in help: "<uri>", "<int 16..512>", "<a|b>". */
export function printParamType(type: ParamType): string {
  switch (type.kind) {
    case "string":
    case "uri":
    case "bool":
      return `<${type.kind}>`;
    case "choice":
      return `<${type.choices.join("|")}>`;
    case "optional":
      return printParamType(type.inner);
    case "int":
    case "float":
      return `<${type.kind}${printBounds(type).replace(" in ", " ")}>`;
  }
}

function quote(text: string): string {
  return JSON.stringify(text);
}
