/**
 * A run in the text format of Prometheus (version 0.0.4): counters end in `_total`, times are in seconds, sizes in
 * bytes. Names and labels are an interface: dashboards are built on them.
 */
import type { RunState } from "./run-state.ts";

export interface MetricsSubject {
  readonly program: string;
  readonly pipeline: string;
  readonly stages: readonly string[];
  readonly sinks: readonly string[];
  /** What each edge joins: "decode → model". */
  readonly edges: readonly string[];
}

interface Metric {
  readonly name: string;
  readonly kind: "counter" | "gauge";
  readonly help: string;
  readonly values: readonly (readonly [labels: Readonly<Record<string, string>>, value: number])[];
}

export function renderMetrics(subject: MetricsSubject, state: RunState, elapsedMs: number): string {
  const base = { program: subject.program, pipeline: subject.pipeline };
  const one = (value: number): Metric["values"] => [[base, value]];
  const perStage = (pick: (stage: RunState["stages"][number]) => number): Metric["values"] => state.stages.map((stage, id) => [{ ...base, stage: subject.stages[id] }, pick(stage)]);
  const perSink = (pick: (sink: RunState["sinks"][number]) => number): Metric["values"] => state.sinks.map((sink, id) => [{ ...base, sink: subject.sinks[id] }, pick(sink)]);
  const perEdge = (pick: (edge: RunState["edges"][number]) => number): Metric["values"] => state.edges.map((edge, id) => [{ ...base, edge: subject.edges[id] }, pick(edge)]);
  const metrics: readonly Metric[] = [
    { name: "pipec_run_seconds", kind: "gauge", help: "Since the run began.", values: one(elapsedMs / 1000) },
    { name: "pipec_rows_done_total", kind: "counter", help: "Source rows that went through everything: written, left out or failed.", values: one(state.rowsDone) },
    { name: "pipec_rows_failed_total", kind: "counter", help: "Source rows that could not be computed.", values: one(state.rowsFailed) },
    { name: "pipec_stage_rows_in_total", kind: "counter", help: "Rows that a stage took.", values: perStage((stage) => stage.rowsIn) },
    { name: "pipec_stage_rows_out_total", kind: "counter", help: "Rows that a stage gave.", values: perStage((stage) => stage.rowsOut) },
    { name: "pipec_stage_busy_seconds_total", kind: "counter", help: "Time spent computing, of all replicas together.", values: perStage((stage) => stage.busyMs / 1000) },
    { name: "pipec_stage_replicas", kind: "gauge", help: "Replicas that take chunks.", values: perStage((stage) => stage.replicas) },
    { name: "pipec_sink_rows_total", kind: "counter", help: "Rows that a sink took.", values: perSink((sink) => sink.rows) },
    { name: "pipec_sink_busy_seconds_total", kind: "counter", help: "Time spent writing.", values: perSink((sink) => sink.busyMs / 1000) },
    { name: "pipec_edge_chunks", kind: "gauge", help: "Chunks waiting or being worked on at the end of an edge.", values: perEdge((edge) => edge.held) },
    { name: "pipec_edge_capacity_chunks", kind: "gauge", help: "The most that may.", values: perEdge((edge) => edge.capacity) },
    { name: "pipec_edge_bytes", kind: "gauge", help: "Bytes of those chunks.", values: perEdge((edge) => edge.bytes) },
    { name: "pipec_chunks_in_flight", kind: "gauge", help: "Chunks between sources and sinks.", values: one(state.chunksInFlight) },
    { name: "pipec_cores_in_use", kind: "gauge", help: "Core tokens that stages hold.", values: one(state.coresInUse) },
    { name: "pipec_cpu_seconds_total", kind: "counter", help: "CPU time of the engine's process, all its threads together.", values: one(state.cpuMs / 1000) },
    { name: "pipec_resident_bytes", kind: "gauge", help: "Resident memory of the engine's process.", values: one(state.residentBytes) },
    { name: "pipec_commits_total", kind: "counter", help: "Groups committed.", values: one(state.commits) },
    { name: "pipec_restarts_total", kind: "counter", help: "Workers, gangs and engines that were started again.", values: one(state.restarts) },
  ];
  return metrics.filter((metric) => metric.values.length > 0).map(printMetric).join("");
}

function printMetric({ name, kind, help, values }: Metric): string {
  const lines = values.map(([labels, value]) => `${name}{${Object.entries(labels).map(([key, text]) => `${key}="${escapeLabel(text)}"`).join(",")}} ${value}\n`);
  return `# HELP ${name} ${help}\n# TYPE ${name} ${kind}\n${lines.join("")}`;
}

function escapeLabel(text: string): string {
  return text.replaceAll("\\", "\\\\").replaceAll('"', '\\"').replaceAll("\n", "\\n");
}
