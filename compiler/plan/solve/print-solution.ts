/** A solved cost graph for people (a table) and for programs (JSON), in the ids of the file it was read from. */
import type { Solution, SolvedStage } from "./cost-graph.ts";
import type { CostGraphFile } from "./read-cost-graph.ts";
import { roundTo12Digits } from "./solve-partition.ts";
import { stageBytes, stageLoad } from "./verify-assignment.ts";

export interface SolutionJson {
  readonly period: number;
  readonly lowerBound: number;
  readonly optimal: boolean;
  /** In an order in which data only flows forward. */
  readonly assignment: readonly StageJson[];
}

export interface StageJson {
  /** "accelerator" or "CPU", and which one of them, from 1. */
  readonly device: string;
  readonly index: number;
  readonly load: number;
  readonly bytes: number;
  /** Ids, ascending. */
  readonly nodes: readonly number[];
}

/** The solution as plain data. */
export function solutionToJson(file: CostGraphFile, solution: Solution): SolutionJson {
  const seen = file.graph.kinds.map(() => 0);
  const assignment = solution.assignment.map((stage) => stageToJson(file, stage, seen));
  return { period: solution.period, lowerBound: solution.lowerBound, optimal: solution.optimal, assignment };
}

/** `seen` counts the devices of each kind handed out so far. */
function stageToJson({ graph, ids }: CostGraphFile, stage: SolvedStage, seen: number[]): StageJson {
  const kind = graph.modes[stage.mode]?.kind ?? 0;
  seen[kind] = (seen[kind] ?? 0) + 1;
  return {
    device: graph.kinds[kind]?.name ?? "",
    index: seen[kind] ?? 0,
    load: roundTo12Digits(stageLoad(graph, stage) / stage.replicas),
    bytes: stageBytes(graph, stage),
    nodes: stage.nodes.map((node) => ids[node] ?? 0).sort((a, b) => a - b),
  };
}

/** The solution as a table, ending with a line end. */
export function printSolution(file: CostGraphFile, solution: Solution): string {
  const { assignment } = solutionToJson(file, solution);
  const { kinds } = file.graph;
  const gap = solution.period === 0 ? 0 : 1 - solution.lowerBound / solution.period;
  const used = kinds.map((kind) => `${assignment.filter((stage) => stage.device === kind.name).length} of ${plural(kind.count, kind.name)}`);
  const facts = [
    ["period", `${solution.period}`],
    ["lower bound", solution.optimal ? `${solution.lowerBound} (proved optimal)` : `${solution.lowerBound} (gap ${percent(gap)}: not proved optimal)`],
    ["devices", used.join(", ")],
    ["searched", effortText(solution)],
  ];
  const rows = [
    ["stage", "device", "nodes", "load", "of period", "memory"],
    ...assignment.map((stage, index) => [
      `${index + 1}`,
      `${stage.device} ${stage.index}`,
      `${stage.nodes.length}`,
      `${Number(stage.load.toPrecision(6))}`,
      solution.period === 0 ? "-" : percent(stage.load / solution.period),
      stage.device === kinds[1]?.name ? "-" : formatBytes(stage.bytes),
    ]),
  ];
  return `${facts.map(([name = "", value = ""]) => `${name.padEnd(13)}${value}`).join("\n")}\n\n${alignTable(rows)}`;
}

function effortText({ effort }: Solution): string {
  const all = effort.complete ? "all " : "";
  return `${count(effort.classes)} groups of nodes, ${all}${count(effort.ideals)} cuts, ${count(effort.steps)} candidate stages`;
}

/** Columns padded to equal width, words to the left and numbers to the right. */
function alignTable(rows: readonly (readonly string[])[]): string {
  const widths = (rows[0] ?? []).map((_, column) => Math.max(...rows.map((row) => (row[column] ?? "").length)));
  const line = (row: readonly string[]): string =>
    row.map((cell, column) => (column === 1 ? cell.padEnd(widths[column] ?? 0) : cell.padStart(widths[column] ?? 0))).join("  ");
  return rows.map((row) => `${line(row).trimEnd()}\n`).join("");
}

function percent(share: number): string {
  return `${(share * 100).toFixed(1)} %`;
}

function count(value: number): string {
  return String(value).replace(/\B(?=(\d{3})+$)/g, ",");
}

function plural(value: number, name: string): string {
  return `${value} ${name}${value === 1 ? "" : "s"}`;
}

function formatBytes(bytes: number): string {
  const units = ["B", "KiB", "MiB", "GiB", "TiB"];
  let value = bytes;
  let unit = 0;
  while (value >= 1024 && unit < units.length - 1) {
    value /= 1024;
    unit += 1;
  }
  return `${unit === 0 ? Math.ceil(value) : value.toFixed(1)} ${units[unit] ?? ""}`;
}
