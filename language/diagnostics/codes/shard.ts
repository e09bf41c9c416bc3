/** P1150-P1160: cutting models into shards. `value` and `node` are quoted, escaped names; stages count from 1. */
import { defineCode } from "../diagnostic.ts";

export const shardCodes = {
  tooFewPlaces: defineCode({
    code: "P1150",
    severity: "error",
    title: "more stages than a model has parts",
    message: (p: { file: string; stages: number; most: number }) => `${p.file} cannot be cut into ${p.stages} stages: it has parts for ${p.most}`,
  }),
  cutNotClosed: defineCode({
    code: "P1151",
    severity: "error",
    title: "cut that a value crosses backwards",
    message: (p: { node: string; stage: number; value: string; from: number }) =>
      `${p.node} is in stage ${p.stage} and uses ${p.value}, which stage ${p.from} makes`,
  }),
  cutUnknown: defineCode({
    code: "P1152",
    severity: "error",
    title: "cut at a node that the model does not have",
    message: (p: { name: string }) => `the model has no node or value ${p.name} to cut after`,
  }),
  stageEmpty: defineCode({
    code: "P1153",
    severity: "error",
    title: "stage without work",
    message: (p: { stage: number }) => `stage ${p.stage} has no node that computes anything the outputs need`,
  }),
  valueCannotCross: defineCode({
    code: "P1154",
    severity: "error",
    title: "value that cannot be passed between stages",
    message: (p: { value: string; from: number; to: number; what: string }) =>
      `${p.value} would be passed from stage ${p.from} to stage ${p.to}, and ${p.what}`,
  }),
  externalAttribute: defineCode({
    code: "P1155",
    severity: "error",
    title: "external data inside a node",
    message: (p: { tensor: string; node: string }) => `tensor ${p.tensor} inside ${p.node} lies in an external file, where only initializers may`,
  }),
  shardArguments: defineCode({
    code: "P1156",
    severity: "error",
    title: "malformed sharding options",
    message: (p: { what: string }) => p.what,
  }),
  outputsDiffer: defineCode({
    code: "P1157",
    severity: "error",
    title: "shards that compute something else",
    message: (p: { value: string; absolute: string; allowed: string }) =>
      `output ${p.value} of the shards differs from the whole model's by up to ${p.absolute}; ${p.allowed} is allowed`,
  }),
  recordedUnusable: defineCode({
    code: "P1158",
    severity: "error",
    title: "recorded inputs that cannot be used",
    message: (p: { place: string; what: string }) => `${p.place} cannot be used as inputs: ${p.what}`,
  }),
  runFailed: defineCode({
    code: "P1159",
    severity: "error",
    title: "model that onnxruntime does not run",
    message: (p: { part: string; what: string }) => `onnxruntime does not run ${p.part}: ${p.what}`,
  }),
  littleShared: defineCode({
    code: "P1160",
    severity: "warning",
    title: "ranks that share little of a model",
    message: (p: { file: string; ranks: number; whole: string; weights: string }) => `${p.file}: of ${p.weights} of weights, each of ${p.ranks} ranks holds ${p.whole} whole`,
  }),
} as const;
