/** P03xx: types and values. Types arrive as text, ready to print. */
import { defineCode } from "../diagnostic.ts";

export const typeCodes = {
  mismatch: defineCode({
    code: "P0301", severity: "error", title: "wrong type",
    message: (p: { expected: string; found: string }) => `expected ${p.expected}, found ${p.found}`,
  }),
  noField: defineCode({
    code: "P0302", severity: "error", title: "unknown field",
    message: (p: { name: string; what: string }) => `${p.what} has no field \`${p.name}\``,
  }),
  maybeNull: defineCode({
    code: "P0303", severity: "error", title: "value may be null",
    message: (p: { found: string }) => (p.found === "null" ? "null cannot be used here" : `this may be null (it is ${p.found})`),
  }),
  neverNull: defineCode({
    code: "P0304", severity: "warning", title: "value is never null",
    message: (p: { found: string }) => `this is never null (it is ${p.found})`,
  }),
  noOperator: defineCode({
    code: "P0305", severity: "error", title: "operator not defined for these types",
    message: (p: { operator: string; types: string }) => `\`${p.operator}\` is not defined for ${p.types}`,
  }),
  literalDoesNotFit: defineCode({
    code: "P0306", severity: "error", title: "number does not fit its type",
    message: (p: { text: string; dtype: string }) => `${p.text} is not a value of ${p.dtype}`,
  }),
  missingArgument: defineCode({
    code: "P0307", severity: "error", title: "argument missing",
    message: (p: { callee: string; names: string }) => `${p.callee} needs ${p.names}`,
  }),
  unknownArgument: defineCode({
    code: "P0308", severity: "error", title: "unknown argument",
    message: (p: { callee: string; name: string }) => `${p.callee} has no argument \`${p.name}\``,
  }),
  tooManyArguments: defineCode({
    code: "P0309", severity: "error", title: "too many arguments",
    message: (p: { callee: string; count: number }) => `${p.callee} takes ${p.count === 0 ? "no arguments" : p.count === 1 ? "one argument" : `${p.count} arguments`}`,
  }),
  argumentTwice: defineCode({
    code: "P0310", severity: "error", title: "argument given twice",
    message: (p: { name: string }) => `argument \`${p.name}\` is given twice`,
  }),
  refused: defineCode({
    code: "P0311", severity: "error", title: "operator refuses its arguments",
    message: (p: { what: string }) => `${p.what} does not fit`,
  }),
  duplicateField: defineCode({
    code: "P0312", severity: "error", title: "field given twice",
    message: (p: { name: string }) => `field \`${p.name}\` is given twice`,
  }),
  badCast: defineCode({
    code: "P0313", severity: "error", title: "impossible conversion",
    message: (p: { from: string; to: string }) => `${p.from} cannot be converted to ${p.to}`,
  }),
  notConstant: defineCode({
    code: "P0314", severity: "error", title: "value not known while compiling",
    message: (p: { what: string }) => `${p.what} must be known while compiling`,
  }),
  lacksField: defineCode({
    code: "P0315", severity: "error", title: "record lacks a field",
    message: (p: { name: string; expected: string }) => `there is no field \`${p.name}\`, which ${p.expected} asks for`,
  }),
  notAChoice: defineCode({
    code: "P0316", severity: "error", title: "string not in the enumeration",
    message: (p: { value: string; choices: string }) => `"${p.value}" is not one of ${p.choices}`,
  }),
  notARecord: defineCode({
    code: "P0317", severity: "error", title: "not a record",
    message: (p: { found: string }) => `${p.found} has no fields`,
  }),
  badIndex: defineCode({
    code: "P0318", severity: "error", title: "value cannot be indexed so",
    message: (p: { found: string }) => `${p.found} cannot be indexed so`,
  }),
  streamValue: defineCode({
    code: "P0319", severity: "error", title: "stream used as a value",
    message: () => "a stream is not a value",
  }),
  noRow: defineCode({
    code: "P0320", severity: "error", title: "row field outside a step",
    message: (p: { name: string }) => (p.name === ".." ? "there is no row whose fields `..` could mean" : `there is no row that \`.${p.name}\` could be a field of`),
  }),
  badUnion: defineCode({
    code: "P0321", severity: "error", title: "alternatives that are not strings",
    message: () => "only strings can be alternatives of each other",
  }),
  badRange: defineCode({
    code: "P0322", severity: "error", title: "impossible range",
    message: () => "this is not a range",
  }),
  inexactDivision: defineCode({
    code: "P0323", severity: "error", title: "division of integers loses its fraction",
    message: () => "this division has a remainder that would be lost",
  }),
  notText: defineCode({
    code: "P0324", severity: "error", title: "value cannot stand in a string",
    message: (p: { found: string }) => `${p.found} cannot be put into a string`,
  }),
  streamType: defineCode({
    code: "P0325", severity: "error", title: "stream type out of place",
    message: () => "a stream type cannot stand here",
  }),
  untyped: defineCode({
    code: "P0326", severity: "error", title: "value without a type",
    message: (p: { what: string }) => `the type of ${p.what} is not known here`,
  }),
  divisionByZero: defineCode({
    code: "P0327", severity: "error", title: "division by zero",
    message: () => "this divides by zero",
  }),
  outsideRange: defineCode({
    code: "P0328", severity: "error", title: "argument out of range",
    message: (p: { value: string; range: string }) => `${p.value} is not in ${p.range}`,
  }),
  plainString: defineCode({
    code: "P0329", severity: "error", title: "braces in a string that is read while compiling",
    message: () => "this string must be written out, without names in braces",
  }),
} as const;
