/** What a run has done so far, as plain numbers: read by the progress view, the summary and tests. */

export interface StageCounters {
  readonly label: string;
  /** At the start. */
  readonly replicas: number;
  chunks: number;
  rowsIn: number;
  rowsOut: number;
  busyMs: number;
}

export interface SinkCounters {
  readonly label: string;
  rows: number;
  busyMs: number;
}

export interface RunCounters {
  readonly stages: readonly StageCounters[];
  readonly sinks: readonly SinkCounters[];
  /** Rows of the sources whose chunk every sink has, bad ones included; not those read ahead for nothing. */
  rowsRead: number;
  /** Those of them that an earlier run had read, which this one goes on from. */
  rowsEarlier: number;
  filtered: number;
  dead: number;
  /** Rows of the sources, where all of them say it beforehand. */
  rowsTotal: number | undefined;
  /** Where they do not: about how many there are, by the bytes that were read. */
  rowsExpected: number | undefined;
}

export function createRunCounters(stages: readonly { readonly label: string; readonly replicas: number }[], sinks: readonly { readonly label: string }[]): RunCounters {
  return {
    stages: stages.map(({ label, replicas }) => ({ label, replicas, chunks: 0, rowsIn: 0, rowsOut: 0, busyMs: 0 })),
    sinks: sinks.map(({ label }) => ({ label, rows: 0, busyMs: 0 })),
    rowsRead: 0,
    rowsEarlier: 0,
    filtered: 0,
    dead: 0,
    rowsTotal: undefined,
    rowsExpected: undefined,
  };
}
