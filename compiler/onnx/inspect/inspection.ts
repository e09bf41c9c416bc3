/**
 * What `pipec inspect` knows of a model, as data: the JSON, the text and the HTML page are prints of it.
 * Quantities are numbers where every dimension is bound, else expressions; null where they are not computed.
 */
import type { Diagnostic } from "../../../language/diagnostics/diagnostic.ts";

export type Quantity = number | string | null;

export interface TensorReport {
  readonly dtype: string;
  readonly shape: readonly (number | string)[];
}

/** Stands for free dimensions where blocks are compared; 1 would make nothing of what is divided by a stride. */
export const typicalDim = 64;

/** The shape of a port whose rank the file does not tell. */
export const unknownRank: readonly string[] = ["..."];

export interface PortReport extends TensorReport {
  readonly name: string;
}

export interface NodeReport {
  readonly name: string;
  readonly op: string;
  readonly block: string;
  readonly flops: Quantity;
  /** Read and written. */
  readonly bytes: Quantity;
}

export interface NodeDetails {
  /** Computed once, when a session is made: not among the nodes that blocks count. */
  readonly constant: boolean;
  /** Types of its outputs: "f32[8, 197, 768]". */
  readonly gives: readonly string[];
}

export interface BlockReport {
  readonly name: string;
  readonly nodes: number;
  readonly flops: Quantity;
  /** Weights that no block before it uses. */
  readonly weightBytes: number;
  /** Most bytes live while it runs. */
  readonly activationBytes: Quantity;
  /** Numbers to compare blocks by: the quantities with free dimensions taken as `typicalDim`. */
  readonly sizes: { readonly flops: number; readonly activationBytes: number };
}

export interface TotalsReport {
  readonly params: number;
  readonly weightBytes: number;
  readonly flops: Quantity;
  readonly peakActivationBytes: Quantity;
}

export interface Inspection {
  /** The model's file. */
  readonly file: string;
  /** Format, versions and producer in a few words. */
  readonly format: string;
  readonly inputs: readonly PortReport[];
  readonly outputs: readonly PortReport[];
  readonly tensors: ReadonlyMap<string, TensorReport>;
  readonly nodes: readonly NodeReport[];
  /** By position in `nodes`: what the page tells beside. */
  readonly details: readonly NodeDetails[];
  /** Pairs of positions in `nodes`: the second uses what the first makes. */
  readonly edges: readonly (readonly [number, number])[];
  readonly blocks: readonly BlockReport[];
  readonly totals: TotalsReport;
  /** Names of dimensions that are still free. */
  readonly freeDims: readonly string[];
  /** The bindings asked for. */
  readonly bindings: ReadonlyMap<string, number>;
  readonly diagnostics: readonly Diagnostic[];
}

/** An inspection of which nothing but problems is known. */
export function emptyInspection(file: string, diagnostics: readonly Diagnostic[]): Inspection {
  return {
    file, format: "unknown", inputs: [], outputs: [], tensors: new Map(), nodes: [], details: [], edges: [], blocks: [],
    totals: { params: 0, weightBytes: 0, flops: null, peakActivationBytes: null },
    freeDims: [], bindings: new Map(), diagnostics,
  };
}
