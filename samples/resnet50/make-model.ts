/**
 * Makes `models/resnet50.onnx`: ResNet-50 (He et al. 2016; stride in the 3x3 convolutions, as usual since) with its batch
 * normalisations folded into the convolutions, and seeded random weights of 102 MB. Its labels mean nothing; a trained
 * ResNet-50 drops in at the same place.
 *
 *     node scripts/run-ts.mjs samples/resnet50/make-model.ts [FILE]
 *
 * Run by `npm ci`; a file that is already there is left alone.
 */
import { existsSync, mkdirSync, renameSync, writeFileSync } from "node:fs";
import { dirname } from "node:path";
import { fileURLToPath } from "node:url";
import { createModelBuilder } from "../../compiler/onnx/build-model.ts";
import type { ModelBuilder } from "../../compiler/onnx/build-model.ts";
import { ropeBytes } from "../../compiler/onnx/rope.ts";

const stages = [
  { blocks: 3, width: 64 },
  { blocks: 4, width: 128 },
  { blocks: 6, width: 256 },
  { blocks: 3, width: 512 },
];
const expansion = 4;

interface Convolution {
  readonly name: string;
  readonly from: number;
  readonly to: number;
  readonly kernel: number;
  readonly stride: number;
}

/** Marsaglia's xorshift32: a number in 0..1 a call, the same series on every machine. */
function series(seed: number): () => number {
  let state = seed;
  return () => {
    state ^= state << 13;
    state ^= state >>> 17;
    state ^= state << 5;
    return (state >>> 0) / 2 ** 32;
  };
}

const random = series(2015_1210);

/**
 * Random rows (one an output channel) of this deviation whose values sum to 0. Features are positive after a Relu; a row
 * with a sum would answer mostly to their common level, and all pictures would get one label. In a trained network the
 * batch normalisations take that level away.
 */
function centredWeight(graph: ModelBuilder, name: string, dims: readonly [number, ...number[]], deviation: number): string {
  const rows = dims[0];
  const length = dims.slice(1).reduce((product, dim) => product * dim, 1);
  const values = new Float32Array(rows * length);
  for (let row = 0; row < rows; row += 1) {
    const own = values.subarray(row * length, (row + 1) * length);
    let sum = 0;
    for (let i = 0; i < length; i += 1) sum += own[i] = random() - 0.5;
    // A uniform number's variance is 1/12.
    for (let i = 0; i < length; i += 1) own[i] = ((own[i] ?? 0) - sum / length) * deviation * Math.sqrt(12);
  }
  return graph.tensor(name, "f32", dims, new Uint8Array(values.buffer));
}

/** A convolution that keeps the size at stride 1, its weights of variance 2 / fan-in (He et al. 2015). */
function convolve(graph: ModelBuilder, input: string, conv: Convolution): string {
  const { name, from, to, kernel, stride } = conv;
  const deviation = Math.sqrt(2 / (from * kernel * kernel));
  const weight = centredWeight(graph, `${name}.weight`, [to, from, kernel, kernel], deviation);
  const bias = graph.weight(`${name}.bias`, [to], 0.01);
  const pad = (kernel - 1) / 2;
  return graph.node("Conv", [input, weight, bias], { kernel_shape: [kernel, kernel], strides: [stride, stride], pads: [pad, pad, pad, pad] }, { name });
}

interface Block {
  readonly name: string;
  readonly from: number;
  readonly width: number;
  readonly stride: number;
}

function bottleneck(graph: ModelBuilder, input: string, block: Block): string {
  const { name, from, width, stride } = block;
  const to = width * expansion;
  const first = graph.node("Relu", [convolve(graph, input, { name: `${name}.conv1`, from, to: width, kernel: 1, stride: 1 })]);
  const second = graph.node("Relu", [convolve(graph, first, { name: `${name}.conv2`, from: width, to: width, kernel: 3, stride })]);
  const branch = convolve(graph, second, { name: `${name}.conv3`, from: width, to, kernel: 1, stride: 1 });
  const shortcut = from === to ? input : convolve(graph, input, { name: `${name}.downsample`, from, to, kernel: 1, stride });
  return graph.node("Relu", [graph.node("Add", [branch, shortcut])]);
}

function resnet50(): Uint8Array {
  const graph = createModelBuilder(17, 50);
  const pixels = graph.input("pixels", "f32", ["N", 3, 224, 224]);
  const stem = graph.node("Relu", [convolve(graph, pixels, { name: "conv1", from: 3, to: 64, kernel: 7, stride: 2 })]);
  let features = graph.node("MaxPool", [stem], { kernel_shape: [3, 3], strides: [2, 2], pads: [1, 1, 1, 1] });
  let from = 64;
  for (const [stage, { blocks, width }] of stages.entries()) {
    for (let index = 0; index < blocks; index += 1) {
      const stride = stage > 0 && index === 0 ? 2 : 1;
      features = bottleneck(graph, features, { name: `layer${stage + 1}.${index}`, from, width, stride });
      from = width * expansion;
    }
  }
  const pooled = graph.node("Flatten", [graph.node("GlobalAveragePool", [features])], { axis: 1 });
  const weight = centredWeight(graph, "fc.weight", [1000, from], Math.sqrt(1 / from));
  graph.node("Gemm", [pooled, weight, graph.weight("fc.bias", [1000], 0.01)], { transB: 1 }, { name: "fc", outputs: ["logits"] });
  graph.output("logits", "f32", ["N", 1000]);
  return ropeBytes(graph.build().model);
}

const target = process.argv[2] ?? fileURLToPath(new URL("models/resnet50.onnx", import.meta.url));
// A model that is there may be the user's own.
if (!existsSync(target)) {
  mkdirSync(dirname(target), { recursive: true });
  writeFileSync(`${target}.part`, resnet50());
  renameSync(`${target}.part`, target);
}
