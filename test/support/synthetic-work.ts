/** Models that are only numbers, for planner tests and benchmarks: no ONNX file behind them. */
import type { ModelWork, WorkNode, WorkValue, WorkWeight } from "../../compiler/plan/cost/model-work.ts";
import { createRandom } from "./random.ts";

export interface SyntheticShape {
  readonly name?: string;
  readonly nodes: number;
  readonly batches: readonly number[];
  /** Per row and node, on average. */
  readonly flops: number;
  readonly weightBytes: number;
  readonly valueBytes: number;
  readonly seed: number;
  /** Figures spread over a factor of 100 instead, and nodes branch: what real graphs are like. */
  readonly uneven?: boolean;
}

/** A chain of nodes with residual connections; every figure varies by half around its average. */
export function syntheticWork(shape: SyntheticShape): ModelWork {
  const random = createRandom(shape.seed);
  const around = (mean: number): number => Math.round(mean * (shape.uneven === true ? 0.045 * 100 ** (random.integer(1_000_000) / 1e6) : 0.5 + random.integer(1_000_000) / 1e6));
  const values: WorkValue[] = [{ name: "input", from: -1, lastUse: 0, bytes: shape.batches.map((batch) => batch * shape.valueBytes), cloned: false }];
  const weights: WorkWeight[] = [];
  const nodes: WorkNode[] = [];
  for (let index = 0; index < shape.nodes; index++) {
    const [flops, bytes, own] = [around(shape.flops), around(shape.valueBytes), around(shape.weightBytes)];
    weights.push({ name: `w${index}`, bytes: own });
    // Every eighth value is used again eight nodes later.
    const joined = shape.uneven === true && index % 3 === 0 ? index + 2 : index + 1;
    const lastUse = index === shape.nodes - 1 ? shape.nodes : Math.min(shape.nodes - 1, index % 8 === 0 ? index + 8 : joined);
    values.push({ name: `v${index}`, from: index, lastUse, bytes: shape.batches.map((batch) => batch * bytes), cloned: false });
    nodes.push({
      name: `n${index}`,
      op: index % 2 === 0 ? "MatMul" : "Gelu",
      block: `block ${Math.floor(index / 8)}`,
      rate: "f32",
      flops: shape.batches.map((batch) => batch * flops),
      bytes: shape.batches.map((batch) => own + 2 * batch * bytes),
      kernels: 1,
      weights: [index],
      // Where nodes branch, every third joins what the one before and the one before that made.
      inputs: shape.uneven === true && index % 3 === 2 ? [index, index - 1] : [index],
      outputs: [index + 1],
      liveBytes: shape.batches.map((batch) => 3 * batch * bytes),
    });
  }
  return { name: shape.name ?? "synthetic", points: shape.batches.map((batch) => ({ batch, share: 1 })), nodes, values, weights, assumes: [] };
}
