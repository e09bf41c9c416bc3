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

/** Shares of rows by the named dimensions of a model, before they are padded. They add up to 1. */
export interface MeasuredLengths {
  readonly model: string;
  readonly rows: readonly { readonly dims: Readonly<Record<string, number>>; readonly share: number }[];
}

export interface MeasuredModel {
  readonly name: string;
  readonly batch: number;
  readonly threads: number;
  readonly msPerBatch: number;
  /** Measured on rows as they come; otherwise on the longest there may be. */
  readonly onRows?: boolean;
}

export interface MeasuredStage {
  /** Absent: of any pipeline. */
  readonly pipeline?: string;
  readonly label: string;
  /** Of one core, for a row of the source. */
  readonly nsPerSourceRow: number;
  /** Rows that come to the stage for each row of the source. */
  readonly rowsPerSource?: number;
}

/** What was measured of a stage. */
export function measuredStage(calibration: Calibration | undefined, pipeline: string, label: string): MeasuredStage | undefined {
  return calibration?.stages.find((entry) => entry.label === label && (entry.pipeline === undefined || entry.pipeline === pipeline));
}
