/**
 * The ways in which the ranks can compute a node, each with what the weights cost that it leaves whole on every rank, and
 * where shares can begin: at products by weights, and where rows of tables are looked up.
 */
import type { Node } from "../../onnx/model-graph.ts";
import { splitTableBytes } from "../../plan/cost/tensor-layout.ts";
import { tensorBytes, type PartGraph } from "./part-graph.ts";
import { ruleContext } from "./rule-context.ts";
import { findShardRule } from "./rule-registry.ts";
import type { ShardOption } from "./rule.ts";
import { replicated, type TensorState } from "./tensor-state.ts";

/** Of a machine that is nobody's, as all such prices: what matters is how they compare. */
export const secondsPerExchange = 1e-3;
/** Outweighs all time: a weight of a product that can be divided is. */
const secondsPerByteHeld = 1;
/** Dividing a table costs an exchange of what is looked up in it, for which large ones pay. */
const secondsPerByteLookedUp = secondsPerExchange / splitTableBytes;

/** How a value that a node reads is divided, and the text of that. */
export interface Divided {
  readonly state: TensorState;
  readonly key: string;
}

/** An option, and what the weights it leaves whole cost; no option stands for computing the node whole. */
interface PricedOption {
  readonly option: ShardOption | undefined;
  readonly held: number;
}

interface NodeOptions {
  /** Whether shares can begin at a node: it has a rule and a constant input to divide. */
  maySplit(node: Node): boolean;
  /** `divided`: of the values that are not whole. */
  of(node: Node, divided: ReadonlyMap<string, Divided>): readonly PricedOption[];
}

export function createOptions(part: PartGraph, count: number): NodeOptions {
  const known = new Map<string, readonly PricedOption[]>();
  const splits = new Map<Node, boolean>();
  return {
    maySplit(node) {
      const found = splits.get(node) ?? (isLookup(part, node) || (isProduct(node) && node.inputs.some((name) => name !== "" && part.isConstant(name))));
      splits.set(node, found);
      return found;
    },
    of(node, divided) {
      const key = `${node.index} ${node.inputs.map((name) => divided.get(name)?.key ?? "").join(",")}`;
      const found = known.get(key) ?? priced(part, count, node, divided);
      known.set(key, found);
      return found;
    },
  };
}

/** Products by weights: where shares begin. */
const products: ReadonlySet<string> = new Set(["MatMul", "Gemm", "Conv", "ConvTranspose", "Einsum", "FusedMatMul", "FusedGemm", "FusedConv", "GemmFastGelu", "MatMulNBits", "Attention"]);

export function isProduct(node: Node): boolean {
  return products.has(node.op) && findShardRule(node.domain, node.op) !== undefined;
}

/** Rows of a table of weights. */
function isLookup(part: PartGraph, node: Node): boolean {
  const [table = ""] = node.inputs;
  return node.op === "Gather" && node.domain === "" && part.isConstant(table) && (part.shape(table)?.length ?? 0) >= 2;
}

function priced(part: PartGraph, count: number, node: Node, divided: ReadonlyMap<string, Divided>): readonly PricedOption[] {
  const rule = findShardRule(node.domain, node.op);
  const options = rule ? rule(ruleContext(part, count, node, (name) => divided.get(name)?.state ?? replicated)) : [];
  const secondsPerByte = isProduct(node) ? secondsPerByteHeld : isLookup(part, node) ? secondsPerByteLookedUp : 0;
  const held = (option: ShardOption | undefined): number => (secondsPerByte === 0 ? 0 : weightsHeld(part, node, option) * secondsPerByte);
  return [{ option: undefined, held: held(undefined) }, ...options.map((option) => ({ option, held: held(option) }))];
}

/** Bytes of the weights of two axes or more that stay whole. A table that others look up is whole anyway. */
function weightsHeld(part: PartGraph, node: Node, option: ShardOption | undefined): number {
  return node.inputs.reduce((sum, name, i) => {
    if (name === "" || !part.isConstant(name) || option?.inputs[i]?.kind === "shard") return sum;
    const tensor = part.tensor(name);
    const rank = part.shape(name)?.length ?? 0;
    return rank < 2 ? sum : sum + (tensor ? tensorBytes(tensor) : part.index.nominalBytes(name));
  }, 0);
}
