/**
 * Models of real sizes: ResNet-50, and the twin tower of 10 billion parameters in f16, a ViT of 29 layers and an ALBERT
 * whose one layer is used 24 times.
 * Weights are external files that are all hole: nothing but their sizes is ever read.
 */
import { createModelBuilder } from "../../compiler/onnx/build-model.ts";
import type { ModelBuilder } from "../../compiler/onnx/build-model.ts";
import { bytesSource } from "../../compiler/onnx/byte-source.ts";
import type { ByteSource } from "../../compiler/onnx/byte-source.ts";
import { elemTypeBytes, type ElemType } from "../../compiler/onnx/elem-types.ts";
import type { NewTensor } from "../../compiler/onnx/model-draft.ts";
import type { ModelGraph } from "../../compiler/onnx/model-graph.ts";
import { readModel } from "../../compiler/onnx/read-model.ts";
import { rangeRope, ropeBytes } from "../../compiler/onnx/rope.ts";
import { writeModel } from "../../compiler/onnx/write-model.ts";

export interface TowerShape {
  readonly layers: number;
  readonly width: number;
  readonly heads: number;
  readonly inner: number;
  /** All layers use the first one's weights. */
  readonly shared: boolean;
}

export const vitShape: TowerShape = { layers: 29, width: 5120, heads: 40, inner: 20_480, shared: false };
export const albertShape: TowerShape = { layers: 24, width: 8704, heads: 68, inner: 34_816, shared: true };

/** pixels f32[N, 3, 224, 224] -> logits f32[N, 1000]: ResNet-50 with its batch normalisations folded. */
export function resnetTower(): TowerFiles {
  return createTower("resnet50", "f32", ({ graph, weight }) => {
    graph.input("pixels", "f32", ["N", 3, 224, 224]);
    graph.output("logits", "f32", ["N", 1000]);
    const conv = (at: string, from: string, [inputs, outputs]: readonly [number, number], kernel: number, stride: number): string =>
      graph.node("Conv", [from, weight(`${at}.weight`, [outputs, inputs, kernel, kernel]), weight(`${at}.bias`, [outputs])], { kernel_shape: [kernel, kernel], strides: [stride, stride], pads: Array.from({ length: 4 }, () => (kernel - 1) / 2) }, { name: `/${at}/Conv` });
    const relu = (at: string, from: string): string => graph.node("Relu", [from], {}, { name: `/${at}/Relu` });
    let hidden = graph.node("MaxPool", [relu("stem", conv("stem", "pixels", [3, 64], 7, 2))], { kernel_shape: [3, 3], strides: [2, 2], pads: [1, 1, 1, 1] }, { name: "/stem/MaxPool" });
    let channels = 64;
    [3, 4, 6, 3].forEach((blocks, stage) => {
      const width = 64 * 2 ** stage;
      for (let block = 0; block < blocks; block++) {
        const at = `layer${stage + 1}.${block}`;
        const stride = stage > 0 && block === 0 ? 2 : 1;
        const narrow = relu(at, conv(`${at}.conv1`, hidden, [channels, width], 1, 1));
        const wide = conv(`${at}.conv3`, relu(at, conv(`${at}.conv2`, narrow, [width, width], 3, stride)), [width, width * 4], 1, 1);
        const past = block === 0 ? conv(`${at}.down`, hidden, [channels, width * 4], 1, stride) : hidden;
        hidden = relu(at, graph.node("Add", [wide, past], {}, { name: `/${at}/Add` }));
        channels = width * 4;
      }
    });
    const pooled = graph.node("Flatten", [graph.node("GlobalAveragePool", [hidden], {}, { name: "/head/Pool" })], {}, { name: "/head/Flatten" });
    graph.node("Gemm", [pooled, weight("head.weight", [1000, 2048]), weight("head.bias", [1000])], { transB: 1 }, { name: "/head/Gemm", outputs: ["logits"] });
  });
}

/** Zeros without memory for more than is asked for. */
function holes(size: number): ByteSource {
  return { size, read: (_offset, length) => new Uint8Array(length) };
}

/** A model and where its weights would lie. */
export interface TowerFiles {
  readonly graph: ModelGraph;
  readonly bytes: Uint8Array;
  readonly external: { readonly location: string; readonly bytes: number };
}

interface Tower {
  readonly graph: ModelBuilder;
  readonly weight: (name: string, dims: readonly number[]) => string;
}

function createTower(name: string, dtype: ElemType, describe: (tower: Tower) => void): TowerFiles {
  const graph = withUniqueNames(createModelBuilder(17));
  const weights = new Map<string, NewTensor>();
  describe({
    graph,
    weight(weightName, dims) {
      const bytes = elemTypeBytes(dtype, dims.reduce((product, dim) => product * dim, 1));
      weights.set(weightName, { kind: "new", name: weightName, dtype, dims, data: rangeRope(holes(bytes), 0, bytes) });
      return weightName;
    },
  });
  const draft = graph.draft();
  const location = `${name}.data`;
  const initializers = [...draft.graph.initializers, ...weights.values()];
  const written = writeModel({ ...draft, graph: { ...draft.graph, initializers } }, { external: { location, bytesMin: 1024 } });
  const external = holes(written.external.length);
  const bytes = ropeBytes(written.model);
  const { model, diagnostics } = readModel({ name, main: bytesSource(bytes), openExternal: () => external });
  if (model === undefined || diagnostics.length > 0) throw new Error(`${name}: ${diagnostics.map((diagnostic) => diagnostic.message).join("; ")}`);
  return { graph: model, bytes, external: { location, bytes: written.external.length } };
}

/** onnxruntime refuses two nodes of one name. */
function withUniqueNames(graph: ModelBuilder): ModelBuilder {
  const seen = new Map<string, number>();
  return {
    ...graph,
    node(op, from, attributes, options) {
      const name = options?.name ?? op;
      const count = seen.get(name) ?? 0;
      seen.set(name, count + 1);
      return graph.node(op, from, attributes, { ...options, name: count === 0 ? name : `${name}_${count}` });
    },
  };
}

/** pixels [N, 3, 224, 224] -> vec [N, width], in patches of 14 x 14 or `patch`. */
export function vitTower(shape: TowerShape = vitShape, dtype: ElemType = "f16", patch = 14): TowerFiles {
  return createTower("vit", dtype, (tower) => {
    const { graph, weight } = tower;
    graph.input("pixels", dtype, ["N", 3, 224, 224]);
    graph.output("vec", dtype, ["N", shape.width]);
    const patches = graph.node("Conv", ["pixels", weight("patch.weight", [shape.width, 3, patch, patch])], { kernel_shape: [patch, patch], strides: [patch, patch] }, { name: "/embed/Conv" });
    const flat = graph.node("Reshape", [patches, graph.ints("flat", [3], [0, shape.width, (224 / patch) ** 2])], {}, { name: "/embed/Reshape" });
    const tokens = graph.node("Transpose", [flat], { perm: [0, 2, 1] }, { name: "/embed/Transpose" });
    finish(tower, shape, tokens);
  });
}

/** ids i64[N, T] -> vec [N, width]. */
export function albertTower(shape: TowerShape = albertShape, dtype: ElemType = "f16"): TowerFiles {
  return createTower("albert", dtype, (tower) => {
    const { graph, weight } = tower;
    graph.input("ids", "i64", ["N", "T"]);
    graph.output("vec", dtype, ["N", shape.width]);
    const words = graph.node("Gather", [weight("embed.weight", [30_000, 128]), "ids"], {}, { name: "/embed/Gather" });
    const wide = graph.node("MatMul", [words, weight("embed.wide", [128, shape.width])], {}, { name: "/embed/MatMul" });
    finish(tower, shape, wide);
  });
}

function finish(tower: Tower, shape: TowerShape, tokens: string): void {
  let hidden = tokens;
  for (let layer = 0; layer < shape.layers; layer++) hidden = addLayer(tower, shape, layer, hidden);
  tower.graph.node("ReduceMean", [hidden], { axes: [1], keepdims: 0 }, { name: "/head/ReduceMean", outputs: ["vec"] });
}

/** Pre-norm attention and a two-layer network, as exporters write them. */
function addLayer({ graph, weight }: Tower, shape: TowerShape, layer: number, input: string): string {
  const { width, heads, inner } = shape;
  const at = `/layers.${layer}`;
  const of = shape.shared ? "layer" : `layers.${layer}`;
  const op = (name: string, inputs: readonly string[], attributes: Parameters<ModelBuilder["node"]>[2] = {}) => graph.node(name, inputs, attributes, { name: `${at}/${name}` });
  const linear = (name: string, from: string, rows: number, columns: number): string =>
    op("Add", [op("MatMul", [from, weight(`${of}.${name}.weight`, [rows, columns])]), weight(`${of}.${name}.bias`, [columns])]);
  const split = graph.ints(`split.${layer}`, [4], [0, 0, heads, width / heads]);
  const join = graph.ints(`join.${layer}`, [3], [0, 0, width]);
  const perHead = (name: string, from: string, perm: readonly number[]): string => op("Transpose", [op("Reshape", [linear(name, from, width, width), split])], { perm });
  const norm = (name: string, from: string): string => op("LayerNormalization", [from, weight(`${of}.${name}.weight`, [width]), weight(`${of}.${name}.bias`, [width])], { axis: -1 });
  const normed = norm("norm1", input);
  const scores = op("Softmax", [op("MatMul", [perHead("query", normed, [0, 2, 1, 3]), perHead("key", normed, [0, 2, 3, 1])])], { axis: -1 });
  const mixed = op("Reshape", [op("Transpose", [op("MatMul", [scores, perHead("value", normed, [0, 2, 1, 3])])], { perm: [0, 2, 1, 3] }), join]);
  const attended = op("Add", [input, linear("out", mixed, width, width)]);
  const hidden = op("Relu", [linear("fc1", norm("norm2", attended), width, inner)]);
  return op("Add", [attended, linear("fc2", hidden, inner, width)]);
}
