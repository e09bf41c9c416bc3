/**
 * What is decided about a program's models and stages before it is planned in full: where models are cut, who runs the
 * parts, batches, threads, workers. Made from a plan for hardware and from the program's own settings.
 */

export interface Placement {
  readonly pipelines: readonly PipelinePlacement[];
  /** Of the machine that the program states; undefined where it states none. */
  readonly memoryBytes?: number;
}

export interface PipelinePlacement {
  /** By number of the lowered model step. */
  readonly calls: ReadonlyMap<number, CallPlacement>;
  /** Workers of stages of maps, by the first step of the stage. */
  readonly workers: ReadonlyMap<number, Workers>;
}

export interface CallPlacement {
  readonly batch?: number;
  readonly threads?: number;
  /** At least one: a model that is not cut is one part of degree 1. */
  readonly parts: readonly PartPlacement[];
}

export interface Workers {
  readonly here: number;
  /** Where rows turn out to take more than is typical, the run may load so many. */
  readonly most: number;
  /** On all machines of the hardware, where there are several. */
  readonly ofAll?: number;
}

/** Both ends included. */
export interface Range {
  readonly low: number;
  readonly high: number;
}

export interface PartPlacement {
  /** Parts of different models with one name run in one stage. */
  readonly stage: string;
  /** This and the earlier parts hold the first so many nodes of the model's execution order; undefined: the weights decide. */
  readonly nodesUpTo?: number;
  /** Devices that share the part. */
  readonly degree: number;
  readonly replicas?: number;
  /** On all machines of the hardware, where there are several. */
  readonly replicasOfAll?: number;
  /** Between these the run may load and unload workers. */
  readonly range?: Range;
  /** By replica, by rank: "cpu", "cuda:0", …; at least one replica. */
  readonly devices: readonly (readonly string[])[];
}

/** Whether the model runs as the file has it, on one device. */
export function isWhole(call: CallPlacement): boolean {
  return call.parts.length === 1 && call.parts[0]?.degree === 1;
}
