/**
 * Shape and dtype inference over a whole model, with symbolic dimensions.
 *
 * Before: a `ModelGraph` whose structure was checked (names defined once, no cycles). After: the type of every value, and
 * the values of small tensors that follow from shapes and constants; nothing is executed and no large tensor is read.
 *
 * What holds
 *  - A dimension is a `Dim` over the model's own dimension names and fresh names. A fresh name (listed in `freshDims`)
 *    stands for what only data decides, or for what inference does not know; it is never a guess.
 *  - Dimensions are taken to be at least 1 where broadcasting or `Reshape` would treat 0 or 1 in a special way.
 *  - Inference never stops: an unknown operator or a contradiction is a diagnostic, and the values behind it are
 *    unknown or as declared in the file (`declared` lists those).
 *  - Work is bounded by the number of nodes; functions and loops that multiply it run into a budget (P1034).
 *
 *     const inferred = inferShapes(model, { bindings: new Map([["batch", 8]]) });
 *     inferred.types.get("logits");   // { kind: "tensor", dtype: "f32", shape: [8, 1000] }
 */
import type { Diagnostic } from "../../../language/diagnostics/diagnostic.ts";
import { onnxInferCodes } from "../../../language/diagnostics/codes/onnx-infer.ts";
import { dimName, dimOf } from "../../../language/tensor/dim.ts";
import type { Dim } from "../../../language/tensor/dim.ts";
import { freeNames } from "../../../language/tensor/evaluate-dim.ts";
import type { LocalFunction, ModelGraph } from "../model-graph.ts";
import { reportInModel } from "../model-diagnostics.ts";
import { functionKey } from "../walk.ts";
import { symbolsOf } from "./declared-type.ts";
import { inferGraph } from "./infer-graph.ts";
import type { Frame, Session } from "./infer-graph.ts";
import type { FreshDim, InferOptions, InferredGraph } from "./inferred-graph.ts";

export type { FreshDim, InferOptions, InferredGraph, InferredScope, NestedScope } from "./inferred-graph.ts";

/** Infers the type of every value of a model. Never throws at what a file holds. */
export function inferShapes(model: ModelGraph, options: InferOptions = {}): InferredGraph {
  const diagnostics: Diagnostic[] = [];
  const freshDims = new Map<string, FreshDim>();
  const session = createSession(model, options, diagnostics, freshDims);
  const frame: Frame = { session, opsets: model.opsets, attributes: new Map(), where: "" };
  const scope = inferGraph(frame, model.graph);
  if (session.nodesLeft <= 0) diagnostics.push(reportInModel(onnxInferCodes.inferenceBudget, { nodes: options.nodesMax ?? nodesMaxDefault }));
  return { ...scope, freshDims, declared: session.declared, diagnostics };
}

const nodesMaxDefault = 200_000;
/** Only hostile files come near these. */
const freshDimsMax = 500_000;
const diagnosticsMax = 1_000;

function createSession(model: ModelGraph, options: InferOptions, diagnostics: Diagnostic[], freshDims: Map<string, FreshDim>): Session {
  const reserved = reservedNames(model, options);
  let counter = 0;
  const reported = new Set<string>();
  return {
    files: model.files,
    functions: new Map(model.functions.map((fn): [string, LocalFunction] => [functionKey(fn.domain, fn.name, fn.overload), fn])),
    options,
    declared: new Set(),
    freshDims,
    nodesLeft: options.nodesMax ?? nodesMaxDefault,
    muted: 0,
    fresh(hint, origin) {
      let name: string;
      do name = `${hint}_${counter++}`;
      while (reserved.has(name));
      freshDims.set(name, origin);
      if (freshDims.size > freshDimsMax) this.nodesLeft = 0;
      return boundSymbol(name, options);
    },
    symbol: (name) => boundSymbol(name, options),
    report(diagnostic) {
      // A loop body is visited several times and a function at each call: each message once.
      if (this.muted > 0 || reported.has(diagnostic.message) || reported.size >= diagnosticsMax) return;
      reported.add(diagnostic.message);
      diagnostics.push(diagnostic);
    },
  };
}

function boundSymbol(name: string, options: InferOptions): Dim {
  const value = options.bindings?.get(name);
  return value === undefined ? dimName(name) : dimOf(value);
}

function reservedNames(model: ModelGraph, options: InferOptions): ReadonlySet<string> {
  const declared = [...model.graph.inputs, ...model.graph.outputs, ...model.graph.valueInfo].flatMap((info) => symbolsOf(info.type));
  const given = [...(options.inputShapes?.values() ?? [])].flat().flatMap((dim) => [...freeNames(dim)]);
  return new Set([...declared, ...given]);
}
