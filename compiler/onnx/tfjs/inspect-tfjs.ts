/** Inspects a TensorFlow.js model: signature, operators and weight bytes, as the same report as an ONNX model's. */
import { onnxCodes } from "../../../language/diagnostics/codes/onnx.ts";
import type { Diagnostic } from "../../../language/diagnostics/diagnostic.ts";
import type { ModelFiles } from "../byte-source.ts";
import { emptyInspection, unknownRank, type Inspection, type PortReport } from "../inspect/inspection.ts";
import { reportInModel } from "../model-diagnostics.ts";
import { readTfjs, type TfjsModel, type TfjsPort, type TfjsWeightGroup } from "./read-tfjs.ts";

const jsonBytesMax = 128 * 2 ** 20;

/** Inspects a `model.json`. */
export function inspectTfjs(files: ModelFiles): Inspection {
  const model = parse(files);
  if (typeof model === "string") return emptyInspection(files.name, [reportInModel(onnxCodes.tfjsMalformed, { file: files.name, what: model })]);
  const weightBytes = model.weights.reduce((sum, group) => sum + group.bytes, 0);
  const position = new Map(model.ops.map((op, i) => [op.name, i]));
  return {
    file: files.name,
    format: `TensorFlow.js ${model.kind}${model.producer ? ` by ${model.producer}` : ""}`,
    inputs: model.inputs.map(reportPort),
    outputs: model.outputs.map(reportPort),
    tensors: new Map(model.inputs.flatMap((port) => (port.shape ? [[port.name, reportPort(port)] as const] : [])).map(([name, { dtype, shape }]) => [name, { dtype, shape }])),
    nodes: model.ops.map((op) => ({ name: op.name, op: op.op, block: "all", flops: null, bytes: null })),
    details: model.ops.map(() => ({ constant: false, gives: [] })),
    edges: model.ops.flatMap((op, to) => op.inputs.flatMap((name): readonly (readonly [number, number])[] => {
      const from = position.get(name);
      return from === undefined ? [] : [[from, to]];
    })),
    blocks: [{ name: "all", nodes: model.ops.length, flops: null, weightBytes, activationBytes: null, sizes: { flops: 0, activationBytes: 0 } }],
    totals: { params: model.weights.reduce((sum, group) => sum + group.elements, 0), weightBytes, flops: null, peakActivationBytes: null },
    freeDims: [],
    bindings: new Map(),
    diagnostics: [reportInModel(onnxCodes.tfjsCost, { file: files.name }), ...model.weights.flatMap((group) => checkWeights(group, files))],
  };
}

function parse(files: ModelFiles): TfjsModel | string {
  if (files.main.size > jsonBytesMax) return `it is larger than ${jsonBytesMax} bytes`;
  let json: unknown;
  try {
    json = JSON.parse(new TextDecoder("utf-8").decode(files.main.read(0, files.main.size)));
  } catch {
    return "it is no JSON";
  }
  return readTfjs(json);
}

function reportPort(port: TfjsPort): PortReport {
  return { name: port.name, dtype: port.dtype, shape: port.shape?.map((dim) => dim ?? "?") ?? unknownRank };
}

/** The files of a group hold its weights one after the other. */
function checkWeights(group: TfjsWeightGroup, files: ModelFiles): readonly Diagnostic[] {
  let size = 0;
  for (const path of group.paths) {
    const source = files.openExternal(path);
    if ("refused" in source) return [reportInModel(onnxCodes.tfjsWeights, { file: files.name, what: source.refused })];
    size += source.size;
  }
  if (size >= group.bytes) return [];
  return [reportInModel(onnxCodes.tfjsWeights, { file: files.name, what: `${group.bytes} bytes are described and the files have ${size}` })];
}
