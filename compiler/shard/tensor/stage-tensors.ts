/** What came of laying a stage's tensors across ranks: for the manifest, for checks, for reports. */
import type { Node } from "../../onnx/model-graph.ts";
import type { ShardState, TensorState } from "./tensor-state.ts";

export interface StageTensors {
  /** Number of ranks. */
  readonly count: number;
  /** How each value of the stage lies across the ranks; values not named are whole on each. */
  readonly states: ReadonlyMap<string, TensorState>;
  /** By value: the names that its shares or parts have in the models. */
  readonly namesOf: ReadonlyMap<string, ReadonlySet<string>>;
  /** Of nodes that work on shares: the states of their inputs. */
  readonly used: ReadonlyMap<Node, readonly TensorState[]>;
  readonly collectives: readonly StageCollective[];
  readonly replicated: readonly ReplicatedWeight[];
  /** Weights of which each rank has a share. */
  readonly sliced: readonly SlicedWeight[];
}

/** A value that the ranks put together from all their shares. */
export interface StageCollective {
  readonly value: string;
  readonly op: "sum" | "concat";
  readonly axis?: number;
  /** The segment that takes it in. */
  readonly segment: number;
  /** The block of the model that makes the value. */
  readonly block: string;
  /** The first node that needs it whole; empty if it leaves the stage. */
  readonly user: string;
  /** Of the whole value, where every free dimension is a nominal one. */
  readonly bytes: number;
}

/** A weight that every rank holds whole. */
export interface ReplicatedWeight {
  readonly weight: string;
  readonly bytes: number;
  readonly reason: string;
}

export interface SlicedWeight {
  readonly weight: string;
  /** Its name in the segments. */
  readonly name: string;
  readonly state: ShardState;
}
