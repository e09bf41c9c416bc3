/**
 * Well-known architectures at full size, as graphs with seeded weights: known FLOP counts to check against, and large
 * files to measure with. Weights are made as they are read, so building one costs nothing.
 */
import { createModelBuilder, type ModelBuilder } from "../../compiler/onnx/build-model.ts";

/** ResNet-50 with its batch norms folded, stride in the 3x3 convolution (v1.5). 224x224 images. */
export function resnet50(): ModelBuilder {
  const b = createModelBuilder(17);
  let convs = 0;
  const conv = (x: string, from: number, to: number, size: number, stride: number): string => {
    const name = `conv${convs++}`;
    const pad = (size - 1) / 2;
    const inputs = [x, b.weight(`${name}.weight`, [to, from, size, size], Math.sqrt(2 / (from * size * size))), b.weight(`${name}.bias`, [to], 0.01)];
    return b.node("Conv", inputs, { kernel_shape: [size, size], strides: [stride, stride], pads: [pad, pad, pad, pad] });
  };
  const relu = (x: string): string => b.node("Relu", [x]);
  let x = relu(conv(b.input("pixels", "f32", ["batch", 3, 224, 224]), 3, 64, 7, 2));
  x = b.node("MaxPool", [x], { kernel_shape: [3, 3], strides: [2, 2], pads: [1, 1, 1, 1] });
  let from = 64;
  for (const [stage, blocks] of [3, 4, 6, 3].entries()) {
    const width = 64 * 2 ** stage;
    for (let block = 0; block < blocks; block++) {
      const stride = stage > 0 && block === 0 ? 2 : 1;
      const inner = relu(conv(relu(conv(x, from, width, 1, 1)), width, width, 3, stride));
      const shortcut = block === 0 ? conv(x, from, 4 * width, 1, stride) : x;
      x = relu(b.node("Add", [conv(inner, width, 4 * width, 1, 1), shortcut]));
      from = 4 * width;
    }
  }
  const pooled = b.node("Flatten", [b.node("GlobalAveragePool", [x])], { axis: 1 });
  b.node("Gemm", [pooled, b.weight("fc.weight", [1000, 2048], 0.02), b.weight("fc.bias", [1000], 0.01)], { transB: 1 }, { outputs: ["logits"] });
  b.output("logits", "f32", ["batch", 1000]);
  return b;
}

interface Encoder {
  readonly layers: number;
  readonly hidden: number;
  readonly heads: number;
}

/** A pre-norm transformer encoder over x[batch, tokens, hidden]. */
function encoder(b: ModelBuilder, start: string, { layers, hidden, heads }: Encoder): string {
  const norm = (x: string, name: string): string => b.node("LayerNormalization", [x, b.weight(`${name}.scale`, [hidden], 1), b.weight(`${name}.bias`, [hidden], 0.1)]);
  const linear = (x: string, name: string, from: number, to: number): string =>
    b.node("Add", [b.node("MatMul", [x, b.weight(`${name}.weight`, [from, to], 0.02)]), b.weight(`${name}.bias`, [to], 0.02)]);
  const split = b.ints("split", [4], [0, 0, heads, hidden / heads]);
  const merge = b.ints("merge", [3], [0, 0, hidden]);
  const scale = b.floats("scale", [], [1 / Math.sqrt(hidden / heads)]);
  const inHeads = (x: string, perm: readonly number[]): string => b.node("Transpose", [b.node("Reshape", [x, split])], { perm });
  let x = start;
  for (let layer = 0; layer < layers; layer++) {
    const at = (part: string): string => `layer.${layer}.${part}`;
    const y = norm(x, at("norm1"));
    const q = inHeads(linear(y, at("query"), hidden, hidden), [0, 2, 1, 3]);
    const k = inHeads(linear(y, at("key"), hidden, hidden), [0, 2, 3, 1]);
    const v = inHeads(linear(y, at("value"), hidden, hidden), [0, 2, 1, 3]);
    const scores = b.node("Softmax", [b.node("Mul", [b.node("MatMul", [q, k]), scale])], { axis: -1 });
    const mixed = b.node("Reshape", [b.node("Transpose", [b.node("MatMul", [scores, v])], { perm: [0, 2, 1, 3] }), merge]);
    x = b.node("Add", [x, linear(mixed, at("output"), hidden, hidden)]);
    const z = b.node("Sigmoid", [linear(norm(x, at("norm2")), at("fc1"), hidden, 4 * hidden)]);
    x = b.node("Add", [x, linear(z, at("fc2"), 4 * hidden, hidden)]);
  }
  return x;
}

/** ViT-B/16 without a classifier: 196 patches and a class token. */
export function vitBase(): ModelBuilder {
  const b = createModelBuilder(17);
  const hidden = 768;
  const patches = b.node("Conv", [b.input("pixels", "f32", ["batch", 3, 224, 224]), b.weight("patch.weight", [hidden, 3, 16, 16], 0.02), b.weight("patch.bias", [hidden], 0.02)], { kernel_shape: [16, 16], strides: [16, 16] });
  const rows = b.node("Transpose", [b.node("Reshape", [patches, b.ints("rows", [3], [0, hidden, 196])])], { perm: [0, 2, 1] });
  const batch = b.node("Slice", [b.node("Shape", [rows]), b.ints("from", [1], [0]), b.ints("to", [1], [1])]);
  const classes = b.node("Expand", [b.weight("class", [1, 1, hidden], 0.02), b.node("Concat", [batch, b.ints("one", [2], [1, hidden])], { axis: 0 })]);
  const tokens = b.node("Add", [b.node("Concat", [classes, rows], { axis: 1 }), b.weight("positions", [1, 197, hidden], 0.02)]);
  b.output(encoder(b, tokens, { layers: 12, hidden, heads: 12 }), "f32", ["batch", 197, hidden]);
  return b;
}

/** BERT-base's encoder on token ids. */
export function bertBase(): ModelBuilder {
  const b = createModelBuilder(17);
  const hidden = 768;
  const ids = b.input("ids", "i64", ["batch", "sequence"]);
  const tokens = b.node("Gather", [b.weight("words", [30522, hidden], 0.02), ids]);
  b.output(encoder(b, tokens, { layers: 12, hidden, heads: 12 }), "f32", ["batch", "sequence", hidden]);
  return b;
}

/** A chain of encoder layers with at least this many nodes. */
export function deepEncoder(nodesMin: number): ModelBuilder {
  const b = createModelBuilder(17);
  const hidden = 64;
  const x = b.input("x", "f32", ["batch", "sequence", hidden]);
  b.output(encoder(b, x, { layers: Math.ceil(nodesMin / 29), hidden, heads: 4 }), "f32", ["batch", "sequence", hidden]);
  return b;
}
