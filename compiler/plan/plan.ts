/**
 * The plan: which steps run together, on how many workers, with which batches, and how much may be under way. Plain
 * data without paths, times or facts of the machine that built it, so that it can be kept in git and compared.
 *
 * Everything that decides output bytes is here (chunks, batches, padding, threads); replicas and queues do not.
 */
export interface Plan {
  readonly phase: "planned";
  readonly pipelines: readonly PipelinePlan[];
}

export interface PipelinePlan {
  readonly name: string;
  /** Rows of one chunk: a multiple of every batch. */
  readonly chunkRows: number;
  /** Chunks that are committed together. */
  readonly groupChunks: number;
  readonly stages: readonly StagePlan[];
  readonly edges: readonly EdgePlan[];
  readonly sinks: readonly SinkPlan[];
  /** Chunks under way between the sources and the sinks. */
  readonly tickets: number;
  readonly memory: MemoryBound;
}

/** `steps` are numbers of lowered steps; `stepNames` stand beside them for people. */
export interface StagePlan {
  readonly id: number;
  readonly label: string;
  readonly kind: "source" | "cpu" | "model";
  readonly steps: readonly number[];
  readonly stepNames: readonly string[];
  readonly replicas: number;
  /** Sees chunks in row order, on one worker. */
  readonly ordered: boolean;
  /** Calls under way at once in a map whose operators wait for something. */
  readonly concurrency: number;
  readonly model?: ModelPlan;
}

export interface ModelPlan {
  readonly name: string;
  readonly batch: number;
  /** "cpu", "cuda:0", …: where the sessions run. */
  readonly device: string;
  readonly intraOpThreads: number;
  readonly weightBytes: number;
  /** Most bytes of one call beside inputs and weights, as computed; undefined where the rows that come do not bound it. */
  readonly activationBytes?: number;
}

export interface EdgePlan {
  readonly id: number;
  readonly fromStage: number;
  readonly fromStep: number;
  readonly to: { readonly kind: "stage"; readonly stage: number } | { readonly kind: "sink"; readonly sink: number };
  readonly queueChunks: number;
  readonly queueBytesMax: number;
}

export interface SinkPlan {
  readonly id: number;
  readonly label: string;
  readonly step: number;
}

/** The bound of DESIGN section 8, part by part, in bytes. */
export interface MemoryBound {
  readonly edgeBytes: number;
  readonly joinBytes: number;
  readonly sinkBytes: number;
  readonly replicaBytes: number;
  readonly workerBytes: number;
  readonly boundBytes: number;
}
