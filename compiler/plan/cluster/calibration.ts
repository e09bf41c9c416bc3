/** What `pipec bench` measured on a machine: it overrides the estimates, and plans say where it did. */
export interface Calibration {
  readonly version: 1;
  /** The machine, as people would call it. */
  readonly machine: string;
  /** Its cores against the reference core that operators' costs are stated for. */
  readonly coreSpeed: number;
  readonly models: readonly MeasuredModel[];
  /** By label of the stage. */
  readonly stages: readonly MeasuredStage[];
  /** How long rows are, where that is known: times are then of rows as they come, memory stays that of the longest. */
  readonly lengths: readonly MeasuredLengths[];
}

/** Shares of rows by a dimension of a model. They add up to 1. */
export interface MeasuredLengths {
  readonly model: string;
  readonly dim: string;
  readonly rows: readonly { readonly length: number; readonly share: number }[];
}

export interface MeasuredModel {
  readonly name: string;
  readonly batch: number;
  readonly threads: number;
  readonly msPerBatch: number;
}

export interface MeasuredStage {
  readonly label: string;
  /** Of one core, for a row of the source. */
  readonly nsPerSourceRow: number;
}
