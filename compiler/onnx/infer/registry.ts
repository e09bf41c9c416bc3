/** All rules, by domain and operator. A new family is a file in `ops/` and a line here. */
import { attentionRules } from "./ops/attention.ts";
import { contribAttentionRules } from "./ops/contrib-attention.ts";
import { contribRules } from "./ops/contrib.ts";
import { contribQuantRules } from "./ops/contrib-quant.ts";
import { controlFlowRules } from "./ops/control-flow.ts";
import { convPoolRules } from "./ops/conv-pool.ts";
import { elementwiseRules } from "./ops/elementwise.ts";
import { generatorRules } from "./ops/generators.ts";
import { imageRules } from "./ops/image.ts";
import { indexingRules } from "./ops/indexing.ts";
import { layoutRules } from "./ops/layout.ts";
import { lossRules } from "./ops/loss.ts";
import { matmulRules } from "./ops/matmul.ts";
import { mlRules } from "./ops/ml.ts";
import { nchwcRules } from "./ops/nchwc.ts";
import { normalizationRules } from "./ops/normalization.ts";
import { quantizeRules } from "./ops/quantize.ts";
import { recurrentRules } from "./ops/recurrent.ts";
import { reduceRules } from "./ops/reduce.ts";
import { selectionRules } from "./ops/selection.ts";
import { sequenceRules } from "./ops/sequence.ts";
import { shapeRules } from "./ops/shape.ts";
import { signalRules } from "./ops/signal.ts";
import { sliceRules } from "./ops/slice.ts";
import { textRules } from "./ops/text.ts";
import { trainingRules } from "./ops/training.ts";
import type { Rule, RuleTable } from "./rule.ts";

const standard: RuleTable = {
  ...elementwiseRules, ...reduceRules, ...shapeRules, ...layoutRules, ...sliceRules, ...indexingRules, ...selectionRules,
  ...generatorRules, ...matmulRules, ...convPoolRules, ...normalizationRules, ...recurrentRules, ...quantizeRules,
  ...attentionRules, ...imageRules, ...signalRules, ...textRules, ...lossRules, ...sequenceRules, ...controlFlowRules,
};

/** onnxruntime has its own operators under its own domain, and some of the standard ones under both. */
const contrib: RuleTable = { ...contribRules, ...contribAttentionRules, ...contribQuantRules };

const domains: ReadonlyMap<string, RuleTable> = new Map([
  ["", standard],
  ["ai.onnx.ml", mlRules],
  ["ai.onnx.preview", attentionRules],
  ["ai.onnx.training", trainingRules],
  ["ai.onnx.preview.training", trainingRules],
  ["com.microsoft", contrib],
  ["com.microsoft.nchwc", nchwcRules],
]);

/** The rule of an operator at a version of its domain, or undefined. */
export function findRule(domain: string, op: string, opset: number): Rule | undefined {
  const table = domains.get(domain);
  const found = table && Object.hasOwn(table, op) ? table[op] : undefined;
  if (found === undefined || typeof found === "function") return found;
  return found.filter((version) => version.since <= opset).at(-1)?.rule ?? found[0]?.rule;
}

/** The operators that have a rule, by domain. */
export function knownOperators(): ReadonlyMap<string, readonly string[]> {
  return new Map([...domains].map(([domain, table]) => [domain, Object.keys(table).sort()]));
}
