/** What `pipec bench` measured on a machine: it overrides the estimates, and plans say where it did. */
export interface Calibration {
  readonly version: 1;
  /** The machine, as people would call it. */
  readonly machine: string;
  readonly models: readonly MeasuredModel[];
  /** By label of the stage. */
  readonly stages: readonly MeasuredStage[];
}

export interface MeasuredModel {
  readonly name: string;
  readonly batch: number;
  readonly threads: number;
  readonly msPerBatch: number;
}

export interface MeasuredStage {
  readonly label: string;
  readonly nsPerRow: number;
}
