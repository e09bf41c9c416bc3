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
  /** Rows of one chunk: a fixed run of rows of one split, the unit that moves between stages. */
  readonly chunkRows: number;
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
  /** Settings of the program that have no effect yet, by name: the run says so. */
  readonly laterSettings?: readonly string[];
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
  readonly value: T;
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
}

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
  readonly replicas: number;
  /** Must see chunks in row order with one replica (limit, dedupe, sources). */
  readonly ordered: boolean;
}

/** From the last step of one stage to a stage or sink; `queueChunks` waits at most at the receiver. */
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
