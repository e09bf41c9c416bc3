/**
 * The plan: which steps run together, on how many workers, with which batches, and how much may be under way. Plain
 * data without paths, times or facts of the machine that built it, so that it can be kept in git and compared.
 *
 * Everything that decides output bytes is here (chunks, batches, padding, threads); replicas and queues do not.
 */
import type { PredictedRates, RankSpec } from "../../runtime/contract/program.ts";
import type { CutPart } from "./model-parts.ts";

export interface Plan {
  readonly phase: "planned";
  readonly pipelines: readonly PipelinePlan[];
}

export interface PipelinePlan {
  readonly name: string;
  /** Rows of one chunk: a multiple of every batch. */
  readonly chunkRows: number;
  /** The source ends a chunk before its rows take more bytes than this; absent where they cannot. */
  readonly chunkBytes?: number;
  /** Chunks that are committed together. */
  readonly groupChunks: number;
  readonly stages: readonly StagePlan[];
  readonly edges: readonly EdgePlan[];
  readonly sinks: readonly SinkPlan[];
  /** Chunks under way between the sources and the sinks. */
  readonly tickets: number;
  readonly memory: MemoryBound;
  /** What the plan for the hardware promises of one of its machines; absent where no hardware is named. */
  readonly predicted?: PredictedRates;
}

/** `steps` are numbers of lowered steps; `stepNames` stand beside them for people. */
export interface StagePlan {
  readonly id: number;
  readonly label: string;
  readonly kind: "source" | "cpu" | "model";
  readonly steps: readonly number[];
  readonly stepNames: readonly string[];
  readonly replicas: number;
  /** What the plan for all machines of the hardware gives the stage, where there are several; the program runs on one. */
  readonly replicasOfAll?: number;
  /** Between these the run may load and unload workers; absent: `replicas` stay. Queues and the memory bound are for `replicasMax`. */
  readonly replicasMin?: number;
  readonly replicasMax?: number;
  /** Sees chunks in row order, on one worker. */
  readonly ordered: boolean;
  /** Calls under way at once in a map whose operators wait for something. */
  readonly concurrency: number;
  /** Where its workers run if not all on the same device: by replica, by rank. */
  readonly devices?: readonly (readonly string[])[];
  /** What a stage of models runs, a step each. */
  readonly models?: readonly ModelPlan[];
}

export interface ModelPlan {
  readonly step: number;
  readonly name: string;
  readonly batch: number;
  /** "cpu", "cuda:0", …: where the sessions run. */
  readonly device: string;
  readonly intraOpThreads: number;
  /** The graph is optimised when it is loaded. */
  readonly optimize: boolean;
  /** Sessions map the weights instead of packing their own: slower for small batches, chosen where memory is short. */
  readonly shareWeights: boolean;
  /** Of one session; of a gang, of the heaviest rank. */
  readonly weightBytes: number;
  /** Of a whole model whose weights are shared: its copy with the weights in a file beside it, below the folder of `out.js`. */
  readonly file?: string;
  /** Where the model is cut. */
  readonly part?: PartPlan;
  /** Most bytes of one call beside inputs and weights, as computed; undefined where the rows that come do not bound it. */
  readonly activationBytes?: number;
}

/** The most workers that a stage may have. */
export function mostReplicas({ replicas, replicasMax }: StagePlan): number {
  return replicasMax ?? replicas;
}

/** A part of a model: what arrives, what runs on each rank, what leaves. Files lie below the folder of `out.js`. */
export interface PartPlan {
  /** From 0. */
  readonly index: number;
  readonly count: number;
  /** Nodes of the graph, and the blocks that they are of. */
  readonly nodes: number;
  readonly firstBlock: string;
  readonly lastBlock: string;
  readonly receives: readonly string[];
  readonly sends: readonly string[];
  readonly ranks: readonly RankSpec[];
  readonly outputs: CutPart["outputs"];
  readonly batchAxes: CutPart["batchAxes"];
  /** Most bytes of what it sends on, for one row; undefined where the rows do not bound them. */
  readonly sendBytesPerRow?: number;
}

export interface EdgePlan {
  readonly id: number;
  readonly fromStage: number;
  readonly fromStep: number;
  readonly to: { readonly kind: "stage"; readonly stage: number } | { readonly kind: "sink"; readonly sink: number };
  readonly queueChunks: number;
  readonly queueBytesMax: number;
  /** Chunks come in parts and are taken part by part: `queueChunks` counts those. */
  readonly byParts?: true;
}

export interface SinkPlan {
  readonly id: number;
  readonly label: string;
  readonly step: number;
}

/** The bound on memory, part by part, in bytes. */
export interface MemoryBound {
  readonly edgeBytes: number;
  readonly joinBytes: number;
  readonly sinkBytes: number;
  readonly replicaBytes: number;
  readonly workerBytes: number;
  readonly boundBytes: number;
}
