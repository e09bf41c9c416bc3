/** The signature of a model: what must be fed and what comes out, as the file declares it. */
import type { ModelGraph, ValueType } from "./model-graph.ts";

export interface ModelPort {
  readonly name: string;
  readonly type: ValueType;
}

export interface ModelSignature {
  /** Graph inputs that have no initializer: those a caller feeds. */
  readonly inputs: readonly ModelPort[];
  readonly outputs: readonly ModelPort[];
}

/** The signature of a read model; its weights are not looked at. */
export function readSignature({ graph }: ModelGraph): ModelSignature {
  const given = new Set([...graph.initializers.map((tensor) => tensor.name), ...graph.sparseInitializers.map((sparse) => sparse.values.name)]);
  const port = ({ name, type }: ModelPort): ModelPort => ({ name, type });
  return { inputs: graph.inputs.filter((input) => !given.has(input.name)).map(port), outputs: graph.outputs.map(port) };
}
