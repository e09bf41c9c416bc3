/**
 * An estimate of what t-way tensor parallelism does to a model, in the manner of Megatron-LM: a contraction with a
 * weight and a whole input is split by columns (its output is sharded), one with a sharded input by rows (its output is
 * summed over the devices); a large table that rows are looked up in is split by columns, too; element-wise nodes, views, softmax and products of activations keep what they are given;
 * anything else, and every output of the model, needs the whole value, which is gathered first.
 *
 * The layout is the same for every degree, on the assumption that the degree divides heads and channels. Which node is
 * sharded does not depend on costs, so it is decided once per model.
 */
import type { ModelWork, WorkNode } from "./model-work.ts";
import { isContraction } from "./work-of-model.ts";

export interface TensorLayout {
  /** Nodes of which every device does one t-th. */
  readonly sharded: readonly boolean[];
  /** Weights of which every device holds one t-th. */
  readonly shardedWeights: readonly boolean[];
  /** By node: values that the devices exchange before (gather) or after (sum) it. */
  readonly exchanges: readonly (readonly Exchange[])[];
}

export interface Exchange {
  readonly kind: "sum" | "gather";
  /** Index of the value. */
  readonly value: number;
}

/** Below this a split costs more in launches than it saves. */
const SPLIT_WEIGHT_BYTES = 64 * 1024;
/** A table from this size on is worth the exchange of what is looked up in it. */
export const splitTableBytes = 16 * 2 ** 20;

const keepsLayout = new Set([
  "Add", "Sub", "Mul", "Div", "Relu", "Gelu", "FastGelu", "BiasGelu", "QuickGelu", "Erf", "Tanh", "Sigmoid", "Sqrt", "Pow", "Cast", "Where", "Clip", "Neg", "Exp", "Swish", "HardSwish",
  "Reshape", "Transpose", "Squeeze", "Unsqueeze", "Identity", "Split", "Slice", "Expand", "Softmax", "Dropout", "BatchNormalization", "MaxPool", "AveragePool", "LeakyRelu", "Min", "Max",
]);

export function tensorLayout(work: ModelWork): TensorLayout {
  const isSharded = work.values.map(() => false);
  const sharded = work.nodes.map(() => false);
  const shardedWeights = work.weights.map(() => false);
  const exchanges = work.nodes.map((): Exchange[] => []);
  work.nodes.forEach((node, at) => {
    const anySharded = node.inputs.some((input) => isSharded[input]);
    const splittable = isContraction(node.op) && node.weights.some((weight) => (work.weights[weight]?.bytes ?? 0) >= SPLIT_WEIGHT_BYTES);
    const keeps = keepsLayout.has(node.op) || (isContraction(node.op) && !splittable);
    const allSharded = node.inputs.length > 0 && node.inputs.every((input) => isSharded[input]);
    const tables = node.op === "Gather" && !anySharded ? node.weights.filter((weight) => (work.weights[weight]?.bytes ?? 0) >= splitTableBytes) : [];
    if (tables.length > 0) {
      sharded[at] = true;
      for (const table of tables) shardedWeights[table] = true;
      for (const output of node.outputs) isSharded[output] = true;
    } else if (splittable) {
      sharded[at] = true;
      for (const weight of node.weights) shardedWeights[weight] = true;
      // By rows where the input is sharded already, by columns where it is whole.
      if (anySharded) for (const value of node.outputs) exchanges[at]?.push({ kind: "sum", value });
      else for (const output of node.outputs) isSharded[output] = true;
    } else if (keeps && allSharded) {
      sharded[at] = true;
      for (const output of node.outputs) isSharded[output] = true;
    } else if (anySharded) {
      gather(node, isSharded, exchanges[at] ?? []);
    }
  });
  work.values.forEach((value, index) => {
    if (isSharded[index] && value.lastUse === work.nodes.length && value.from >= 0) exchanges[value.from]?.push({ kind: "gather", value: index });
  });
  return { sharded, shardedWeights, exchanges };
}

/** From here on the values are whole for all their users. */
function gather(node: WorkNode, isSharded: boolean[], exchanges: Exchange[]): void {
  for (const input of node.inputs) {
    if (!isSharded[input]) continue;
    isSharded[input] = false;
    exchanges.push({ kind: "gather", value: input });
  }
}
