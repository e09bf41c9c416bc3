/** The pipeline as a graph: a box for each stage and sink with its rates, an arrow for each edge. */
import { formatRate, formatShare } from "../format.ts";
import type { ReportData, ReportEdge } from "./report-data.ts";
import { clip, rect, svg, text } from "./svg.ts";

const BOX_WIDTH = 190;
const BOX_HEIGHT = 66;
const GAP_X = 60;
const GAP_Y = 18;

interface Node {
  readonly label: string;
  readonly lines: readonly [string, string];
  readonly busyShare: number;
  readonly depth: number;
}

export function drawGraph(data: ReportData): string {
  const nodes = nodesOf(data);
  const places = placeNodes(nodes);
  const width = Math.max(...places.map(({ x }) => x)) + BOX_WIDTH + 10;
  const height = Math.max(...places.map(({ y }) => y)) + BOX_HEIGHT + 10;
  const arrows = data.edges.map((edge) => {
    const [from, to] = [places[edge.from], places[targetOf(data, edge)]];
    const [x1, y1, x2, y2] = [from.x + BOX_WIDTH, from.y + BOX_HEIGHT / 2, to.x, to.y + BOX_HEIGHT / 2];
    return `<path d="M${x1} ${y1}C${x1 + GAP_X / 2} ${y1} ${x2 - GAP_X / 2} ${y2} ${x2} ${y2}" fill="none" stroke="#888"/><circle cx="${x2}" cy="${y2}" r="3" fill="#888"/>`;
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

function placeNodes(nodes: readonly Node[]): readonly { readonly x: number; readonly y: number }[] {
  const taken = new Map<number, number>();
  return nodes.map(({ depth }) => {
    const row = taken.get(depth) ?? 0;
    taken.set(depth, row + 1);
    return { x: 5 + depth * (BOX_WIDTH + GAP_X), y: 5 + row * (BOX_HEIGHT + GAP_Y) };
  });
}

function targetOf({ stages }: ReportData, { to }: ReportEdge): number {
  return to.kind === "stage" ? to.stage : stages.length + to.sink;
}
