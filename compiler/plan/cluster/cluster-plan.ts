/**
 * A plan for a cluster: which part of which model runs on which device, with which batch, how many replicas and cores,
 * what limits it, and how far from the best it can be. Plain data without paths or times of day, so that it can be kept
 * in git and compared; `plan.schema.json` describes its JSON.
 */
export interface ClusterPlan {
  readonly version: 1;
  readonly hardware: readonly MachineGroup[];
  readonly pipelines: readonly ClusterPipeline[];
}

export interface MachineGroup {
  readonly count: number;
  readonly name: string;
  readonly cores: number;
  readonly memoryBytes: number;
  /** `provider`: what drives the device, as programs name it: "cuda" for "cuda:0". */
  readonly devices: readonly { readonly count: number; readonly name: string; readonly provider: "cpu" | "cuda"; readonly memoryBytes: number }[];
  readonly dollarsPerHour: number | null;
}

export interface ClusterPipeline {
  readonly name: string;
  /** Rows of the source per second that the plan as a whole sustains. */
  readonly rowsPerSecond: number;
  /** What the same search reaches with every device, whatever that takes. */
  readonly bestRowsPerSecond: number;
  /** Proved: no plan within `assumes` does more. */
  readonly boundRowsPerSecond: number;
  /** boundRowsPerSecond / rowsPerSecond - 1. */
  readonly gap: number;
  /** `bestRowsPerSecond` is the bound. */
  readonly optimal: boolean;
  readonly dollarsPerHour: number | null;
  /** Name of the resource that limits the rate. */
  readonly bottleneck: string;
  readonly resources: readonly ResourceUse[];
  readonly cpuStages: readonly CpuStage[];
  readonly lanes: readonly ClusterLane[];
  readonly edges: readonly ClusterEdge[];
  readonly assumes: readonly string[];
  readonly alternatives: readonly Alternative[];
}

export interface ResourceUse {
  readonly name: string;
  /** Rows of the source per second that it could sustain. */
  readonly limitRowsPerSecond: number;
  /** The share of it that the plan uses. */
  readonly use: number;
}

/** What runs on cores. Ids are those of the stages of the program's plan. */
export interface CpuStage {
  readonly id: number;
  readonly label: string;
  readonly kind: "source" | "map" | "model" | "sink";
  /** Of one core of the kind that operators' costs are stated for. */
  readonly nsPerRow: number;
  readonly rowsPerSource: number;
  readonly replicas: number;
  readonly model: CpuModel | null;
  readonly measured: boolean;
}

export interface CpuModel {
  readonly name: string;
  readonly batch: number;
  readonly threads: number;
  readonly msPerBatch: number;
  /** Of one replica. */
  readonly bytes: number;
}

/** A chain of stages; lanes share the rows. */
export interface ClusterLane {
  /** Types of its devices: "T4", or "A10G and T4" where stages differ. */
  readonly device: string;
  readonly devices: number;
  readonly rowsPerSecond: number;
  readonly stages: readonly ClusterStage[];
}

export interface ClusterStage {
  readonly id: string;
  readonly parts: readonly ClusterPart[];
  readonly device: string;
  readonly machine: string;
  /** Devices that share the stage by tensor parallelism. */
  readonly degree: number;
  readonly replicas: number;
  /** Of one replica, for one row of the source. */
  readonly psPerRow: number;
  readonly rowsPerSecond: number;
  /** Of one device, and what stages may fill of it. */
  readonly bytes: number;
  readonly usableBytes: number;
  /** One list of devices per replica: "node:device". */
  readonly gangs: readonly (readonly string[])[];
}

export interface ClusterPart {
  readonly model: string;
  /** Nodes [from, to) in execution order, of `nodes`. */
  readonly from: number;
  readonly to: number;
  readonly nodes: number;
  /** The first and the last block that it holds a node of. */
  readonly firstBlock: string;
  readonly lastBlock: string;
  readonly batch: number;
  readonly msPerBatch: number;
  readonly weightBytes: number;
  readonly measured: boolean;
}

/** Values that go from stage to stage, by names of stages. */
export interface ClusterEdge {
  readonly from: string;
  readonly to: string;
  readonly bytesPerRow: number;
  /** Batches that may wait. */
  readonly queueBatches: number;
}

/** Another plan that was looked at, and what it would give. */
export interface Alternative {
  readonly what: string;
  readonly rowsPerSecond: number;
  readonly why: string;
}
