/**
 * A bare cost graph: what the solver partitions. Nothing here knows of models, rows or seconds; a graph read from a
 * benchmark file and one derived from ONNX models are the same thing to it.
 *
 * A partition is a list of stages. A stage is a set of nodes, one *mode* in which it runs, and r >= 1 replicas.
 *   - Every node is in exactly one stage; nodes of one `color` share a stage.
 *   - Stages are numbered so that no `order` pair (a, b) has a in a later stage than b. (This is what "contiguous" or
 *     "acyclic" means: every stage is a difference of two down-sets of the order.)
 *   - load(S, m) = sum of time[m] of its nodes + sum of cost[m] of the transfers that S cuts. A transfer is cut by S
 *     when S holds some but not all of its ends: the producer's stage pays once to send, every other stage that
 *     uses the value pays once to receive, and nobody pays for a value that stays at home.
 *   - memory(S, m) = sum of bytes[m] of its nodes + bytes[m] of every shared weight that has a user in S; it must not
 *     exceed the kind's `memoryBytes`.
 *   - A stage in mode m with r replicas occupies r * degree(m) devices of kind(m), r <= replicasMax(m), and its period
 *     is load / r. Devices are not shared between stages.
 * Minimised: first the largest period over all stages, then the number of devices. Times have any unit, one for all.
 */

/** A pool of equal devices. */
export interface DeviceKind {
  readonly name: string;
  readonly count: number;
  /** Memory of one device in bytes; Infinity where it is not limited. */
  readonly memoryBytes: number;
}

/** One way to run a stage: on which kind of device, and on how many of them at once (the tensor-parallel degree). */
export interface Mode {
  readonly name: string;
  /** Index into `kinds`. */
  readonly kind: number;
  readonly degree: number;
  readonly replicasMax: number;
}

export interface CostNode {
  readonly name: string;
  /** Time by mode, null where the node cannot run in that mode. What sharding saves or costs is already in here. */
  readonly times: readonly (number | null)[];
  /** Memory per device by mode, in bytes. */
  readonly bytes: readonly number[];
  /** Nodes of one colour share a stage; null for a free node. */
  readonly color: string | null;
}

/** A value that costs when it crosses from stage to stage. All ends are indices into `nodes`. */
export interface Transfer {
  readonly from: number;
  readonly to: readonly number[];
  /** What a stage pays for sending or receiving it, by the mode of that stage. */
  readonly costs: readonly number[];
}

/** A weight that several nodes use and that a stage holds once however many of them it has. */
export interface SharedWeight {
  readonly users: readonly number[];
  /** By mode, per device. */
  readonly bytes: readonly number[];
}

export interface CostGraph {
  readonly kinds: readonly DeviceKind[];
  readonly modes: readonly Mode[];
  readonly nodes: readonly CostNode[];
  readonly transfers: readonly Transfer[];
  readonly sharedWeights: readonly SharedWeight[];
  /** Pairs (a, b): a must not be in a later stage than b. Cycles are allowed and glue their nodes together. */
  readonly order: readonly (readonly [number, number])[];
}

/** A stage of a partition, as the solver returns it and `verifyAssignment` checks it. */
export interface SolvedStage {
  /** Index into `modes`. */
  readonly mode: number;
  readonly replicas: number;
  /** Ascending indices into `nodes`. */
  readonly nodes: readonly number[];
}

export interface Solution {
  readonly status: "solved";
  /** The largest load / replicas, to 12 significant digits. */
  readonly period: number;
  /** No partition has a smaller period than this, to 12 significant digits (rounded down unless it is the period). */
  readonly lowerBound: number;
  /** True when the period is proved to be the least possible (and, where the search was complete, the devices the fewest). */
  readonly optimal: boolean;
  readonly devices: number;
  /** Stages in an order in which data only flows forward. */
  readonly assignment: readonly SolvedStage[];
  readonly effort: SolveEffort;
}

/** No partition exists, or none was found: `proved` tells which. */
export interface NoSolution {
  readonly status: "infeasible";
  readonly proved: boolean;
  readonly reason: string;
  readonly effort: SolveEffort;
}

/** Counted work, the same on every machine. */
export interface SolveEffort {
  /** Nodes left after contraction. */
  readonly classes: number;
  /** Down-sets looked at, and whether they are all there are. */
  readonly ideals: number;
  readonly complete: boolean;
  /** Candidate stages looked at. */
  readonly steps: number;
}

export type SolveResult = Solution | NoSolution;
