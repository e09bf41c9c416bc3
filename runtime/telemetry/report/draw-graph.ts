/** The pipeline as a graph: a box for each stage and sink with its rates, a line for each edge. */
import { formatRate, formatShare } from "../format.ts";
import type { ReportData, ReportEdge } from "./report-data.ts";
import { clip, rect, svg, text } from "./svg.ts";

const BOX_WIDTH = 190;
const BOX_HEIGHT = 66;
const GAP_X = 60;
const GAP_Y = 18;
const LANE_HEIGHT = 12;

interface Node {
  readonly label: string;
  readonly lines: readonly [string, string];
  readonly busyShare: number;
  readonly depth: number;
}

export function drawGraph(data: ReportData): string {
  const nodes = nodesOf(data);
  const { places, lanes, height } = layOut(nodes, data.edges.map((edge) => [edge.from, targetOf(data, edge)]));
  const width = Math.max(...places.map(({ x }) => x)) + BOX_WIDTH + 10;
  const arrows = data.edges.map((edge, index) => {
    const [from, to] = [places[edge.from], places[targetOf(data, edge)]];
    const path = [...lanes[index], { x: to.x, y: to.y + BOX_HEIGHT / 2 }].map(({ x, y }) => `S${x - GAP_X / 2} ${y} ${x} ${y}h${x === to.x ? 0 : BOX_WIDTH}`);
    const [x, y] = [from.x + BOX_WIDTH, from.y + BOX_HEIGHT / 2];
    return `<path d="M${x} ${y}${path.join("")}" fill="none" stroke="#888"/><circle cx="${to.x}" cy="${to.y + BOX_HEIGHT / 2}" r="3" fill="#888"/>`;
  });
  const boxes = nodes.map((node, index) => {
    const { x, y } = places[index];
    const shade = `fill:hsl(${Math.round(210 - 190 * node.busyShare)} 70% 92%);stroke:#777;rx:6px`;
    return rect(x, y, BOX_WIDTH, BOX_HEIGHT, shade, node.label) + text(x + 8, y + 19, clip(node.label, 27), "strong") + text(x + 8, y + 38, node.lines[0]) + text(x + 8, y + 56, node.lines[1]);
  });
  return svg(width, height, "the pipeline", arrows.join("") + boxes.join(""));
}

function nodesOf({ stages, sinks, state, summary, edges }: ReportData): readonly Node[] {
  const seconds = Math.max(1e-3, summary.elapsedMs / 1000);
  const shares = summary.stages.map((stage) => stage.busyShare);
  const depths = depthsOf(stages.length, edges);
  const ofStages = stages.map(({ label }, id): Node => {
    const { rowsOut, replicas } = state.stages[id];
    return { label, lines: [formatRate(rowsOut / seconds), `${formatShare(shares[id])} busy, ${replicas} ${replicas === 1 ? "replica" : "replicas"}`], busyShare: shares[id], depth: depths[id] };
  });
  const ofSinks = sinks.map(({ label }, id): Node => {
    const from = edges.find(({ to }) => to.kind === "sink" && to.sink === id)?.from ?? 0;
    const share = shares[stages.length + id];
    return { label, lines: [formatRate(state.sinks[id].rows / seconds), `${formatShare(share)} busy`], busyShare: share, depth: depths[from] + 1 };
  });
  return [...ofStages, ...ofSinks];
}

/** Edges of one stage away from the sources, by stage: stages stand in topological order. */
function depthsOf(stages: number, edges: readonly ReportEdge[]): readonly number[] {
  const depths = Array.from({ length: stages }, () => 0);
  for (let id = 0; id < stages; id++) {
    for (const { from, to } of edges) if (to.kind === "stage" && to.stage === id) depths[id] = Math.max(depths[id], depths[from] + 1);
  }
  return depths;
}

interface Point {
  readonly x: number;
  readonly y: number;
}

interface Layout {
  /** By node: its upper left corner. */
  readonly places: readonly Point[];
  /** By edge: where it enters each column that it passes through. */
  readonly lanes: readonly (readonly Point[])[];
  readonly height: number;
}

/** A column for each depth. An edge that skips columns passes below what stands in them. */
function layOut(nodes: readonly Node[], edges: readonly (readonly [from: number, to: number])[]): Layout {
  const bottoms: number[] = [];
  const take = (depth: number, height: number): Point => {
    const y = bottoms[depth] ?? 5;
    bottoms[depth] = y + height;
    return { x: 5 + depth * (BOX_WIDTH + GAP_X), y };
  };
  const places = nodes.map(({ depth }) => take(depth, BOX_HEIGHT + GAP_Y));
  const lanes = edges.map(([from, to]) => {
    const passed = Array.from({ length: Math.max(0, nodes[to].depth - nodes[from].depth - 1) }, (_, index) => nodes[from].depth + 1 + index);
    return passed.map((depth) => take(depth, LANE_HEIGHT));
  });
  return { places, lanes, height: Math.max(...bottoms) };
}

function targetOf({ stages }: ReportData, { to }: ReportEdge): number {
  return to.kind === "stage" ? to.stage : stages.length + to.sink;
}
