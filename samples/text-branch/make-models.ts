/**
 * Makes `models/spam.onnx` and `models/tone.onnx`: a text classifier of the plainest kind (embeddings, their mean over the
 * mask, one linear layer) with seeded random weights. What they say means nothing. The results are committed; this runs
 * only when they are to be changed:
 *
 *     node scripts/run-ts.mjs samples/text-branch/make-models.ts
 */
import { readFileSync, writeFileSync } from "node:fs";
import { createModelBuilder } from "../../compiler/onnx/build-model.ts";
import type { ModelBuilder } from "../../compiler/onnx/build-model.ts";
import { ropeBytes } from "../../compiler/onnx/rope.ts";

const width = 8;
const models = new URL("models/", import.meta.url);

/** The mean of the embeddings where the mask is 1: sum(e * m) / max(sum(m), 1), f32 `[N, width]`. */
function meanEmbedding(graph: ModelBuilder, vocabulary: number): string {
  const ids = graph.input("ids", "i64", ["N", "T"]);
  const mask = graph.input("mask", "i64", ["N", "T"]);
  const table = graph.weight("embeddings", [vocabulary, width], 1);
  const axisLast = graph.ints("axis_last", [1], [2]);
  const axisTokens = graph.ints("axis_tokens", [1], [1]);
  const kept = graph.node("Unsqueeze", [graph.node("Cast", [mask], { to: 1 }), axisLast]);
  const masked = graph.node("Mul", [graph.node("Gather", [table, ids]), kept]);
  const sum = graph.node("ReduceSum", [masked, axisTokens], { keepdims: 0 });
  const count = graph.node("Max", [graph.node("ReduceSum", [kept, axisTokens], { keepdims: 0 }), graph.floats("one", [1], [1])]);
  return graph.node("Div", [sum, count]);
}

function classifier(classes: number, seed: number, vocabulary: number): Uint8Array {
  const graph = createModelBuilder(17, seed);
  const mean = meanEmbedding(graph, vocabulary);
  const linear = graph.weight("linear", [width, classes], 2);
  const bias = graph.weight("bias", [classes], 0.2);
  graph.node("Gemm", [mean, linear, bias], {}, { outputs: ["logits"] });
  graph.output("logits", "f32", ["N", classes]);
  return ropeBytes(graph.build().model);
}

function vocabularySize(): number {
  const tokenizer: { model: { vocab: Record<string, number> } } = JSON.parse(readFileSync(new URL("tokenizer.json", models), "utf8"));
  return Object.keys(tokenizer.model.vocab).length;
}

const vocabulary = vocabularySize();
writeFileSync(new URL("spam.onnx", models), classifier(2, 11, vocabulary));
writeFileSync(new URL("tone.onnx", models), classifier(5, 23, vocabulary));
