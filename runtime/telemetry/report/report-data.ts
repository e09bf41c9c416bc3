/** What a report of a run is drawn from: plain data, gathered when the run ends. */
import type { Place, PredictedRates } from "../../contract/program.ts";
import type { RunState } from "../run-state.ts";
import type { TimelineBin } from "../run-timeline.ts";
import type { RunSummary } from "../summary.ts";

export interface ReportData {
  readonly program: string;
  /** The folder of the `.pipe` file: places in it become links that editors open. */
  readonly sourceFolder: string;
  readonly startedAt: string;
  readonly summary: RunSummary;
  readonly state: RunState;
  readonly binMs: number;
  readonly bins: readonly TimelineBin[];
  readonly stages: readonly Workplace[];
  readonly sinks: readonly Workplace[];
  readonly edges: readonly ReportEdge[];
  readonly predicted: PredictedRates | undefined;
}

export interface Workplace {
  readonly label: string;
  readonly at: Place;
  readonly replicas: number;
}

export interface ReportEdge {
  readonly from: number;
  readonly to: { readonly kind: "stage"; readonly stage: number } | { readonly kind: "sink"; readonly sink: number };
}
