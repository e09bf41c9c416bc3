/**
 * Makes `models/vit.onnx` and `models/albert.onnx`, two towers with one space of embeddings: ViT-B/16 (Dosovitskiy et al.
 * 2020) and ALBERT-base (Lan et al. 2019), each with a linear projection to 512 values as CLIP has it, written the way
 * exporters of PyTorch write them. Weights are seeded random numbers: the embeddings mean nothing. Trained towers drop in
 * at the same place.
 *
 *     node scripts/run-ts.mjs samples/twin-tower/make-models.ts            # 345 MB and 48 MB
 *     node scripts/run-ts.mjs samples/twin-tower/make-models.ts --small    # 3 MB: fewer and narrower layers
 *     node scripts/run-ts.mjs samples/twin-tower/make-models.ts --out DIR
 */
import { closeSync, mkdirSync, openSync, writeSync } from "node:fs";
import { join, resolve } from "node:path";
import { fileURLToPath } from "node:url";
import { createModelBuilder } from "../../compiler/onnx/build-model.ts";
import type { Attributes, ModelBuilder } from "../../compiler/onnx/build-model.ts";
import { writeRope } from "../../compiler/onnx/rope.ts";
import type { Rope } from "../../compiler/onnx/rope.ts";

interface TowerSize {
  readonly layers: number;
  readonly width: number;
  readonly heads: number;
  readonly inner: number;
}

interface Sizes {
  readonly vit: TowerSize & { readonly patch: number };
  readonly albert: TowerSize & { readonly vocabulary: number; readonly words: number; readonly positions: number };
}

const full: Sizes = {
  vit: { layers: 12, width: 768, heads: 12, inner: 3072, patch: 16 },
  albert: { layers: 12, width: 768, heads: 12, inner: 3072, vocabulary: 30_000, words: 128, positions: 512 },
};
const small: Sizes = {
  vit: { layers: 6, width: 64, heads: 4, inner: 256, patch: 32 },
  albert: { layers: 6, width: 64, heads: 4, inner: 256, vocabulary: 2_000, words: 32, positions: 64 },
};

const embedding = 512;

/** Nodes below one name, as a module of PyTorch has them. */
interface Scope {
  readonly graph: ModelBuilder;
  readonly op: (op: string, inputs: readonly string[], attributes?: Attributes, output?: string) => string;
  readonly linear: (name: string, input: string, from: number, to: number) => string;
  readonly norm: (name: string, input: string, width: number) => string;
  readonly scalar: (value: number) => string;
  readonly ints: (values: readonly number[]) => string;
}

interface Naming {
  /** Of nodes: "/encoder/layer.3". */
  readonly path: string;
  /** Of weights: those that are there already are used again. */
  readonly weights: string;
}

type Scopes = (naming: Naming) => Scope;

function createScopes(graph: ModelBuilder): Scopes {
  const counts = new Map<string, number>();
  const unique = (name: string): string => {
    const count = counts.get(name) ?? 0;
    counts.set(name, count + 1);
    return count === 0 ? name : `${name}_${count}`;
  };
  const made = new Set<string>();
  const once = (name: string, make: () => string): string => {
    if (made.has(name)) return name;
    made.add(name);
    return make();
  };
  const weight = (name: string, dims: readonly number[], deviation: number): string => once(name, () => graph.weight(name, dims, deviation));
  const constant = (name: string, dims: readonly number[], value: number): string => once(name, () => graph.floats(name, dims, Array.from({ length: dims[0] ?? 0 }, () => value)));
  return ({ path, weights }) => {
    const op: Scope["op"] = (name, inputs, attributes = {}, output) => {
      const node = unique(`${path}/${name}`);
      return graph.node(name, inputs, attributes, { name: node, outputs: [output ?? `${node}_output_0`] });
    };
    return {
      graph,
      op,
      linear: (name, input, from, to) =>
        op("Add", [weight(`${weights}.${name}.bias`, [to], 0.02), op("MatMul", [input, weight(`${weights}.${name}.weight`, [from, to], 1.4 / Math.sqrt(from))])]),
      norm: (name, input, width) => op("LayerNormalization", [input, constant(`${weights}.${name}.weight`, [width], 1), weight(`${weights}.${name}.bias`, [width], 0.02)], { axis: -1, epsilon: { kind: "float", value: 1e-12 } }),
      scalar: (value) => once(`scalar ${value}`, () => graph.floats(`scalar ${value}`, [], [value])),
      ints: (values) => once(`ints ${values.join(" ")}`, () => graph.ints(`ints ${values.join(" ")}`, [values.length], values)),
    };
  };
}

/** Multi-head self-attention with its output projection. `mask` is added to the scores. */
function attention(scope: Scope, input: string, { width, heads }: TowerSize, mask?: string): string {
  const { op, linear, ints, scalar } = scope;
  const split = ints([0, -1, heads, width / heads]);
  const perHead = (name: string, perm: readonly number[]): string => op("Transpose", [op("Reshape", [linear(`attention.${name}`, input, width, width), split])], { perm });
  const scores = op("Div", [op("MatMul", [perHead("query", [0, 2, 1, 3]), perHead("key", [0, 2, 3, 1])]), scalar(Math.sqrt(width / heads))]);
  const shares = op("Softmax", [mask === undefined ? scores : op("Add", [scores, mask])], { axis: -1 });
  const mixed = op("Transpose", [op("MatMul", [shares, perHead("value", [0, 2, 1, 3])])], { perm: [0, 2, 1, 3] });
  return linear("attention.output", op("Reshape", [mixed, ints([0, -1, width])]), width, width);
}

/** x * (1 + erf(x / sqrt(2))) / 2. */
function exactGelu({ op, scalar }: Scope, input: string): string {
  const erf = op("Add", [op("Erf", [op("Div", [input, scalar(Math.SQRT2)])]), scalar(1)]);
  return op("Mul", [op("Mul", [input, erf]), scalar(0.5)]);
}

/** The approximation that ALBERT was trained with. */
function tanhGelu({ op, scalar }: Scope, input: string): string {
  const cubic = op("Add", [input, op("Mul", [op("Pow", [input, scalar(3)]), scalar(0.044715)])]);
  const gate = op("Add", [op("Tanh", [op("Mul", [cubic, scalar(Math.sqrt(2 / Math.PI))])]), scalar(1)]);
  return op("Mul", [op("Mul", [input, scalar(0.5)]), gate]);
}

/** pixels f32[N, 3, 224, 224] -> embedding f32[N, 512]. */
function vit(size: Sizes["vit"]): ModelBuilder {
  const { layers, width, inner, patch } = size;
  const graph = createModelBuilder(17, 2020_10);
  const scopes = createScopes(graph);
  const pixels = graph.input("pixels", "f32", ["N", 3, 224, 224]);
  const patches = (224 / patch) ** 2;
  const embed = scopes({ path: "/embeddings", weights: "embeddings" });
  const grid = embed.op("Conv", [pixels, graph.weight("embeddings.patch.weight", [width, 3, patch, patch], 1 / (patch * Math.sqrt(3))), graph.weight("embeddings.patch.bias", [width], 0.02)], { kernel_shape: [patch, patch], strides: [patch, patch] });
  const tokens = embed.op("Transpose", [embed.op("Reshape", [grid, embed.ints([0, width, patches])])], { perm: [0, 2, 1] });
  const rows = embed.op("Slice", [embed.op("Shape", [pixels]), embed.ints([0]), embed.ints([1]), embed.ints([0])]);
  const first = embed.op("Expand", [graph.weight("embeddings.first", [1, 1, width], 0.5), embed.op("Concat", [rows, embed.ints([1, width])], { axis: 0 })]);
  let hidden = embed.op("Add", [embed.op("Concat", [first, tokens], { axis: 1 }), graph.weight("embeddings.position", [1, patches + 1, width], 0.5)]);
  for (let layer = 0; layer < layers; layer++) {
    const scope = scopes({ path: `/encoder/layer.${layer}`, weights: `encoder.layer.${layer}` });
    const attended = scope.op("Add", [attention(scope, scope.norm("before", hidden, width), size), hidden]);
    const wide = exactGelu(scope, scope.linear("intermediate", scope.norm("after", attended, width), width, inner));
    hidden = scope.op("Add", [scope.linear("output", wide, inner, width), attended]);
  }
  const head = scopes({ path: "/head", weights: "head" });
  const pooled = head.op("Gather", [head.norm("norm", hidden, width), graph.ints("first token", [], [0])], { axis: 1 });
  head.op("MatMul", [pooled, graph.weight("head.projection", [width, embedding], 1 / Math.sqrt(width))], {}, "embedding");
  graph.output("embedding", "f32", ["N", embedding]);
  return graph;
}

/** ids, mask, type_ids i64[N, T] -> embedding f32[N, 512]. One layer's weights serve all layers. */
function albert(size: Sizes["albert"]): ModelBuilder {
  const { layers, width, inner, vocabulary, words, positions } = size;
  const graph = createModelBuilder(17, 2019_09);
  const scopes = createScopes(graph);
  const [ids, mask, types] = ["ids", "mask", "type_ids"].map((name) => graph.input(name, "i64", ["N", "T"])) as [string, string, string];
  const masks = scopes({ path: "/mask", weights: "mask" });
  const kept = masks.op("Cast", [masks.op("Unsqueeze", [mask, masks.ints([1, 2])])], { to: 1 });
  const added = masks.op("Mul", [masks.op("Sub", [masks.scalar(1), kept]), masks.scalar(-10_000)]);
  const embed = scopes({ path: "/embeddings", weights: "embeddings" });
  const length = embed.op("Slice", [embed.op("Shape", [ids]), embed.ints([1]), embed.ints([2]), embed.ints([0])]);
  const places = embed.op("Slice", [graph.weight("embeddings.position", [positions, words], 0.5), embed.ints([0]), length, embed.ints([0])]);
  const tokens = embed.op("Gather", [graph.weight("embeddings.word", [vocabulary, words], 1), ids]);
  const kinds = embed.op("Gather", [graph.weight("embeddings.type", [2, words], 0.5), types]);
  const sum = embed.norm("norm", embed.op("Add", [embed.op("Add", [tokens, kinds]), places]), words);
  let hidden = embed.linear("wide", sum, words, width);
  for (let layer = 0; layer < layers; layer++) {
    const scope = scopes({ path: `/encoder/layer.${layer}`, weights: "encoder.layer" });
    const attended = scope.norm("attention.norm", scope.op("Add", [hidden, attention(scope, hidden, size, added)]), width);
    const wide = tanhGelu(scope, scope.linear("intermediate", attended, width, inner));
    hidden = scope.norm("norm", scope.op("Add", [scope.linear("output", wide, inner, width), attended]), width);
  }
  const head = scopes({ path: "/head", weights: "head" });
  const first = head.op("Gather", [hidden, graph.ints("first token", [], [0])], { axis: 1 });
  const pooled = head.op("Tanh", [head.linear("pooler", first, width, width)]);
  head.op("MatMul", [pooled, graph.weight("head.projection", [width, embedding], 1 / Math.sqrt(width))], {}, "embedding");
  graph.output("embedding", "f32", ["N", embedding]);
  return graph;
}

function writeFile(path: string, rope: Rope): void {
  const file = openSync(path, "w");
  try {
    writeRope(rope, (bytes) => {
      for (let done = 0; done < bytes.length; ) done += writeSync(file, bytes, done);
    });
  } finally {
    closeSync(file);
  }
}

export type TowerScale = "full" | "small";

/** Both towers, not yet made: weights come into being as they are read. */
export function towerFiles(scale: TowerScale): Readonly<Record<"vit.onnx" | "albert.onnx", Rope>> {
  const sizes = scale === "full" ? full : small;
  return { "vit.onnx": vit(sizes.vit).build().model, "albert.onnx": albert(sizes.albert).build().model };
}

/** Writes both towers into a folder. */
export function makeTowers(folder: string, scale: TowerScale): void {
  mkdirSync(folder, { recursive: true });
  for (const [name, rope] of Object.entries(towerFiles(scale))) writeFile(join(folder, name), rope);
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const args = process.argv.slice(2);
  const at = args.indexOf("--out");
  makeTowers(at < 0 ? fileURLToPath(new URL("models", import.meta.url)) : resolve(args[at + 1] ?? "."), args.includes("--small") ? "small" : "full");
}
