/**
 * Reads a cost graph in the JSON format of msr-fiddle/dnn-partitioning (its "FPGAs" are accelerators of any sort):
 *
 *   { maxSizePerFPGA, maxFPGAs, maxCPUs,
 *     nodes: [{ id, supportedOnFpga, cpuLatency, fpgaLatency, isBackwardNode, colorClass?, size? }],
 *     edges: [{ sourceId, destId, cost }] }
 *
 * Accelerators pay for transfers and have limited memory, CPUs neither. All edges out of a node carry the one value it
 * produces, so they have one cost. Training graphs are ordered by their forward part: a backward node follows the forward
 * nodes of its colour; one without any is ordered against the backward nodes it has edges with, in reverse.
 */
import { plannerCodes } from "../../../language/diagnostics/codes/planner.ts";
import { hasErrors, report } from "../../../language/diagnostics/diagnostic.ts";
import type { Diagnostic } from "../../../language/diagnostics/diagnostic.ts";
import type { SourceFile } from "../../../language/source/source-file.ts";
import type { Span } from "../../../language/source/span.ts";
import type { CostGraph, CostNode, Transfer } from "./cost-graph.ts";
import { parseJson } from "./json-document.ts";
import type { JsonArray, JsonObject, JsonValue } from "./json-document.ts";

export interface CostGraphFile {
  readonly graph: CostGraph;
  /** The file's id of each node of the graph. */
  readonly ids: readonly number[];
}

/** The modes of a graph read from a file, in order. */
export const acceleratorMode = 0;
export const cpuMode = 1;

/** The graph a file describes, or what is wrong with the file. */
export function readCostGraph(source: SourceFile): { readonly file: CostGraphFile | undefined; readonly diagnostics: readonly Diagnostic[] } {
  const diagnostics: Diagnostic[] = [];
  const document = parseJson(source.text);
  if (document.kind === "fault") {
    const at = spanOf(source, { start: document.offset, end: document.offset + 1 });
    const found = document.offset >= source.text.length ? "the end of the file" : `\`${source.text[document.offset] ?? ""}\``;
    return { file: undefined, diagnostics: [report(plannerCodes.graphNotJson, { expected: document.expected, found }, { at })] };
  }
  const reader: Reader = { source, diagnostics };
  const file = document.kind === "object" ? readGraph(reader, document) : wrongKind(reader, document, "the file", "graph", "an object");
  return { file: hasErrors(diagnostics) ? undefined : file, diagnostics };
}

interface Reader {
  readonly source: SourceFile;
  readonly diagnostics: Diagnostic[];
}

interface RawNode {
  readonly id: number;
  readonly place: JsonObject;
  readonly isBackward: boolean;
  readonly color: string | null;
  readonly cpuLatency: number;
  readonly acceleratorLatency: number | null;
  readonly bytes: number;
}

interface RawEdge {
  readonly from: number;
  readonly to: number;
  readonly cost: number;
  readonly place: JsonObject;
}

function readGraph(reader: Reader, document: JsonObject): CostGraphFile | undefined {
  const memoryBytes = readNumber(reader, document, "the graph", "maxSizePerFPGA");
  const accelerators = readCount(reader, document, "the graph", "maxFPGAs");
  const cpus = readCount(reader, document, "the graph", "maxCPUs");
  const nodes = objectsOf(reader, readArray(reader, document, "nodes"), "node").flatMap(([place, where]) => readNode(reader, place, where) ?? []);
  const indexOf = checkIds(reader, nodes);
  const edges = objectsOf(reader, readArray(reader, document, "edges"), "edge").flatMap(([place, where]) => readEdge(reader, place, where, indexOf) ?? []);
  if (hasErrors(reader.diagnostics)) return undefined;
  const order = orderOf(reader, nodes, edges);
  checkCycles(reader, nodes, edges);
  const graph: CostGraph = {
    kinds: [
      { name: "accelerator", count: accelerators ?? 0, memoryBytes: memoryBytes ?? 0 },
      { name: "CPU", count: cpus ?? 0, memoryBytes: Infinity },
    ],
    modes: [
      { name: "accelerator", kind: 0, degree: 1, replicasMax: 1 },
      { name: "CPU", kind: 1, degree: 1, replicasMax: 1 },
    ],
    nodes: nodes.map(toCostNode),
    transfers: transfersOf(reader, nodes, edges),
    sharedWeights: [],
    order,
  };
  return { graph, ids: nodes.map((node) => node.id) };
}

function toCostNode(node: RawNode): CostNode {
  return { name: String(node.id), times: [node.acceleratorLatency, node.cpuLatency], bytes: [node.bytes, 0], color: node.color };
}

function readNode(reader: Reader, place: JsonObject, position: string): RawNode | undefined {
  const id = readInteger(reader, place, position, "id");
  if (id === undefined) return undefined;
  const where = `node ${id}`;
  const supported = readFlag(reader, place, where, "supportedOnFpga");
  const cpuLatency = readNumber(reader, place, where, "cpuLatency");
  const latency = readNumber(reader, place, where, "fpgaLatency");
  const isBackward = readFlag(reader, place, where, "isBackwardNode");
  const bytes = place.members.has("size") ? readNumber(reader, place, where, "size") : 0;
  const color = place.members.has("colorClass") ? readInteger(reader, place, where, "colorClass") : null;
  if (supported === undefined || cpuLatency === undefined || latency === undefined || isBackward === undefined) return undefined;
  if (bytes === undefined || color === undefined) return undefined;
  return { id, place, isBackward, color: color === null ? null : String(color), cpuLatency, acceleratorLatency: supported ? latency : null, bytes };
}

function readEdge(reader: Reader, place: JsonObject, where: string, indexOf: ReadonlyMap<number, number>): RawEdge | undefined {
  const from = readEnd(reader, place, where, "sourceId", indexOf);
  const to = readEnd(reader, place, where, "destId", indexOf);
  const cost = readNumber(reader, place, where, "cost");
  return from === undefined || to === undefined || cost === undefined ? undefined : { from, to, cost, place };
}

function readEnd(reader: Reader, place: JsonObject, where: string, field: string, indexOf: ReadonlyMap<number, number>): number | undefined {
  const id = readInteger(reader, place, where, field);
  if (id === undefined) return undefined;
  const index = indexOf.get(id);
  if (index === undefined) {
    const at = spanOf(reader.source, place.members.get(field) ?? place);
    reader.diagnostics.push(report(plannerCodes.graphUnknownNode, { id, field }, { at }));
  }
  return index;
}

function checkIds(reader: Reader, nodes: readonly RawNode[]): Map<number, number> {
  const indexOf = new Map<number, number>();
  for (const [index, { id, place }] of nodes.entries()) {
    const first = indexOf.get(id);
    if (first === undefined) indexOf.set(id, index);
    else {
      const others = [{ span: spanOf(reader.source, nodes[first]?.place ?? place), text: "the first" }];
      reader.diagnostics.push(report(plannerCodes.graphDuplicate, { id }, { at: spanOf(reader.source, place), others }));
    }
  }
  return indexOf;
}

/** One transfer for each node with edges out; an edge of a node to itself moves nothing. */
function transfersOf(reader: Reader, nodes: readonly RawNode[], edges: readonly RawEdge[]): Transfer[] {
  const byProducer = new Map<number, RawEdge[]>();
  for (const edge of edges) {
    const group = byProducer.get(edge.from);
    if (group === undefined) byProducer.set(edge.from, [edge]);
    else group.push(edge);
  }
  return [...byProducer].map(([from, group]) => {
    const first = group[0]?.cost ?? 0;
    // Costs that were computed apart may differ in their last digits.
    const other = group.find((edge) => Math.abs(edge.cost - first) > 1e-9 * Math.max(edge.cost, first));
    if (other !== undefined) {
      const others = [{ span: spanOf(reader.source, group[0]?.place ?? other.place), text: `${first} here` }];
      const params = { id: nodes[from]?.id ?? 0, first, second: other.cost };
      const reason = "they all carry the one value that the node produces";
      reader.diagnostics.push(report(plannerCodes.graphEdgeCosts, params, { at: spanOf(reader.source, other.place), others, reason }));
    }
    return { from, to: group.map((edge) => edge.to), costs: [Math.max(...group.map((edge) => edge.cost)), 0] };
  });
}

function orderOf(reader: Reader, nodes: readonly RawNode[], edges: readonly RawEdge[]): (readonly [number, number])[] {
  const forwardColors = new Set(nodes.flatMap((node) => (node.isBackward || node.color === null ? [] : [node.color])));
  const isOrphan = (node: RawNode | undefined): boolean => node?.isBackward === true && !(node.color !== null && forwardColors.has(node.color));
  return edges.flatMap((edge): (readonly [number, number])[] => {
    const from = nodes[edge.from];
    const to = nodes[edge.to];
    if (from?.isBackward !== true) return to?.isBackward === true ? [] : [[edge.from, edge.to]];
    if (to?.isBackward === true) return isOrphan(from) || isOrphan(to) ? [[edge.to, edge.from]] : [];
    const params = { from: from.id, to: to?.id ?? 0 };
    reader.diagnostics.push(report(plannerCodes.graphBackwardEdge, params, { at: spanOf(reader.source, edge.place) }));
    return [];
  });
}

/** Reports one cycle, if there is any. */
function checkCycles(reader: Reader, nodes: readonly RawNode[], edges: readonly RawEdge[]): void {
  const waiting = nodes.map(() => 0);
  const out: number[][] = nodes.map(() => []);
  for (const { from, to } of edges) {
    waiting[to] = (waiting[to] ?? 0) + 1;
    out[from]?.push(to);
  }
  const ready = waiting.flatMap((count, node) => (count === 0 ? [node] : []));
  for (let node = ready.pop(); node !== undefined; node = ready.pop()) {
    for (const to of out[node] ?? []) {
      waiting[to] = (waiting[to] ?? 0) - 1;
      if (waiting[to] === 0) ready.push(to);
    }
  }
  // Every node still waiting has a predecessor that waits, so walking back runs into a cycle.
  const start = waiting.findIndex((count) => count > 0);
  if (start === -1) return;
  const before = new Map(edges.filter(({ from, to }) => (waiting[from] ?? 0) > 0 && (waiting[to] ?? 0) > 0).map((edge) => [edge.to, edge]));
  const path: number[] = [];
  let node = start;
  for (; !path.includes(node); node = before.get(node)?.from ?? start) path.push(node);
  const cycle = [...path.slice(path.indexOf(node)), node].reverse();
  const names = cycle.map((of) => String(nodes[of]?.id ?? ""));
  const shown = names.length > 8 ? [...names.slice(0, 6), "...", names.at(-1) ?? ""] : names;
  const place = before.get(node)?.place ?? nodes[node]?.place;
  if (place !== undefined) reader.diagnostics.push(report(plannerCodes.graphCycle, { path: shown.join(" -> ") }, { at: spanOf(reader.source, place) }));
}

function objectsOf(reader: Reader, array: JsonArray | undefined, what: string): [JsonObject, string][] {
  return (array?.items ?? []).flatMap((item, index): [JsonObject, string][] => {
    if (item.kind === "object") return [[item, `${what} number ${index + 1}`]];
    wrongKind(reader, item, `${what} number ${index + 1}`, what, "an object");
    return [];
  });
}

function readArray(reader: Reader, object: JsonObject, field: string): JsonArray | undefined {
  const value = readField(reader, object, "the graph", field);
  if (value === undefined || value.kind === "array") return value;
  return wrongKind(reader, value, "the graph", field, "an array");
}

function readNumber(reader: Reader, object: JsonObject, where: string, field: string): number | undefined {
  const value = readField(reader, object, where, field);
  if (value === undefined) return undefined;
  const number = value.kind === "scalar" ? value.value : undefined;
  // The limit keeps sums finite.
  if (typeof number === "number" && number >= 0 && number <= 1e200) return number;
  return wrongKind(reader, value, where, field, "a number from 0 to 1e200");
}

function readInteger(reader: Reader, object: JsonObject, where: string, field: string): number | undefined {
  const value = readField(reader, object, where, field);
  if (value === undefined) return undefined;
  const number = value.kind === "scalar" ? value.value : undefined;
  return typeof number === "number" && Number.isSafeInteger(number) ? number : wrongKind(reader, value, where, field, "an integer");
}

const devicesMax = 1_000_000;

function readCount(reader: Reader, object: JsonObject, where: string, field: string): number | undefined {
  const value = readField(reader, object, where, field);
  if (value === undefined) return undefined;
  const number = value.kind === "scalar" ? value.value : undefined;
  if (typeof number === "number" && Number.isInteger(number) && number >= 0 && number <= devicesMax) return number;
  return wrongKind(reader, value, where, field, `an integer from 0 to ${devicesMax}`);
}

function readFlag(reader: Reader, object: JsonObject, where: string, field: string): boolean | undefined {
  const value = readField(reader, object, where, field);
  if (value === undefined) return undefined;
  const flag = value.kind === "scalar" ? value.value : undefined;
  if (flag === true || flag === 1) return true;
  if (flag === false || flag === 0) return false;
  return wrongKind(reader, value, where, field, "true, false, 1 or 0");
}

function readField(reader: Reader, object: JsonObject, where: string, field: string): JsonValue | undefined {
  const value = object.members.get(field);
  if (value === undefined) reader.diagnostics.push(report(plannerCodes.graphMissing, { where, field }, { at: spanOf(reader.source, object) }));
  return value;
}

function wrongKind(reader: Reader, value: JsonValue, where: string, field: string, expected: string): undefined {
  reader.diagnostics.push(report(plannerCodes.graphValue, { where, field, expected }, { at: spanOf(reader.source, value) }));
  return undefined;
}

function spanOf(source: SourceFile, { start, end }: { readonly start: number; readonly end: number }): Span {
  return { file: source.path, start, end: Math.min(end, source.text.length) };
}
