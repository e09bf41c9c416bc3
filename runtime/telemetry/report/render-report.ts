/** A run as one offline HTML page: nothing is loaded from anywhere, no scripts. */
import { formatCount, formatDuration, formatRate, formatShare } from "../format.ts";
import type { FailureSample } from "../run-event.ts";
import type { NotableEvent } from "../run-state.ts";
import { describeStall } from "../stall-words.ts";
import { renderSummary, rowsPerSecond } from "../summary.ts";
import { drawGraph } from "./draw-graph.ts";
import { drawBusyBands, drawLines, drawQueueBands } from "./draw-timeline.ts";
import type { ReportData } from "./report-data.ts";
import { escapeHtml } from "./svg.ts";

export function renderReport(data: ReportData): string {
  const { summary } = data;
  return `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width">
<title>${escapeHtml(summary.pipeline)}, ${escapeHtml(data.startedAt)}</title>
<style>
body{font:15px/1.5 system-ui,sans-serif;margin:2em auto;max-width:1000px;padding:0 1em;color:#222}
svg{display:block;max-width:100%;height:auto;margin:.5em 0}text{font:12px system-ui,sans-serif;fill:#222}text.strong{font-weight:600}text.faint{fill:#777}text.end{text-anchor:end}
table{border-collapse:collapse}td,th{padding:.2em .8em .2em 0;text-align:left;vertical-align:top}td.number{text-align:right;white-space:nowrap;font-variant-numeric:tabular-nums}
code{white-space:nowrap}pre{background:#f4f6f8;padding:1em;overflow:auto}h2{margin-top:2em;font-size:1.2em}
</style>
</head>
<body>
<h1>${escapeHtml(summary.pipeline)}</h1>
<p>${escapeHtml(data.program)}, started ${escapeHtml(data.startedAt)}</p>
<pre>${escapeHtml(renderSummary(summary).join("\n"))}</pre>
<h2>Stages</h2>
${drawGraph(data)}
<h2>Predicted against measured</h2>
${predictedTable(data)}
<h2>How busy</h2>
${drawBusyBands(data)}
<h2>How full the queues were</h2>
${drawQueueBands(data)}
<h2>Rate, CPU and memory</h2>
${drawLines(data)}
<h2>Decisions and incidents</h2>
${incidents(data)}
<h2>Failed rows</h2>
${failures(data)}
</body>
</html>
`;
}

function predictedTable({ predicted, stages, state, summary }: ReportData): string {
  if (predicted === undefined) return "<p>The plan predicts nothing: the program names no hardware. State <code>hardware:</code> in the pipeline's <code>with</code> block, or build with <code>--hw</code> and a <code>--calibration</code> of <code>pipec bench</code>.</p>";
  const row = (name: string, wanted: number | undefined, got: number | undefined): string => `<tr><td>${escapeHtml(name)}</td>${[wanted, got].map((rate) => `<td class="number">${rate === undefined ? "" : formatRate(rate)}</td>`).join("")}<td class="number">${wanted === undefined || wanted === 0 || got === undefined ? "" : formatShare(got / wanted)}</td></tr>`;
  // Rows of the source, as the plan counts: a stage behind an explode or a filter has others.
  const perStage = stages.map(({ label }, id) => {
    const { busyMs, replicas } = state.stages[id];
    return row(label, predicted.stages[id] ?? undefined, busyMs === 0 ? undefined : (state.rowsDone / (busyMs / 1000)) * Math.max(1, replicas));
  });
  return `<table><tr><th></th><th>predicted</th><th>measured</th><th>of it</th></tr>${row("the whole run, start to end", predicted.rowsPerSecond, rowsPerSecond(summary))}${perStage.join("")}</table><p>In rows of the source; of a stage, what its workers do in the time that they compute. Predicted for ${escapeHtml(predicted.machine)}, limited by ${escapeHtml(predicted.bottleneck)}.</p>`;
}

function failures({ state, sourceFolder }: ReportData): string {
  if (state.rowsFailed === 0) return "<p>None.</p>";
  const rows = state.samples.map((sample) => `<tr><td>${escapeHtml(sample.where)}</td><td>${escapeHtml(sample.message)}</td><td>${placeLink(sample, sourceFolder)}</td></tr>`);
  const more = state.rowsFailed > state.samples.length ? `<p>The first ${state.samples.length} of ${formatCount(state.rowsFailed)}.</p>` : "";
  return `<table><tr><th>row</th><th>what failed</th><th>where</th></tr>${rows.join("")}</table>${more}`;
}

/** Opens the `.pipe` file in VS Code at the place. */
function placeLink({ step, at }: FailureSample, folder: string): string {
  const href = `vscode://file${encodeURI(`${folder}/${at.file}`)}:${at.line}:${at.column}`;
  return `<a href="${escapeHtml(href)}">${escapeHtml(`${step}, ${at.file}:${at.line}`)}</a>`;
}

function incidents({ state, stages }: ReportData): string {
  if (state.notable.length === 0) return "<p>None: the run went as planned.</p>";
  const rows = state.notable.map((event) => `<tr><td class="number">${formatDuration(event.atMs)}</td><td>${escapeHtml(describeEvent(event, stages.map(({ label }) => label)))}</td></tr>`);
  return `<table>${rows.join("")}</table>${state.dropped === 0 ? "" : `<p>${formatCount(state.dropped)} more.</p>`}`;
}

function describeEvent(event: NotableEvent, stages: readonly string[]): string {
  switch (event.kind) {
    case "decision": {
      const figures = Object.entries(event.figures).map(([name, value]) => `${name} ${Number(value.toPrecision(3))}`);
      const change = event.from === event.to ? `stays at ${event.to}` : `from ${event.from} to ${event.to}`;
      return `${stages[event.stage]}: ${change} replicas, ${event.reason}${figures.length === 0 ? "" : ` (${figures.join(", ")})`}`;
    }
    case "restart":
      return `${event.what} started again: ${event.reason}`;
    case "isolation":
      return `${stages[event.stage]} runs in a process of its own: ${event.reason}`;
    case "drain":
      return `sources stop at the end of a group: ${event.reason}`;
    case "stall":
      return describeStall(event);
    case "fault":
      return `${event.code}: ${event.message}`;
  }
}
