/** One case of the ONNX backend suite: a model, recorded inputs and outputs, and what inference makes of it. */
import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { bytesModel } from "../../compiler/onnx/byte-source.ts";
import { inferShapes } from "../../compiler/onnx/infer/infer-shapes.ts";
import { unknownType } from "../../compiler/onnx/infer/inferred-type.ts";
import type { KnownValue } from "../../compiler/onnx/infer/known-value.ts";
import type { Graph } from "../../compiler/onnx/model-graph.ts";
import { readModel } from "../../compiler/onnx/read-model.ts";
import { mismatch } from "./compare-inferred.ts";
import { readRecorded, recordedValue } from "./onnx-recorded.ts";
import type { Recorded } from "./onnx-recorded.ts";

export interface CaseResult {
  /** What differs from the record; empty if nothing does. */
  readonly problems: readonly string[];
  /** Operators that gave the fresh dimensions among the outputs. */
  readonly dataDependent: readonly string[];
}

/**
 * Infers the case's model, ignoring what it declares of its outputs, and compares with the recorded outputs.
 * `withValues` gives inference the small recorded inputs as well, so that little is left for data to decide.
 */
export function runCase(folder: string, withValues: boolean): CaseResult {
  const { model, diagnostics } = readModel(bytesModel("model.onnx", readFileSync(join(folder, "model.onnx"))));
  if (!model) return { problems: diagnostics.map((diagnostic) => diagnostic.message), dataDependent: [] };
  const { graph } = model;
  const inferred = inferShapes(model, { declarations: "ignore", ...(withValues ? { inputValues: inputValues(folder, graph) } : {}) });
  const comparison = { bindings: inputSymbols(folder, graph), freshDims: inferred.freshDims, excepted: new Set<string>() };
  const problems = inferred.diagnostics.map((diagnostic) => `${diagnostic.code} ${diagnostic.message}`);
  graph.outputs.forEach((output, i) => {
    const recorded = readRecorded(readFileSync(dataFile(folder, "output", i)), output.type);
    const found = mismatch(inferred.types.get(output.name) ?? unknownType, recorded, comparison);
    if (found) problems.push(`${output.name}: ${found}`);
  });
  const dataDependent = new Set([...comparison.excepted].map((name) => inferred.freshDims.get(name)?.op ?? name));
  return { problems, dataDependent: [...dataDependent].sort() };
}

function dataFile(folder: string, kind: "input" | "output", i: number): string {
  return join(folder, "test_data_set_0", `${kind}_${i}.pb`);
}

interface RecordedInput {
  readonly name: string;
  readonly bytes: Uint8Array;
  readonly recorded: Recorded;
  readonly dims: readonly (number | string | null)[];
}

function recordedInputs(folder: string, graph: Graph): readonly RecordedInput[] {
  return graph.inputs.flatMap((input, i) => {
    const path = dataFile(folder, "input", i);
    if (!existsSync(path)) return [];
    const bytes = readFileSync(path);
    const dims = input.type.kind === "tensor" ? (input.type.dims ?? []) : [];
    return [{ name: input.name, bytes, recorded: readRecorded(bytes, input.type), dims }];
  });
}

function inputValues(folder: string, graph: Graph): ReadonlyMap<string, KnownValue> {
  const values = new Map<string, KnownValue>();
  for (const { name, bytes, recorded } of recordedInputs(folder, graph)) {
    const value = recordedValue(bytes, recorded);
    if (value) values.set(name, value);
  }
  return values;
}

/** What the names of input dimensions stand for in the record. */
function inputSymbols(folder: string, graph: Graph): Map<string, number> {
  const bindings = new Map<string, number>();
  for (const { recorded, dims } of recordedInputs(folder, graph)) {
    if (recorded.kind !== "tensor") continue;
    dims.forEach((dim, axis) => {
      if (typeof dim === "string" && recorded.dims.length === dims.length) bindings.set(dim, recorded.dims[axis]);
    });
  }
  return bindings;
}
