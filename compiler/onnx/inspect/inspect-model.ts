/** Inspects an ONNX model: reads it, infers, costs it and finds its blocks. Pure but for reading through `files`. */
import { onnxCodes } from "../../../language/diagnostics/codes/onnx.ts";
import type { Diagnostic } from "../../../language/diagnostics/diagnostic.ts";
import { addDims, constantOf, dimNumber, dimOf, sumOfDims, zeroDim, type Dim } from "../../../language/tensor/dim.ts";
import { evaluateDim, freeNames, substituteDim } from "../../../language/tensor/evaluate-dim.ts";
import { printDim } from "../../../language/tensor/print-dim.ts";
import type { ModelFiles } from "../byte-source.ts";
import { maximum } from "../cost/liveness.ts";
import { computeCost, type ModelCost, type NodeCost } from "../cost/model-cost.ts";
import { producersOf } from "../execution-order.ts";
import { inferShapes, type InferredGraph } from "../infer/infer-shapes.ts";
import type { InferredType } from "../infer/inferred-type.ts";
import { quoteName, reportInModel } from "../model-diagnostics.ts";
import type { ModelGraph, Node, ValueType } from "../model-graph.ts";
import { readModel } from "../read-model.ts";
import { readSignature } from "../read-signature.ts";
import { findStructure, type Structure } from "../structure.ts";
import { emptyInspection, type BlockReport, type Inspection, type NodeDetails, type PortReport, type TensorReport, typicalDim, unknownRank } from "./inspection.ts";

/** Inspects a model with some of its dimensions bound. */
export function inspectModel(files: ModelFiles, bindings: ReadonlyMap<string, number>): Inspection {
  const { model, diagnostics } = readModel(files);
  if (!model) return emptyInspection(files.name, diagnostics);
  const inferred = inferShapes(model, { bindings });
  const cost = computeCost(model, inferred);
  const report = createReporter(bindings);
  const structure = findStructure(model.graph);
  const tensors = reportTensors(inferred, report);
  const nodes = cost.nodes.map((node) => reportNode(node, structure, report));
  const { totals } = cost;
  const inspection = {
    file: files.name,
    format: describeFormat(model),
    ...reportPorts(model, inferred, report),
    tensors,
    nodes,
    details: cost.nodes.map((node) => reportDetails(node, tensors)),
    edges: producersOf(model.graph.nodes).flatMap((from, to) => from.map((node): readonly [number, number] => [node.index, to])),
    blocks: reportBlocks(cost, structure, report),
    totals: { params: totals.params, weightBytes: totals.weightBytes, flops: report.quantity(totals.flops), peakActivationBytes: report.quantity(totals.peakActivationBytes) },
    bindings,
  };
  const unknown = unknownBindings(model, bindings, report.bound());
  return { ...inspection, freeDims: [...report.free()], diagnostics: [...diagnostics, ...inferred.diagnostics, ...cost.diagnostics, ...unknown.map((name) => unknownDim(name, model, report))] };
}

/** Prints dims and notes which names they still have, and which bindings they used. */
interface Reporter {
  quantity(dim: Dim): number | string;
  free(): ReadonlySet<string>;
  /** Names that were bound here rather than by inference: data-dependent ones. */
  bound(): ReadonlySet<string>;
}

function createReporter(bindings: ReadonlyMap<string, number>): Reporter {
  const replacements = new Map([...bindings].map(([name, value]) => [name, dimOf(value)]));
  const free = new Set<string>();
  const bound = new Set<string>();
  return {
    quantity(dim) {
      const known = dimNumber(dim);
      if (known !== undefined) return known;
      const names = freeNames(dim);
      for (const name of names) (replacements.has(name) ? bound : free).add(name);
      const rest = replacements.size > 0 ? substituteDim(dim, replacements) : dim;
      const whole = constantOf(rest);
      // Beyond 2^53 the nearest number: what is bound stays a number for those who script against it.
      return whole === undefined ? printDim(rest) : Number(whole);
    },
    free: () => free,
    bound: () => bound,
  };
}

function describeFormat(model: ModelGraph): string {
  const opsets = [...model.opsets].map(([domain, version]) => (domain === "" ? `opset ${version}` : `${domain} ${version}`));
  const producer = [model.producer.name, model.producer.version].filter((text) => text !== "").join(" ");
  return [`ONNX ${opsets.join(", ")}`, ...(producer ? [`by ${producer}`] : [])].join(" ");
}

function reportTensors(inferred: InferredGraph, report: Reporter): ReadonlyMap<string, TensorReport> {
  const tensors = new Map<string, TensorReport>();
  for (const [name, type] of inferred.types) {
    const tensor = reportTensor(type, report);
    if (tensor) tensors.set(name, tensor);
  }
  return tensors;
}

/** Only tensors of known rank have a shape to tell. */
function reportTensor(type: InferredType, report: Reporter): TensorReport | undefined {
  if (type.kind !== "tensor" || !type.shape) return undefined;
  return { dtype: type.dtype, shape: type.shape.map(report.quantity) };
}

function reportPorts(model: ModelGraph, inferred: InferredGraph, report: Reporter): { readonly inputs: readonly PortReport[]; readonly outputs: readonly PortReport[] } {
  const signature = readSignature(model);
  const port = ({ name, type }: { readonly name: string; readonly type: ValueType }): PortReport => {
    const known = inferred.types.get(name);
    return { name, ...((known && reportTensor(known, report)) ?? declaredTensor(type)) };
  };
  return { inputs: signature.inputs.map(port), outputs: signature.outputs.map(port) };
}

function declaredTensor(type: ValueType): TensorReport {
  if (type.kind === "tensor" || type.kind === "sparseTensor") return { dtype: type.dtype, shape: type.dims?.map((dim) => dim ?? "?") ?? unknownRank };
  return { dtype: type.kind, shape: unknownRank };
}

function reportNode(cost: NodeCost, structure: Structure, report: Reporter): Inspection["nodes"][number] {
  const { node } = cost;
  return {
    name: node.name || `${node.op}_${node.index}`,
    op: node.domain ? `${node.domain}.${node.op}` : node.op,
    block: structure.blockOf.get(node) ?? "",
    flops: report.quantity(cost.flops),
    bytes: report.quantity(addDims(cost.bytesRead, cost.bytesWritten)),
  };
}

function reportDetails({ node, kind }: NodeCost, tensors: ReadonlyMap<string, TensorReport>): NodeDetails {
  const gives = node.outputs.flatMap((name) => {
    const tensor = tensors.get(name);
    return tensor ? [`${tensor.dtype}[${tensor.shape.join(", ")}]`] : [];
  });
  return { constant: kind === "constant", gives };
}

function reportBlocks(cost: ModelCost, structure: Structure, report: Reporter): readonly BlockReport[] {
  const members = new Map<string, NodeCost[]>(structure.blocks.map((name) => [name, []]));
  for (const node of cost.nodes) if (node.kind !== "constant") members.get(structure.blockOf.get(node.node) ?? "")?.push(node);
  const activations = activationsByBlock(cost, structure);
  const counted = new Set<string>();
  return [...members].map(([name, nodes]) => {
    let weightBytes = 0;
    for (const weight of nodes.flatMap((node) => node.weights)) {
      if (!counted.has(weight)) weightBytes += cost.weightBytes.get(weight) ?? 0;
      counted.add(weight);
    }
    const flops = sumOfDims(nodes.map((node) => node.flops));
    const activation = maximum(activations.get(name) ?? []);
    const sizes = { flops: atTypical(flops), activationBytes: atTypical(activation) };
    return { name, nodes: nodes.length, flops: report.quantity(flops), weightBytes, activationBytes: report.quantity(activation), sizes };
  });
}

/** The value with all names at one typical size: for comparing blocks, not a fact of the model. */
function atTypical(dim: Dim): number {
  return evaluateDim(dim, new Map([...freeNames(dim)].map((name) => [name, typicalDim]))) ?? 0;
}

function activationsByBlock(cost: ModelCost, structure: Structure): ReadonlyMap<string, readonly Dim[]> {
  const byBlock = new Map<string, Dim[]>();
  cost.liveness.order.forEach((node: Node, step) => {
    const block = structure.blockOf.get(node) ?? "";
    byBlock.set(block, [...(byBlock.get(block) ?? []), cost.liveness.bytesAt[step] ?? zeroDim]);
  });
  return byBlock;
}

/** Bindings of names that the model does not have anywhere. */
function unknownBindings(model: ModelGraph, bindings: ReadonlyMap<string, number>, used: ReadonlySet<string>): readonly string[] {
  const declared = new Set(declaredNames(model));
  return [...bindings.keys()].filter((name) => !declared.has(name) && !used.has(name));
}

function declaredNames(model: ModelGraph): readonly string[] {
  return [...model.graph.inputs, ...model.graph.outputs, ...model.graph.valueInfo].flatMap(({ type }) =>
    type.kind === "tensor" ? (type.dims ?? []).filter((dim) => typeof dim === "string") : []);
}

function unknownDim(name: string, model: ModelGraph, report: Reporter): Diagnostic {
  const inputs = model.graph.inputs.flatMap(({ type }) => (type.kind === "tensor" ? (type.dims ?? []).filter((dim) => typeof dim === "string") : []));
  const names = [...new Set([...inputs, ...report.free()])].slice(0, 12).map(quoteName);
  return reportInModel(onnxCodes.dimUnknown, { name: quoteName(name), known: names.length > 0 ? `it has ${names.join(", ")}` : "all of its dimensions are numbers" });
}
