/** P04xx: dimensions, bounds and sizes. Dimensions arrive as text, ready to print. */
import { defineCode } from "../diagnostic.ts";

export const dimCodes = {
  disagree: defineCode({
    code: "P0401", severity: "error", title: "dimensions disagree",
    message: (p: { axis: number; expected: string; found: string }) => `axis ${p.axis} is \`${p.found}\`, and \`${p.expected}\` is wanted`,
  }),
  rank: defineCode({
    code: "P0402", severity: "error", title: "wrong number of axes",
    message: (p: { expected: string; found: string; expectedType: string }) => `this has ${p.found === "1" ? "1 axis" : `${p.found} axes`}, and ${p.expectedType} has ${p.expected}`,
  }),
  inexact: defineCode({
    code: "P0403", severity: "error", title: "dimension cannot be bound",
    message: (p: { name: string; pattern: string; found: string }) => `no \`${p.name}\` >= 0 makes \`${p.pattern}\` equal \`${p.found}\``,
  }),
  boundNotProved: defineCode({
    code: "P0404", severity: "error", title: "bound not proved",
    message: (p: { bound: string }) => `\`${p.bound}\` is not proved`,
  }),
  badBound: defineCode({
    code: "P0405", severity: "error", title: "bound that says nothing usable",
    message: () => "this bound cannot be used",
  }),
  unknownDimension: defineCode({
    code: "P0406", severity: "error", title: "unknown dimension",
    message: (p: { name: string }) => `no shape of the signature has a dimension \`${p.name}\``,
  }),
  batchName: defineCode({
    code: "P0407", severity: "error", title: "`N` outside a model",
    message: () => "`N` is a dimension only in the signatures of models",
  }),
  badDimension: defineCode({
    code: "P0408", severity: "error", title: "not a dimension",
    message: () => "this is not a dimension",
  }),
  negativeDimension: defineCode({
    code: "P0409", severity: "error", title: "dimension may be negative",
    message: (p: { dim: string }) => `the dimension \`${p.dim}\` is not proved to be 0 or more`,
  }),
  impossibleCast: defineCode({
    code: "P0410", severity: "error", title: "shape can never be narrowed so",
    message: (p: { axis: number; from: string; to: string }) => `${p.from} is never ${p.to}: axis ${p.axis} differs`,
  }),
  elementwise: defineCode({
    code: "P0411", severity: "error", title: "shapes differ in an elementwise operator",
    message: (p: { operator: string; left: string; right: string }) => `\`${p.operator}\` cannot combine the shapes ${p.left} and ${p.right}`,
  }),
  restDimension: defineCode({
    code: "P0412", severity: "error", title: "run of dimensions",
    message: () => "a run of dimensions cannot stand here",
  }),
  unknownDtype: defineCode({
    code: "P0413", severity: "error", title: "unknown dtype",
    message: (p: { name: string }) => `there is no dtype \`${p.name}\``,
  }),
  stringTensor: defineCode({
    code: "P0414", severity: "error", title: "tensor of strings",
    message: () => "a tensor of strings cannot stand here",
  }),
  outside: defineCode({
    code: "P0415", severity: "error", title: "index outside its axis",
    message: (p: { index: string; size: string; axis: number }) => `index ${p.index} is outside axis ${p.axis}, which has ${p.size} elements`,
  }),
} as const;
