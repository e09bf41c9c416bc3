/**
 * A cluster plan as one offline page: the pipeline drawn over the hardware with memory bars, and the timeline of a
 * steady-state period. No scripts, nothing loaded; the same plan gives the same page.
 */
import { printBytes } from "../print-plan.ts";
import type { ClusterLane, ClusterPipeline, ClusterPlan, ClusterStage } from "./cluster-plan.ts";
import { printRate } from "./plan-cluster.ts";
import { printClusterPlan } from "./print-cluster-plan.ts";

const COLORS = ["#4c78a8", "#f58518", "#54a24b", "#b279a2", "#e45756", "#72b7b2", "#9d755d", "#eeca3b"];
const STAGE_WIDTH = 210;
const STAGE_HEIGHT = 96;
const GAP = 46;

export function emitPlanHtml(plan: ClusterPlan): string {
  const body = plan.pipelines.map((pipeline) => `<h2>${escape(pipeline.name)}: ${printRate(pipeline.rowsPerSecond)} rows/s, limited by ${escape(pipeline.bottleneck)}</h2>\n${drawPipeline(pipeline)}\n<h3>A steady-state period</h3>\n${drawTimeline(pipeline)}`);
  return `<!doctype html>
<html lang="en">
<meta charset="utf-8">
<title>pipec plan</title>
<style>body{font:14px system-ui,sans-serif;margin:2em;color:#222}svg{display:block;margin:1em 0;max-width:100%}text{font:12px system-ui,sans-serif}pre{background:#f6f6f6;padding:1em;overflow:auto}</style>
<h1>Plan</h1>
${body.join("\n")}
<h3>In words</h3>
<pre>${escape(printClusterPlan(plan))}</pre>
</html>
`;
}

/** Cores on top, one row of stages for each lane below. */
function drawPipeline(pipeline: ClusterPipeline): string {
  const longest = Math.max(1, ...pipeline.lanes.map((lane) => lane.stages.length));
  const width = Math.max(640, longest * (STAGE_WIDTH + GAP) + 40);
  const height = 120 + pipeline.lanes.length * (STAGE_HEIGHT + 60);
  const cores = pipeline.resources.find((resource) => resource.name === "cores");
  const stages = pipeline.cpuStages.map((stage) => `${stage.label} x ${stage.replicas}`).join(", ");
  const top = box(20, 20, width - 40, 60, "#eee") + label(30, 42, `cores, ${Math.round((cores?.use ?? 0) * 100)} % in use`) + label(30, 62, clip(stages, Math.floor(width / 7)));
  return `<svg viewBox="0 0 ${width} ${height}" width="${width}" height="${height}" role="img">${top}${pipeline.lanes.map((lane, index) => drawLane(pipeline, lane, 130 + index * (STAGE_HEIGHT + 60))).join("")}</svg>`;
}

function drawLane(pipeline: ClusterPipeline, lane: ClusterLane, y: number): string {
  const title = label(20, y - 10, `${lane.devices} ${lane.device}: ${printRate(lane.rowsPerSecond)} rows/s`);
  return title + lane.stages.map((stage, index) => drawStage(pipeline, stage, 20 + index * (STAGE_WIDTH + GAP), y, index)).join("");
}

function drawStage(pipeline: ClusterPipeline, stage: ClusterStage, x: number, y: number, index: number): string {
  const share = Math.min(1, stage.bytes / stage.usableBytes);
  const edge = pipeline.edges.find((candidate) => candidate.to === stage.id);
  const arrow = index === 0 || edge === undefined ? "" : `<path d="M${x - GAP} ${y + 40}h${GAP - 8}m-6 -5l6 5l-6 5" fill="none" stroke="#555"/>${label(x - GAP + 2, y + 32, printBytes(edge.bytesPerRow), 10)}`;
  const gang = stage.degree === 1 ? "" : ` x ${stage.degree} devices`;
  return `${arrow}<rect x="${x}" y="${y}" width="${STAGE_WIDTH}" height="${STAGE_HEIGHT}" rx="6" fill="${color(index)}" fill-opacity="0.15" stroke="${color(index)}"/>
${label(x + 8, y + 18, clip(stage.id, 30))}${label(x + 8, y + 36, `${stage.replicas} replicas${gang}, batch ${stage.parts.map((part) => part.batch).join(" and ")}`)}
${label(x + 8, y + 54, `${printRate(stage.rowsPerSecond)} rows/s on ${stage.device}`)}<rect x="${x + 8}" y="${y + 64}" width="${STAGE_WIDTH - 16}" height="10" fill="#ddd"/><rect x="${x + 8}" y="${y + 64}" width="${round((STAGE_WIDTH - 16) * share)}" height="10" fill="${color(index)}"/>
${label(x + 8, y + 90, `${printBytes(stage.bytes)} of ${printBytes(stage.usableBytes)}`, 10)}`;
}

const TIMELINE_X = 260;
const TIMELINE_WIDTH = 400;
/** The slowest stage's batches that are shown: enough to see how the others fall in step. */
const CYCLES = 3;
/** More batches than this are drawn as one bar, as wide as their share of the time. */
const BATCHES_DRAWN = 64;

/** One lane's stages over time, each replica at its batches; below, the shares of what all lanes use together. */
function drawTimeline(pipeline: ClusterPipeline): string {
  const lanes = pipeline.lanes.map((lane) => drawLaneTimeline(pipeline, lane));
  const others = pipeline.resources.map((resource, at) => bar(resource.name, resource.use, at));
  const height = others.length * 24 + 20;
  return `${lanes.join("\n")}\n<svg viewBox="0 0 720 ${height}" width="720" height="${height}" role="img">${others.join("")}</svg>`;
}

function bar(name: string, busy: number, at: number): string {
  return `${label(20, 20 + at * 24, clip(name, 34))}${track(at)}<rect x="${TIMELINE_X}" y="${8 + at * 24}" width="${round(TIMELINE_WIDTH * Math.min(1, busy))}" height="16" fill="#888"/>${label(668, 20 + at * 24, `${(busy * 100).toFixed(0)} %`)}`;
}

function track(at: number): string {
  return `<rect x="${TIMELINE_X}" y="${8 + at * 24}" width="${TIMELINE_WIDTH}" height="16" fill="#eee"/>`;
}

interface Beat {
  /** Of one replica: a batch begins so often, and takes so long. */
  readonly everyMs: number;
  readonly busyMs: number;
}

/** At the rate that the plan asks of the lane: its share of the rows. */
function beatOf(pipeline: ClusterPipeline, lane: ClusterLane, stage: ClusterStage): Beat {
  const model = lane.stages.flatMap((own) => own.parts)[0]?.model;
  const alike = pipeline.lanes.filter((other) => other.stages.some((own) => own.parts.some((part) => part.model === model)));
  const asked = (pipeline.rowsPerSecond * lane.rowsPerSecond) / alike.reduce((sum, other) => sum + other.rowsPerSecond, 0);
  const batch = Math.max(1, ...stage.parts.map((part) => part.batch));
  const busyMs = (batch * stage.psPerRow) / 1e9;
  return { everyMs: Math.max(busyMs, (batch * stage.replicas * 1000) / asked), busyMs };
}

function drawLaneTimeline(pipeline: ClusterPipeline, lane: ClusterLane): string {
  const beats = lane.stages.map((stage) => beatOf(pipeline, lane, stage));
  const windowMs = CYCLES * Math.max(...beats.map((beat) => beat.everyMs));
  let startMs = 0;
  const rows = lane.stages.map((stage, index) => {
    const beat = beats[index] ?? { everyMs: windowMs, busyMs: 0 };
    const drawn = drawBeat(beat, startMs, windowMs, index);
    // The next stage begins with what this one has given.
    startMs += beat.busyMs;
    return `${label(20, 20 + index * 24, clip(stage.id, 34))}${track(index)}${drawn}${label(668, 20 + index * 24, `${((beat.busyMs / beat.everyMs) * 100).toFixed(0)} %`)}`;
  });
  const axis = 22 + rows.length * 24;
  const ends = label(TIMELINE_X, axis, "0 ms") + label(TIMELINE_X + TIMELINE_WIDTH - 70, axis, `${printRate(windowMs)} ms`);
  return `<svg viewBox="0 0 720 ${axis + 10}" width="720" height="${axis + 10}" role="img">${rows.join("")}${ends}</svg>`;
}

/** The batches of one replica within the window, those that began before it included. */
function drawBeat({ everyMs, busyMs }: Beat, startMs: number, windowMs: number, index: number): string {
  const y = 8 + index * 24;
  const block = (fromMs: number, toMs: number): string => {
    const [x, end] = [fromMs, toMs].map((ms) => TIMELINE_X + (TIMELINE_WIDTH * Math.max(0, Math.min(windowMs, ms))) / windowMs);
    return `<rect x="${round(x ?? 0)}" y="${y}" width="${round(Math.max(0.5, (end ?? 0) - (x ?? 0) - 0.5))}" height="16" fill="${color(index)}"/>`;
  };
  if (windowMs / everyMs > BATCHES_DRAWN) return block(0, (windowMs * busyMs) / everyMs);
  const first = (startMs % everyMs) - everyMs;
  return Array.from({ length: Math.ceil(windowMs / everyMs) + 2 }, (_, at) => first + at * everyMs)
    .filter((from) => from + busyMs > 0 && from < windowMs)
    .map((from) => block(from, from + busyMs))
    .join("");
}

function color(index: number): string {
  return COLORS[index % COLORS.length] ?? "#888";
}

function box(x: number, y: number, width: number, height: number, fill: string): string {
  return `<rect x="${x}" y="${y}" width="${width}" height="${height}" rx="6" fill="${fill}" stroke="#999"/>`;
}

function label(x: number, y: number, text: string, size = 12): string {
  return `<text x="${x}" y="${y}"${size === 12 ? "" : ` style="font-size:${size}px"`}>${escape(text)}</text>`;
}

function clip(text: string, length: number): string {
  return text.length <= length ? text : `${text.slice(0, length - 1)}…`;
}

function round(value: number): number {
  return Number(value.toFixed(1));
}

function escape(text: string): string {
  return text.replaceAll("&", "&amp;").replaceAll("<", "&lt;").replaceAll(">", "&gt;").replaceAll('"', "&quot;");
}
