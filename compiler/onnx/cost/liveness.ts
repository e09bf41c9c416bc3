/**
 * Peak activation: the maximum over execution order of the bytes of live buffers, plus the running kernel's workspace.
 *
 * A buffer is born when its first value is computed and dies after the last use of any of its values; graph outputs
 * stay. Views share their input's buffer, and an element-wise kernel takes over the buffer of an input that ends with
 * it and has the same size. Graph inputs and constants are not counted: they belong to the caller and to the weights.
 */
import { addDims, dimName, equalDims, maxDims, oneDim, subDims, sumOfDims, zeroDim, type Dim } from "../../../language/tensor/dim.ts";
import { freeNames, substituteDim } from "../../../language/tensor/evaluate-dim.ts";
import { findCostRule } from "./cost-registry.ts";
import type { Constants } from "./constants.ts";
import type { ValueView } from "./value-view.ts";
import type { Node } from "../model-graph.ts";
import { capturesOf } from "../walk.ts";

export interface LiveBuffer {
  /** The value that it was made for. */
  readonly name: string;
  readonly bytes: Dim;
  /** Steps of the execution order, both included. */
  readonly bornAt: number;
  readonly diesAt: number;
}

export interface Liveness {
  readonly order: readonly Node[];
  readonly buffers: readonly LiveBuffer[];
  /** Live bytes and workspace while each step runs. */
  readonly bytesAt: readonly Dim[];
  readonly peakBytes: Dim;
}

export interface LivenessInput {
  /** Nodes in execution order, constants left out. */
  readonly order: readonly Node[];
  readonly outputs: readonly string[];
  readonly constants: Constants;
  readonly view: ValueView;
  /** Temporary bytes of a node, by step. */
  readonly workspace: (node: Node) => Dim;
}

interface OpenBuffer {
  readonly name: string;
  readonly bytes: Dim;
  readonly bornAt: number;
  diesAt: number;
}

/** Computes buffers, their lives and the peak. Values that no node of `order` makes count as inputs. */
export function computeLiveness(input: LivenessInput): Liveness {
  const lastUse = lastUses(input);
  const bufferOf = new Map<string, OpenBuffer>();
  const buffers: OpenBuffer[] = [];
  input.order.forEach((node, step) => {
    node.outputs.forEach((name, i) => {
      if (name === "") return;
      const shared = i === 0 ? sharedBuffer(node, step, bufferOf, input) : undefined;
      if (shared === "outside") return;
      const buffer = shared ?? { name, bytes: input.view.operand(name).bytes, bornAt: step, diesAt: step };
      if (!shared) buffers.push(buffer);
      buffer.diesAt = Math.max(buffer.diesAt, lastUse.get(name) ?? step);
      bufferOf.set(name, buffer);
    });
  });
  return { order: input.order, buffers, ...sumUp(input, buffers) };
}

/** The last step that uses each value; outputs of the graph outlast all steps. */
function lastUses(input: LivenessInput): ReadonlyMap<string, number> {
  const last = new Map<string, number>();
  input.order.forEach((node, step) => {
    for (const name of [...node.inputs, ...capturesOf(node)]) last.set(name, step);
  });
  for (const name of input.outputs) last.set(name, input.order.length);
  return last;
}

/** The buffer that a node's first output shares with an input; "outside" if that is an input's or a constant's. */
function sharedBuffer(node: Node, step: number, bufferOf: ReadonlyMap<string, OpenBuffer>, input: LivenessInput): OpenBuffer | "outside" | undefined {
  const rule = findCostRule(node.domain, node.op);
  const first = node.inputs[0] ?? "";
  if (rule?.view && first !== "") return bufferOf.get(first) ?? "outside";
  const bytes = input.view.operand(node.outputs[0] ?? "").bytes;
  for (const i of rule?.inPlace ?? []) {
    // `diesAt` covers every alias, so a buffer with a later use is not taken.
    const buffer = bufferOf.get(node.inputs[i] ?? "");
    if (buffer && buffer.diesAt === step && equalDims(buffer.bytes, bytes)) return buffer;
  }
  return undefined;
}

function sumUp(input: LivenessInput, buffers: readonly OpenBuffer[]): { readonly bytesAt: readonly Dim[]; readonly peakBytes: Dim } {
  const steps = input.order.length;
  const born = Array.from({ length: steps + 1 }, (): OpenBuffer[] => []);
  const dying = Array.from({ length: steps + 1 }, (): OpenBuffer[] => []);
  for (const buffer of buffers) {
    born[buffer.bornAt]?.push(buffer);
    dying[buffer.diesAt]?.push(buffer);
  }
  let live = zeroDim;
  const bytesAt = input.order.map((node, step) => {
    live = addDims(live, sumOfDims((born[step] ?? []).map((buffer) => buffer.bytes)));
    const now = addDims(live, input.workspace(node));
    live = subDims(live, sumOfDims((dying[step] ?? []).map((buffer) => buffer.bytes)));
    return now;
  });
  return { bytesAt, peakBytes: maximum(bytesAt) };
}

/**
 * The maximum of many dims that mostly dominate each other, for names of at least 1 (as inference takes them): those
 * that another is never below are left out.
 */
export function maximum(dims: readonly Dim[]): Dim {
  let frontier: Dim[] = [];
  const seen = new Set<string>();
  for (const dim of dims) {
    if (seen.has(dim.key)) continue;
    seen.add(dim.key);
    if (frontier.some((other) => isNeverBelow(other, dim))) continue;
    frontier = [...frontier.filter((other) => !isNeverBelow(dim, other)), dim];
  }
  const [first, ...rest] = frontier;
  return first ? maxDims(first, ...rest) : zeroDim;
}

/** Whether a >= b for all values >= 1 of the names, where that shows in the coefficients. */
function isNeverBelow(a: Dim, b: Dim): boolean {
  const difference = subDims(a, b);
  const shifted = substituteDim(difference, new Map([...freeNames(difference)].map((name) => [name, addDims(dimName(name), oneDim)])));
  return equalDims(maxDims(shifted, zeroDim), shifted);
}
