/** What inference over a model is given and gives. */
import type { Diagnostic } from "../../../language/diagnostics/diagnostic.ts";
import type { Node } from "../model-graph.ts";
import type { InferredType, Shape } from "./inferred-type.ts";
import type { KnownValue } from "./known-value.ts";

export interface InferOptions {
  /** Values for dimension names: of the model's inputs, or names that an earlier inference made. */
  readonly bindings?: ReadonlyMap<string, number | bigint>;
  /** Shapes of inputs, instead of those the file declares. */
  readonly inputShapes?: ReadonlyMap<string, Shape>;
  /** Values of inputs that are known while compiling. */
  readonly inputValues?: ReadonlyMap<string, KnownValue>;
  /** `ignore`: declared types of outputs and intermediate values are neither used nor checked. Default `use`. */
  readonly declarations?: "use" | "ignore";
  /** Nodes to visit at most, counting repeated visits of functions and loop bodies. */
  readonly nodesMax?: number;
}

/** What is known of one graph's own values, by name; initializers and inputs included. */
export interface InferredScope {
  readonly types: ReadonlyMap<string, InferredType>;
  /** Values known while compiling, in whole or in part; initializers only where inference needed them. */
  readonly values: ReadonlyMap<string, KnownValue>;
  /** Bodies inside nodes: subgraphs by attribute name, and the bodies of called functions. */
  readonly nested: ReadonlyMap<Node, readonly NestedScope[]>;
}

export interface NestedScope extends InferredScope {
  readonly kind: "subgraph" | "function";
  /** The attribute's name, or the function's. */
  readonly name: string;
}

/** Where a fresh dimension name comes from. */
export interface FreshDim {
  /** The operator, or "input" for a nameless dimension of an input. */
  readonly op: string;
  /** The node's or input's name. */
  readonly place: string;
}

export interface InferredGraph extends InferredScope {
  readonly freshDims: ReadonlyMap<string, FreshDim>;
  /** Values of the main graph whose type is the file's own declaration, because inference could not tell. */
  readonly declared: ReadonlySet<string>;
  readonly diagnostics: readonly Diagnostic[];
}
