/** What `pipec bench` asks of a program that it measures, and what it is told. Crosses processes as JSON. */

export interface MeasureLimits {
  readonly rowsMax: number;
  readonly msMax: number;
  /** Where sinks write. */
  readonly folder: string;
}

export interface MeasureReport {
  readonly pipelines: readonly PipelineTimes[];
  /** Why the rest was not measured. */
  readonly fault: string | undefined;
}

export interface PipelineTimes {
  readonly pipeline: string;
  readonly stages: readonly StageTime[];
  readonly lengths: readonly ModelLengths[];
}

/** `cpuMs` and `wallMs` are of `sourceRows` rows of the source; `rows` came to the stage. */
export interface StageTime {
  readonly label: string;
  readonly sourceRows: number;
  readonly rows: number;
  readonly cpuMs: number;
  readonly wallMs: number;
  readonly model?: { readonly name: string; readonly batch: number; readonly threads: number };
}

/** Rows by the sizes of a model's named dimensions, as its inputs have them before they are padded. */
export interface ModelLengths {
  readonly model: string;
  readonly rows: readonly { readonly dims: Readonly<Record<string, number>>; readonly count: number }[];
}
