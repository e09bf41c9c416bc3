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
