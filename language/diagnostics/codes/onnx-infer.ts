/** P1030-P1059: shape inference over ONNX models. `node` and `value` are quoted, escaped names; `what` is a phrase. */
import { defineCode } from "../diagnostic.ts";

export const onnxInferCodes = {
  operatorUnknown: defineCode({
    code: "P1030",
    severity: "warning",
    title: "unknown operator",
    message: (p: { node: string; op: string; version: string }) =>
      `${p.node} is ${p.op}${p.version}, an operator whose shapes are not known; its outputs are taken as declared or left unknown`,
  }),
  nodeContradiction: defineCode({
    code: "P1031",
    severity: "error",
    title: "inputs that do not fit their operator",
    message: (p: { node: string; op: string; what: string }) => `${p.node} (${p.op}) cannot run: ${p.what}`,
  }),
  outputContradiction: defineCode({
    code: "P1032",
    severity: "error",
    title: "declared output that contradicts the graph",
    message: (p: { value: string; what: string }) => `the graph makes output ${p.value} ${p.what} as the file declares`,
  }),
  valueContradiction: defineCode({
    code: "P1033",
    severity: "warning",
    title: "declared intermediate value that contradicts the graph",
    message: (p: { value: string; what: string }) => `the graph makes ${p.value} ${p.what} as the file declares`,
  }),
  inferenceBudget: defineCode({
    code: "P1034",
    severity: "warning",
    title: "shape inference cut short",
    message: (p: { nodes: number }) =>
      `shape inference stopped after ${p.nodes} nodes, since functions or loops of the model multiply its nodes; the rest is unknown`,
  }),
} as const;
