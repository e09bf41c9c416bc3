/**
 * Holds a stage whose tensors lie across ranks to its invariants, from the models as they would be written. Each check
 * works from the written models and the whole, not from how they were made. Throws at the first breach: a fault of ours.
 *
 *  - Flow: what a segment is fed was received, or made before by itself or a peer; what leaves is made by the first rank.
 *  - Shapes: inferred again in every segment, each value has the shape of a share of what it is in the whole.
 *  - Shares: a division agrees with what the node does to it, by the rules, and an exchange with what its ranks made.
 *  - Weights: the shares of all ranks, put together element by element, are the whole weight byte for byte.
 *  - Sums: every part that is added to a sum is added by one rank only.
 */
import { dimOf, equalDims, type Dim } from "../../../language/tensor/dim.ts";
import { freeNames } from "../../../language/tensor/evaluate-dim.ts";
import type { TensorOrigin } from "../../../runtime/contract/program.ts";
import type { ModelFiles } from "../../onnx/byte-source.ts";
import { elementCount } from "../../onnx/check-tensors.ts";
import { elemTypeBytes } from "../../onnx/elem-types.ts";
import { inferShapes, type InferredGraph } from "../../onnx/infer/infer-shapes.ts";
import { printInferredType, type Shape } from "../../onnx/infer/inferred-type.ts";
import type { KnownValue } from "../../onnx/infer/known-value.ts";
import { constantInt, equalScalars, isInteger, isRatio, type MaybeScalar } from "../../onnx/infer/scalar.ts";
import type { ModelGraph, Node } from "../../onnx/model-graph.ts";
import { readModel } from "../../onnx/read-model.ts";
import { readTensorBytes } from "../../onnx/read-tensor.ts";
import { readSignature } from "../../onnx/read-signature.ts";
import { ropeSource } from "../../onnx/rope-source.ts";
import type { ShardStage } from "../shard-set.ts";
import { writeRank } from "../write-stage.ts";
import { ruleContext } from "./rule-context.ts";
import { partGraph, type ModelFacts } from "./part-graph.ts";
import { findShardRule } from "./rule-registry.ts";
import { localShape, replicated, sameState, stateKey, stretches, type TensorState } from "./tensor-state.ts";
import type { StageTensors } from "./stage-tensors.ts";

export function verifyTensors(facts: ModelFacts, stage: ShardStage): void {
  const { tensors } = stage;
  if (!tensors) return;
  verifyOrigins(stage);
  verifyLayout(facts, stage, tensors);
  const models = stage.ranks.map((_, rank) => readBack(stage, rank));
  const inferred = models.map((segments, rank) => inferRank(facts.index.inferred, stage, rank, segments));
  verifyShapes(facts.index.inferred, stage, tensors, inferred);
  verifyOnce(facts, stage, tensors, models);
  for (const sliced of tensors.sliced) verifySlices(facts, stage, sliced, models);
}

function fail(stage: ShardStage, what: string): never {
  throw new Error(`verifyShards: stage ${stage.index + 1}: ${what}`);
}

// Flow

export function verifyOrigins(stage: ShardStage): void {
  const count = stage.ranks[0]?.segments.length ?? 0;
  stage.ranks.forEach(({ segments }, rank) => {
    if (segments.length !== count) fail(stage, `rank ${rank} has ${segments.length} segments and the first has ${count}`);
    segments.forEach(({ inputs }, segment) => {
      for (const { port, from } of inputs) {
        const problem = problemOf(stage, rank, segment, from);
        if (problem !== undefined) fail(stage, `rank ${rank}, segment ${segment}: ${JSON.stringify(port)} ${problem}`);
      }
    });
  });
  const lost = stage.sends.find((name) => !stage.leaves.some(({ value, from }) => value === name && from.kind !== "peer" && problemOf(stage, 0, count, from) === undefined));
  if (lost !== undefined) fail(stage, `${JSON.stringify(lost)} is sent but neither received nor made by the first rank`);
}

function problemOf(stage: ShardStage, rank: number, segment: number, from: TensorOrigin): string | undefined {
  if (from.kind === "stage") return stage.receives.includes(from.value) ? undefined : "does not arrive";
  const maker = from.kind === "self" ? rank : from.rank;
  if (from.kind === "peer" && maker === rank) return "comes from itself as from a peer";
  if (from.segment >= segment) return "is made no earlier";
  return stage.ranks[maker]?.segments[from.segment]?.outputs.includes(from.port) ? undefined : "is not among what its maker puts out";
}

// Models as written

function readBack(stage: ShardStage, rank: number): readonly ModelGraph[] {
  const { segments, weights } = writeRank(stage, rank);
  return segments.map(({ file, model }, segment) => {
    const files: ModelFiles = { name: file, main: ropeSource(model), openExternal: () => (weights ? ropeSource(weights.data) : { refused: "there is none" }) };
    const read = readModel(files);
    const error = read.diagnostics.find((diagnostic) => diagnostic.severity === "error");
    if (!read.model || error) fail(stage, `${file}: ${error?.message ?? "it cannot be read back"}`);
    const own = stage.ranks[rank]?.segments[segment];
    const { inputs, outputs } = readSignature(read.model);
    const isSame = inputs.map(({ name }) => name).join("\n") === own?.inputs.map(({ port }) => port).join("\n") && outputs.map(({ name }) => name).join("\n") === own?.outputs.join("\n");
    if (!isSame) fail(stage, `${file}: its ports are not those of the manifest`);
    return read.model;
  });
}

// Shapes

/** Types of every value of a rank, segment after segment, each inferred from what the ones before gave. */
function inferRank(whole: InferredGraph, stage: ShardStage, rank: number, segments: readonly ModelGraph[]): readonly InferredGraph[] {
  const done: InferredGraph[] = [];
  segments.forEach((model, segment) => {
    const inputShapes = new Map<string, Shape>();
    const inputValues = new Map<string, KnownValue>();
    for (const { port, from } of stage.ranks[rank]?.segments[segment]?.inputs ?? []) {
      // A peer's share has the shape of this rank's own.
      const [graph, name] = from.kind === "stage" ? [whole, from.value] : [done[from.segment], from.port];
      const type = graph?.types.get(name);
      if (type?.kind === "tensor" && type.shape) inputShapes.set(port, type.shape);
      const value = from.kind === "peer" ? undefined : graph?.values.get(name);
      if (value) inputValues.set(port, value);
    }
    const inferred = inferShapes(model, { inputShapes, inputValues, declarations: "ignore" });
    const error = inferred.diagnostics.find((diagnostic) => diagnostic.severity === "error");
    if (error) fail(stage, `rank ${rank}, segment ${segment}: ${error.message}`);
    done.push(inferred);
  });
  return done;
}

function verifyShapes(whole: InferredGraph, stage: ShardStage, tensors: StageTensors, ranks: readonly (readonly InferredGraph[])[]): void {
  ranks.forEach((segments, rank) => segments.forEach((inferred, segment) => {
    const isOpen = (dim: Dim): boolean => [...freeNames(dim)].some((name) => whole.freshDims.has(name) || inferred.freshDims.has(name));
    const check = (name: string, value: string, state: TensorState): void => {
      const [expected, found] = [whole.types.get(value), inferred.types.get(name)];
      if (expected?.kind !== "tensor" || found?.kind !== "tensor" || !expected.shape || !found.shape || whole.declared.has(value)) return;
      const shape = localShape(expected.shape, state, tensors.count);
      const agrees = shape.length === found.shape.length && shape.every((dim, axis) => {
        const other = found.shape?.[axis];
        return other !== undefined && (equalDims(dim, other) || isOpen(dim) || isOpen(other));
      });
      if (!agrees) fail(stage, `rank ${rank}, segment ${segment}: ${JSON.stringify(name)} is ${printInferredType(found)}, which is not its part of ${printInferredType(expected)}`);
    };
    for (const [value, state] of tensors.states) for (const name of tensors.namesOf.get(value) ?? []) if (inferred.types.has(name)) check(name, value, state);
    for (const [name] of inferred.types) if (whole.types.has(name)) check(name, name, replicated);
    for (const [name, value] of inferred.values) {
      const expected = whole.values.get(name)?.elements;
      const differs = expected && value.elements.some((element, i) => isConcrete(element) && isConcrete(expected[i]) && !equalScalars(element, expected[i]));
      if (differs) fail(stage, `rank ${rank}, segment ${segment}: ${JSON.stringify(name)} has other values than in the whole`);
    }
  }));
}

/** Sizes that no name stands for: names of what only data decides differ between two runs of inference. */
function isConcrete(element: MaybeScalar): boolean {
  return element !== undefined && (!isInteger(element) || constantInt(element) !== undefined) && !isRatio(element);
}

// Shares

/** Every node's states are ones that its rule offers. */
export function verifyLayout(facts: ModelFacts, stage: ShardStage, tensors: StageTensors): void {
  const part = partGraph(facts, stage);
  for (const node of part.nodes) {
    const used = tensors.used.get(node);
    const made = node.outputs.map((name) => tensors.states.get(name) ?? replicated);
    if (!used) {
      if (made.some((state) => state.kind !== "replicated")) fail(stage, `${describe(node)} is computed whole and gives a share`);
      continue;
    }
    const stateOf = (name: string): TensorState => used[node.inputs.indexOf(name)] ?? replicated;
    const offered = findShardRule(node.domain, node.op)?.(ruleContext(part, tensors.count, node, stateOf)) ?? [];
    const agrees = (names: readonly string[], states: readonly TensorState[], own: readonly TensorState[]): boolean =>
      names.every((name, i) => name === "" || sameState(states[i] ?? replicated, own[i] ?? replicated));
    const isOffered = offered.some(({ inputs, outputs }) => agrees(node.inputs, inputs, used) && agrees(node.outputs, outputs, made));
    if (!isOffered) fail(stage, `${describe(node)} does not turn ${used.map(stateKey).join(", ")} into ${made.map(stateKey).join(", ")}`);
  }
}

function describe(node: Node): string {
  return `${node.op} ${JSON.stringify(node.name)}`;
}

// Weights

/**
 * Every stretch of the whole must lie in the shares, in rank order, one stretch after the other. All bytes of small
 * weights are compared; of large ones some rows, and of long runs both ends.
 */
function verifySlices({ index, tensors }: ModelFacts, stage: ShardStage, sliced: StageTensors["sliced"][number], models: readonly (readonly ModelGraph[])[]): void {
  const { axis, runs } = sliced.state;
  const whole = tensors.get(sliced.weight);
  const length = whole?.dims[axis];
  const parts = length === undefined ? undefined : stretches(runs, dimOf(length));
  if (!whole || length === undefined || !parts) fail(stage, `weight ${JSON.stringify(sliced.weight)} cannot be divided`);
  const inner = elemTypeBytes(whole.dtype, elementCount(whole.dims.slice(axis + 1)));
  const outer = elementCount(whole.dims.slice(0, axis));
  const isSmall = inner * outer * length <= smallBytesMax;
  const read = reader(index.model, whole, isSmall);
  models.forEach((segments, rank) => {
    const shares = segments.flatMap((model) => model.graph.initializers.flatMap((tensor) => (tensor.name === sliced.name ? [reader(model, tensor, isSmall)] : [])));
    const [share] = shares;
    if (!share) fail(stage, `rank ${rank} has no share of ${JSON.stringify(sliced.weight)}`);
    for (let row = 0; row < outer; row += isSmall ? 1 : Math.max(1, Math.floor(outer / rowsCompared))) {
      let at = row * (length / models.length) * inner;
      for (const run of parts) {
        const bytes = (run.length / models.length) * inner;
        const from = (row * length + run.start) * inner + rank * bytes;
        const isEqual = (offset: number, size: number): boolean => Buffer.compare(read(from + offset, size) ?? nothing, share(at + offset, size) ?? nothing) === 0;
        const size = isSmall ? bytes : Math.min(bytes, endBytesCompared);
        if (!isEqual(0, size) || !isEqual(bytes - size, size)) fail(stage, `rank ${rank} has other values than the whole in ${JSON.stringify(sliced.weight)}, from place ${run.start} of axis ${axis}`);
        at += bytes;
      }
    }
  });
}

const nothing = new Uint8Array();
const smallBytesMax = 2 ** 18;
const rowsCompared = 16;
const endBytesCompared = 4096;

/** Reads ranges of a tensor's values; all at once where asked to. */
function reader(model: ModelGraph, tensor: ModelGraph["graph"]["initializers"][number], isSmall: boolean): (offset: number, length: number) => Uint8Array | undefined {
  const { data } = tensor;
  const external = data.kind === "external" && !isSmall ? model.files.openExternal(data.location) : undefined;
  if (data.kind === "raw" && !isSmall) return (offset, length) => model.files.main.read(data.at.offset + offset, length);
  if (data.kind === "external" && external && !("refused" in external)) return (offset, length) => external.read(data.offset + offset, length);
  const all = readTensorBytes(model.files, tensor, Number.MAX_SAFE_INTEGER);
  return (offset, length) => all?.subarray(offset, offset + length);
}

// Sums

/** What a product adds besides, and what is added to a part of a sum, stands in the first rank's models only. */
function verifyOnce(facts: ModelFacts, stage: ShardStage, tensors: StageTensors, models: readonly (readonly ModelGraph[])[]): void {
  for (const [value, state] of tensors.states) {
    if (state.kind !== "partialSum") continue;
    const node = facts.index.producer.get(value);
    const used = node && tensors.used.get(node);
    if (!node || !used) continue;
    const added = addends(node, used);
    models.forEach((segments, rank) => segments.forEach(({ graph }) => {
      const own = graph.nodes.find((candidate) => candidate.outputs.some((name) => tensors.namesOf.get(value)?.has(name) === true));
      const again = rank > 0 && own?.op === node.op && added.find((i) => (own.inputs[i] ?? "") !== "");
      if (typeof again === "number") fail(stage, `${describe(node)}: input ${again} is added by rank ${rank} too`);
    }));
  }
}

/** Inputs that are added, not multiplied, to a sum of which each rank has a part, while being whole on each. */
function addends(node: Node, used: readonly TensorState[]): readonly number[] {
  const isWhole = (i: number): boolean => (node.inputs[i] ?? "") !== "" && (used[i] ?? replicated).kind === "replicated";
  if (node.op === "Gemm" || node.op === "Conv" || node.op === "ConvTranspose") return isWhole(2) ? [2] : [];
  if (node.op === "Add" || node.op === "Sub") return [0, 1].filter(isWhole);
  return [];
}
