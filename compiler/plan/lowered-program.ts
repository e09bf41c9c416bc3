/**
 * The dataflow after lowering: one step, one meaning at run time. What `planPipelines` cuts into stages and the
 * emission writes out.
 *
 * Invariants
 *  - Steps stand in topological order, `id` is the index; expressions hold no model calls: each is a step.
 *  - `row` is what leaves the step: exactly the fields that something after it reads (dead columns are pruned).
 *  - A map's entries give each field once; a model step adds columns to the ones it carries.
 */
import type { RecordType } from "../../language/catalog/value-type.ts";
import type { Aggregate, CheckedProgram, CheckedWrite, Expr, ReadCall, RecordEntry, Settings } from "../../language/check/checked-program.ts";
import type { Span } from "../../language/source/span.ts";
import type { CutPart } from "./model-parts.ts";
import type { CallPlacement, Workers } from "./placement.ts";

export interface LoweredProgram {
  readonly phase: "lowered";
  readonly checked: CheckedProgram;
  readonly pipelines: readonly LoweredPipeline[];
}

export interface LoweredPipeline {
  readonly name: string;
  readonly doc: string;
  readonly settings: Settings;
  readonly steps: readonly Step[];
  readonly writes: readonly LoweredWrite[];
  /** The step that gives the rows of each stream of the checked pipeline; absent where nothing reads them. */
  readonly stepOfStream: ReadonlyMap<number, number>;
  readonly span: Span;
}

export interface LoweredWrite {
  readonly step: number;
  readonly write: CheckedWrite;
}

export type Step = StepBase &
  (
    | { readonly kind: "read"; readonly read: ReadCall }
    | { readonly kind: "map"; readonly input: number; readonly entries: readonly RecordEntry[] }
    | { readonly kind: "filter"; readonly input: number; readonly predicate: Expr }
    | ModelStep
    | ModelPartStep
    | { readonly kind: "explode"; readonly input: number; readonly fields: readonly { readonly name: string; readonly value: Expr }[]; readonly carried: readonly string[]; readonly childrenMax: number }
    | { readonly kind: "implode"; readonly input: number; readonly aggregates: readonly Aggregate[]; readonly carried: readonly string[] }
    | { readonly kind: "dedupe"; readonly input: number; readonly key: Expr; readonly distance: number; readonly keysMax: number }
    | { readonly kind: "limit"; readonly input: number; readonly rows: Expr }
    | { readonly kind: "sample"; readonly input: number; readonly fraction: Expr; readonly seed: Expr }
    | { readonly kind: "zip"; readonly inputs: readonly number[] }
  );

export interface ModelStep {
  readonly kind: "model";
  readonly input: number;
  /** The symbol of the model. */
  readonly model: string;
  readonly inputs: readonly { readonly port: string; readonly column: string }[];
  /** Ports without the batch axis, fed by what is known before the first row. */
  readonly constants: readonly { readonly port: string; readonly value: Expr }[];
  readonly outputs: readonly { readonly port: string; readonly column: string }[];
  readonly carried: readonly string[];
  /** Where it runs, once that is decided. */
  readonly placed?: CallPlacement;
}

/** One part of a model that is cut. `row` holds the columns that are carried; that of the last part the outputs too. */
export interface ModelPartStep extends Omit<ModelStep, "kind"> {
  readonly kind: "modelPart";
  readonly placed: CallPlacement;
  readonly part: CutPart;
  /** From 0, of `placed.parts`. */
  readonly index: number;
  /** Equal on all parts of one call. */
  readonly call: string;
}

export interface StepBase {
  readonly id: number;
  /** The `let` name, or what stands for it in plans and messages: unique within the pipeline. */
  readonly name: string;
  readonly row: RecordType;
  readonly settings: Settings;
  /** Workers of its stage, as the plan for the program's hardware has them. */
  readonly workers?: Workers;
  readonly span: Span;
}

/** The steps a step reads from. */
export function inputsOf(step: Step): readonly number[] {
  switch (step.kind) {
    case "read":
      return [];
    case "zip":
      return step.inputs;
    default:
      return [step.input];
  }
}
