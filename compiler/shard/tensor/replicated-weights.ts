/** Which weights every rank holds whole, and why. */
import type { Node, TensorRef } from "../../onnx/model-graph.ts";
import type { Layout } from "./choose-layout.ts";
import { isProduct } from "./node-options.ts";
import { tensorBytes, type PartGraph } from "./part-graph.ts";
import { findShardRule } from "./rule-registry.ts";
import type { ReplicatedWeight } from "./stage-tensors.ts";

/** `whole` are the initializers that stand in the segments of a rank as they are. Lists of sizes are no weights. */
export function replicatedWeights(part: PartGraph, layout: Layout, count: number, whole: ReadonlySet<string>): readonly ReplicatedWeight[] {
  const weights = part.index.model.graph.initializers.filter((tensor) => whole.has(tensor.name) && tensor.dims.length > 0 && !part.index.inferred.values.has(tensor.name));
  const reach = readers(part);
  return weights.map((tensor) => ({ weight: tensor.name, bytes: tensorBytes(tensor), reason: reasonFor(layout, count, tensor, reach(tensor.name)) }));
}

/** The computing nodes that read a value, directly or through constants. */
function readers(part: PartGraph): (name: string) => readonly Node[] {
  return (name) => {
    const names = [name];
    for (const at of names) for (const node of part.constants) if (node.inputs.includes(at)) names.push(...node.outputs);
    return names.flatMap((own) => part.users(own));
  };
}

function reasonFor(layout: Layout, count: number, tensor: TensorRef, users: readonly Node[]): string {
  const whole = users.filter((node) => !layout.options.has(node));
  const [node] = whole.length > 0 ? whole : users;
  if (!node) return "no operator of the stage computes with it";
  const shape = `[${tensor.dims.join(", ")}]`;
  if (isProduct(node) && tensor.dims.length > 1) {
    // Kernels are never divided.
    const axes = node.op.includes("Conv") ? tensor.dims.slice(0, 2) : tensor.dims;
    const isDivisible = axes.some((dim) => dim % count === 0 && dim > 0);
    if (!isDivisible) return `no axis of ${shape} can be divided by ${count}`;
    return whole.length > 0 ? `${node.op} cannot use a share of ${shape}: its other axes and groups do not divide by ${count}` : `${node.op} on shares needs it whole`;
  }
  if (!findShardRule(node.domain, node.op)) return `${node.op} is computed whole: it has no sharding rule`;
  if (node.op === "Gather") return `rows are looked up in the whole table: ${(tensor.dims.at(-1) ?? 1) % count === 0 ? "an exchange would cost more than it saves" : `its columns do not divide by ${count}`}`;
  if (node.op === "Add" || node.op === "Gemm" || node.op === "Conv") return whole.length > 0 ? "added once, to values that every rank has whole" : "added once, by the first rank";
  return whole.length > 0 ? `${node.op} works on values that every rank has whole` : `${node.op} on shares needs it whole`;
}
