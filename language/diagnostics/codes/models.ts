/** P05xx: models and their ports. */
import { defineCode } from "../diagnostic.ts";

export const modelCodes = {
  missingFile: defineCode({
    code: "P0501", severity: "error", title: "model file not found",
    message: (p: { file: string }) => `the model file \`${p.file}\` was not found`,
  }),
  unreadableFile: defineCode({
    code: "P0502", severity: "error", title: "model file cannot be read",
    message: (p: { file: string }) => `the model file \`${p.file}\` cannot be read`,
  }),
  unknownPort: defineCode({
    code: "P0503", severity: "error", title: "port not in the model file",
    message: (p: { side: string; name: string }) => `the model file has no ${p.side} \`${p.name}\``,
  }),
  inputNotListed: defineCode({
    code: "P0504", severity: "error", title: "input of the model file not declared",
    message: (p: { model: string; names: string }) => `model \`${p.model}\` does not declare the input ${p.names}`,
  }),
  dtype: defineCode({
    code: "P0505", severity: "error", title: "dtype disagrees with the model file",
    message: (p: { name: string; declared: string; found: string }) => `\`${p.name}\` is declared ${p.declared}, and the file has ${p.found}`,
  }),
  rank: defineCode({
    code: "P0506", severity: "error", title: "rank disagrees with the model file",
    message: (p: { name: string; declared: string; found: string }) => `\`${p.name}\` is declared with ${p.declared} axes, and the file has ${p.found}`,
  }),
  dimension: defineCode({
    code: "P0507", severity: "error", title: "dimension disagrees with the model file",
    message: (p: { name: string; axis: number; declared: string; found: string }) => `axis ${p.axis} of \`${p.name}\` is declared \`${p.declared}\`, and the file has ${p.found}`,
  }),
  batchAxis: defineCode({
    code: "P0508", severity: "error", title: "batch axis used wrongly",
    message: (p: { name: string }) => `\`N\` cannot stand so in the shape of \`${p.name}\``,
  }),
  outputWithoutBatch: defineCode({
    code: "P0509", severity: "error", title: "output without the batch axis",
    message: (p: { output: string; model: string }) => `output \`${p.output}\` of model \`${p.model}\` lacks \`N\``,
  }),
  constantInput: defineCode({
    code: "P0510", severity: "error", title: "input without the batch axis takes a constant",
    message: (p: { input: string; model: string }) => `input \`${p.input}\` of model \`${p.model}\` takes a constant`,
  }),
  fixedBatch: defineCode({
    code: "P0511", severity: "error", title: "model file has a fixed batch",
    message: (p: { name: string; size: string }) => `the file takes batches of exactly ${p.size}, and \`${p.name}\` does not say so`,
  }),
  padDimension: defineCode({
    code: "P0512", severity: "error", title: "padding of a dimension that cannot be padded",
    message: (p: { dim: string; model: string }) => `\`${p.dim}\` cannot be padded in model \`${p.model}\``,
  }),
  padFill: defineCode({
    code: "P0513", severity: "error", title: "padding incomplete",
    message: (p: { dim: string; names: string }) => `the padding of \`${p.dim}\` needs ${p.names}`,
  }),
  portType: defineCode({
    code: "P0514", severity: "error", title: "port that is not a tensor",
    message: (p: { name: string }) => `\`${p.name}\` must be made of tensors`,
  }),
  noGuess: defineCode({
    code: "P0515", severity: "error", title: "model needs a signature",
    message: (p: { name: string }) => `the file of model \`${p.name}\` does not say which axis is the batch`,
  }),
  modelPlace: defineCode({
    code: "P0516", severity: "error", title: "model called in the wrong place",
    message: (p: { name: string }) => `model \`${p.name}\` cannot be called here`,
  }),
  noFile: defineCode({
    code: "P0517", severity: "error", title: "model without a file",
    message: (p: { name: string }) => `model \`${p.name}\` has no \`file\``,
  }),
  inferredOutput: defineCode({
    code: "P0518", severity: "error", title: "output shape disagrees with inference",
    message: (p: { name: string; axis: number; declared: string; found: string }) => `axis ${p.axis} of output \`${p.name}\` is declared \`${p.declared}\`, and the model gives \`${p.found}\``,
  }),
  portKind: defineCode({
    code: "P0519", severity: "error", title: "port of a kind rows cannot carry",
    message: (p: { side: string; name: string; kind: string }) => `${p.side} \`${p.name}\` of the model file is a ${p.kind}`,
  }),
  padInput: defineCode({
    code: "P0520", severity: "error", title: "fill for an input that has no such dimension",
    message: (p: { name: string; dim: string }) => `there is no input \`${p.name}\` that has \`${p.dim}\``,
  }),
} as const;
