/**
 * P10xx: ONNX and TensorFlow.js model files. P1000-P1029 reading and costing, P1030-P1059 shape inference.
 * `file` is the model's name as the user gave it; `node` and `value` are quoted, escaped names.
 */
import { defineCode } from "../diagnostic.ts";

export const onnxCodes = {
  modelMalformed: defineCode({
    code: "P1000",
    severity: "error",
    title: "not a readable ONNX file",
    message: (p: { file: string; what: string; offset: number }) => `${p.file} is not a readable ONNX model: ${p.what} (byte ${p.offset})`,
  }),
  modelTooLarge: defineCode({
    code: "P1001",
    severity: "error",
    title: "model structure beyond the limits",
    message: (p: { file: string; what: string }) => `${p.file} is not read further: ${p.what}`,
  }),
  modelUnreadable: defineCode({
    code: "P1002",
    severity: "error",
    title: "model file cannot be opened",
    message: (p: { file: string; what: string }) => `${p.file} cannot be read: ${p.what}`,
  }),
  valueUndefined: defineCode({
    code: "P1003",
    severity: "error",
    title: "value that nothing produces",
    message: (p: { value: string; user: string }) => `${p.user} uses ${p.value}, which nothing in the model produces`,
  }),
  valueRedefined: defineCode({
    code: "P1004",
    severity: "error",
    title: "value produced twice",
    message: (p: { value: string; graph: string }) => `${p.value} is produced more than once in ${p.graph}`,
  }),
  graphCyclic: defineCode({
    code: "P1005",
    severity: "error",
    title: "cyclic graph",
    message: (p: { graph: string; path: string }) => `${p.graph} has a cycle: ${p.path}`,
  }),
  externalRefused: defineCode({
    code: "P1006",
    severity: "error",
    title: "external data outside the model's folder",
    message: (p: { tensor: string; what: string }) => `the external data of ${p.tensor} is not read: ${p.what}`,
  }),
  externalShort: defineCode({
    code: "P1007",
    severity: "error",
    title: "external data that does not fit its tensor",
    message: (p: { tensor: string; what: string }) => `the external data of ${p.tensor} does not fit: ${p.what}`,
  }),
  tensorSize: defineCode({
    code: "P1008",
    severity: "error",
    title: "tensor whose values do not fit its dimensions",
    message: (p: { tensor: string; what: string }) => `${p.tensor} does not hold what it says: ${p.what}`,
  }),
  functionRecursive: defineCode({
    code: "P1009",
    severity: "error",
    title: "function that calls itself",
    message: (p: { path: string }) => `model functions call each other in a circle: ${p.path}`,
  }),
  nameControl: defineCode({
    code: "P1010",
    severity: "warning",
    title: "name with control characters",
    message: (p: { name: string; where: string }) => `${p.where} has control characters in its name: ${p.name}`,
  }),
  modelEmpty: defineCode({
    code: "P1011",
    severity: "error",
    title: "file without a model",
    message: (p: { file: string; what: string }) => `${p.file} holds no model: ${p.what}`,
  }),
  dimUnknown: defineCode({
    code: "P1012",
    severity: "error",
    title: "binding of a dimension the model does not have",
    message: (p: { name: string; known: string }) => `the model has no dimension ${p.name}; ${p.known}`,
  }),
  dimMalformed: defineCode({
    code: "P1013",
    severity: "error",
    title: "malformed dimension binding",
    message: (p: { text: string }) => `${p.text} is not a binding such as batch=8: a name and an integer of at least 0`,
  }),
  costUnknown: defineCode({
    code: "P1014",
    severity: "warning",
    title: "operator whose cost is not known",
    message: (p: { op: string; node: string }) => `the cost of ${p.op} (${p.node}) is not known: only the bytes it moves are counted`,
  }),
  tfjsMalformed: defineCode({
    code: "P1015",
    severity: "error",
    title: "not a readable TensorFlow.js model",
    message: (p: { file: string; what: string }) => `${p.file} is not a readable TensorFlow.js model: ${p.what}`,
  }),
  tfjsWeights: defineCode({
    code: "P1016",
    severity: "warning",
    title: "TensorFlow.js weights that do not fit their files",
    message: (p: { file: string; what: string }) => `the weights of ${p.file} do not fit: ${p.what}`,
  }),
  tfjsCost: defineCode({
    code: "P1017",
    severity: "note",
    title: "cost of a TensorFlow.js model",
    message: (p: { file: string }) => `${p.file} is a TensorFlow.js model: FLOPs and activations are not computed`,
  }),
} as const;
