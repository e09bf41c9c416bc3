/**
 * The program that `pipec build` emits, as data and closures. Made once per thread by running the emitted
 * module: the supervisor, each worker and the interpreter evaluate the same module and get the same value.
 *
 * Steps are the logical dataflow (one row-level meaning each); stages say which steps run together on a
 * worker. Everything that decides output bytes (chunks, batches, padding) is in here, nothing of it depends on
 * arrival, replicas or timing.
 */
import type { Column } from "./column.ts";
import type { AggregateKernel, SinkKernel, SourceKernel } from "./kernel.ts";
import type { Dtype, Row, Value } from "./value.ts";

export interface ProgramSpec {
  readonly name: string;
  /** The `.pipe` file's name, without folders. */
  readonly sourceFile: string;
  readonly doc: string;
  readonly params: readonly ParamSpec[];
  readonly pipelines: readonly PipelineSpec[];
}

/** `fixed`: decided at build; giving it on the command line is a usage error that says so. */
export interface ParamSpec {
  readonly name: string;
  readonly doc: string;
  readonly type: ParamType;
  readonly default?: Value;
  readonly fixed?: Value;
}

export type ParamType =
  | { readonly kind: "string" | "uri" | "bool" }
  | { readonly kind: "choice"; readonly choices: readonly string[] }
  /** i64 and f64 unless `dtype` names another. */
  | { readonly kind: "int" | "float"; readonly dtype?: Dtype; readonly low?: number; readonly high?: number }
  | { readonly kind: "optional"; readonly inner: ParamType };

/** Where in the `.pipe` source something stands; for messages. */
export interface Place {
  readonly file: string;
  readonly line: number;
  readonly column: number;
}

export interface PipelineSpec {
  readonly name: string;
  readonly doc: string;
  /** Rows of one chunk: a fixed run of rows of one split, the unit that moves between stages. Under an explode, of a part of one. */
  readonly chunkRows: number;
  /** A chunk ends before its rows take more bytes than this as they come from the source (one row always may), a part as it is cut; absent: they cannot. */
  readonly chunkBytes?: number;
  /** Chunks that a commit group holds. */
  readonly groupChunks: number;
  readonly errors: ErrorPolicy;
  readonly steps: readonly StepSpec[];
  readonly stages: readonly StageSpec[];
  readonly edges: readonly EdgeSpec[];
  readonly sinks: readonly SinkSpec[];
  /** Chunks in flight between the sources and the sinks, for each weakly connected part of the graph. */
  readonly tickets: number;
  /** What the compiler computed for the whole run; bytes between stages are held to it while the run lasts. */
  readonly memoryBoundBytes: number;
  /** Groups are committed as they come, at about `everyRows` rows of the source, and a later run goes on from there. */
  readonly checkpoint?: { readonly at: () => string; readonly everyRows: number };
  /** Digest of what the pipeline computes, its models and externs included; where there is a checkpoint. */
  readonly fingerprint?: string;
  /** What of it lies in files of its own, in words ("the extern work"), with its digest: to name what has changed. */
  readonly fingerprintParts?: Readonly<Record<string, string>>;
  /** What the plan promised for the hardware that the program names; undefined where it names none. */
  readonly predicted?: PredictedRates;
}

export interface PredictedRates {
  /** Rows of the source, on one machine. */
  readonly rowsPerSecond: number;
  readonly bottleneck: string;
  /** The type of machine that is spoken of: "g4dn.12xlarge". */
  readonly machine: string;
  /** Source rows per second that each stage could do by itself, by stage; undefined where the plan says nothing of it. */
  readonly stages: readonly (number | undefined)[];
}

export type ErrorPolicy =
  | { readonly kind: "fail" }
  /** `max`: the share of rows that may fail before the run stops (exit 5) or ends over budget (exit 4). */
  | { readonly kind: "skip"; readonly max: number }
  | { readonly kind: "deadLetter"; readonly max: number; readonly path: () => string };

/** `id` is the index in `steps`; steps stand in topological order. `columns` is the schema of the rows it gives. */
export type StepSpec = StepBase &
  (
    | { readonly kind: "read"; readonly source: SourceKernel; readonly args: () => Row }
    | { readonly kind: "map"; readonly input: number; readonly row: (row: Row) => Row | Promise<Row>; readonly concurrency: number }
    | { readonly kind: "filter"; readonly input: number; readonly keep: (row: Row) => boolean | Promise<boolean> }
    | { readonly kind: "model"; readonly input: number; readonly model: ModelSpec; readonly bind: ModelBinding }
    /**
     * A part of a model that is cut: `model` describes the whole. The columns of every part but the last are those it
     * carries (`bind.carried`); the last adds `bind.outputs`.
     */
    | { readonly kind: "modelPart"; readonly input: number; readonly model: ModelSpec; readonly bind: ModelBinding; readonly part: ModelPart }
    /** Each field's value is a list or a tensor; all of one row have the same length; the others are carried. */
    | { readonly kind: "explode"; readonly input: number; readonly fields: (row: Row) => Row | Promise<Row>; readonly carried: readonly string[]; readonly childrenMax: number }
    | { readonly kind: "implode"; readonly input: number; readonly aggregates: readonly AggregateSpec[]; readonly carried: readonly string[] }
    | { readonly kind: "dedupe"; readonly input: number; readonly key: (row: Row) => Value; readonly distance: number; readonly keysMax: number }
    | { readonly kind: "limit"; readonly input: number; readonly rows: () => number }
    | { readonly kind: "sample"; readonly input: number; readonly fraction: () => number; readonly seed: () => bigint }
    | { readonly kind: "zip"; readonly inputs: readonly number[] }
  );

interface StepBase {
  readonly id: number;
  /** The `let` name, or what stands for it. */
  readonly name: string;
  readonly at: Place;
  readonly columns: readonly Column[];
  readonly resources: readonly Resource[];
  /** A row of a map, filter, explode or implode that takes longer hangs: it fails. Absent: it may take any time. */
  readonly timeoutMs?: number;
}

export interface AggregateSpec {
  readonly name: string;
  readonly kernel: AggregateKernel;
  readonly of: (row: Row) => Value | Promise<Value>;
  readonly args: () => Row;
}

/** Something loaded once per worker before its first row (a tokenizer, a lookup table). `value` throws before. */
export interface Resource<T = unknown> {
  readonly name: string;
  readonly load: () => Promise<void>;
  /** What it is loaded from, in the order of the program: that a run went on over other files would not show. */
  readonly files: () => Promise<readonly ResourceFile[]>;
  readonly value: T;
}

export interface ResourceFile {
  /** As this process can open it. */
  readonly path: string;
  /** Where it stands for several files: of their names, sizes and times. */
  readonly digest?: string;
}

export interface ModelSpec {
  readonly name: string;
  readonly at: Place;
  /** Relative to the folder of `out.js`. */
  readonly file: string;
  readonly inputs: readonly ModelPortSpec[];
  readonly outputs: readonly ModelPortSpec[];
  /** Rows of a call, decided by the plan; the last batch of a chunk runs short unless `fixedBatch`. */
  readonly batch: number;
  /** The file takes exactly this many rows: short batches are filled with the last row and cut again. */
  readonly fixedBatch: boolean;
  /** The file has no batch axis: one call per row. */
  readonly batched: boolean;
  /** For ragged inputs, by dimension name. */
  readonly pad: readonly { readonly dim: string; readonly multiple: number }[];
  /** "cpu", "cuda:0", "tensorrt:0", "webgpu:0". Never anything else than what is asked for. */
  readonly device: string;
  readonly intraOpThreads: number;
  /** A call that has not come back by then hangs. Absent: a hundred times what calls usually take, and a minute at least. */
  readonly timeoutMs?: number;
  /** Absent: the session optimises the graph, and its weights are its own. */
  readonly session?: SessionSettings;
}

export interface SessionSettings {
  /** False: the graph runs as the file has it (it was optimised before it was cut, or results are to be bit-identical). */
  readonly optimize: boolean;
  /** Weights in files beside the model stay mapped as they are, once for all sessions of a process; small batches run slower. */
  readonly shareWeights: boolean;
}

/**
 * One of `count` parts of a model, each a step of its own. The first packs rows into batches, the last takes them
 * apart; in between, the batches travel in the chunk (`Chunk.batches`).
 */
export interface ModelPart {
  /** Equal on all parts of one call of the model, and unlike that of any other call in the pipeline. */
  readonly call: string;
  /** From 0. */
  readonly index: number;
  readonly count: number;
  /** Tensors that arrive from the part before; at the first part, the model's input ports. */
  readonly receives: readonly string[];
  /** Tensors that leave for the next part, forwards included; at the last part, the model's output ports. */
  readonly sends: readonly string[];
  /** One: a worker of its own runs the part. Several: a gang of that many, in lockstep. */
  readonly ranks: readonly RankSpec[];
  /** Where each tensor of `sends` comes from, as rank 0 sees it: "stage" passes on what was received, "self" is computed. */
  readonly outputs: readonly { readonly value: string; readonly from: TensorOrigin }[];
  /**
   * How a batch can be cut into rows when a call of a later part fails: the batch axis of a received tensor, or null
   * where the tensor does not depend on the batch. One that is in neither way known cannot be cut: the job fails.
   */
  readonly batchAxes?: Readonly<Record<string, number | null>>;
}

export interface RankSpec {
  /** As `ModelSpec.device`. */
  readonly device: string;
  /** Run in order; all ranks of a part have the same number. */
  readonly segments: readonly SegmentSpec[];
}

/** A model file that one rank runs between two exchanges with the others. */
export interface SegmentSpec {
  /** Relative to the folder of `out.js`. */
  readonly file: string;
  readonly inputs: readonly { readonly port: string; readonly from: TensorOrigin }[];
  readonly outputs: readonly string[];
}

export type TensorOrigin =
  /** One of the part's `receives`. */
  | { readonly kind: "stage"; readonly value: string }
  /** Computed by an earlier segment of this rank. */
  | { readonly kind: "self"; readonly segment: number; readonly port: string }
  /** Computed by an earlier segment of another rank. */
  | { readonly kind: "peer"; readonly rank: number; readonly segment: number; readonly port: string };

export interface ModelPortSpec {
  /** The name in the file. */
  readonly port: string;
  readonly dtype: Dtype;
  /** A row's shape: a number, or the name of a dimension bound by this batch (inputs), or a formula over them (outputs). */
  readonly rowShape: readonly (number | string | DimFormula)[];
  readonly batchAxis?: number;
  /** The value that fills padding (inputs with a padded dimension). */
  readonly padValue?: number;
}

export interface DimFormula {
  readonly text: string;
  readonly evaluate: (dims: Readonly<Record<string, number>>) => number;
}

/** Which columns feed the ports, which ports become columns; the other columns pass through. */
export interface ModelBinding {
  readonly inputs: readonly { readonly port: string; readonly column: string }[];
  /** Inputs without the batch axis take a constant. */
  readonly constants: readonly { readonly port: string; readonly value: () => Value }[];
  readonly outputs: readonly { readonly port: string; readonly column: string }[];
  readonly carried: readonly string[];
}

/** Steps that run together, in order, on each of `replicas` workers. */
export interface StageSpec {
  readonly id: number;
  readonly label: string;
  readonly at: Place;
  readonly steps: readonly number[];
  /** Workers at the start. */
  readonly replicas: number;
  /** Where replicas run their models, by replica and rank; absent: all on the devices that the steps name. */
  readonly devices?: readonly (readonly string[])[];
  /** Between these the run may load and unload workers; absent: `replicas` stay. The plan's memory bound holds `replicasMax`. */
  readonly replicasMin?: number;
  readonly replicasMax?: number;
  /**
   * Cores that one worker keeps busy, threads of its own and of the shared pool. Absent: a model's threads on the CPU,
   * one for what computes rows. 0 for what mostly waits (calls of services): its workers and its concurrency bound it.
   */
  readonly cores?: number;
  /** Must see chunks in row order with one replica (limit, dedupe, sources). */
  readonly ordered: boolean;
}

/**
 * From the last step of one stage to a stage or sink; `queueChunks` waits at most at the receiver: parts of chunks, where
 * it takes those one by one (`stage-parts.ts`).
 */
export interface EdgeSpec {
  readonly id: number;
  readonly fromStage: number;
  readonly fromStep: number;
  readonly to: { readonly kind: "stage"; readonly stage: number } | { readonly kind: "sink"; readonly sink: number };
  readonly queueChunks: number;
  /** At most so many bytes wait on this edge. */
  readonly queueBytesMax: number;
}

export interface SinkSpec {
  readonly id: number;
  readonly label: string;
  readonly at: Place;
  readonly step: number;
  readonly kernel: SinkKernel;
  readonly args: () => Row;
  /** Where files go; undefined for a sink without files. A path that ends in the format's extension is one file. */
  readonly path?: () => string;
  readonly rowsPerFile?: number;
  readonly partitionBy: readonly string[];
  readonly partitionsMax: number;
}
