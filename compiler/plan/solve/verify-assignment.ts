/**
 * Checks a partition against the definition in cost-graph.ts, from the given costs alone: it shares no code with the
 * contraction, the grid or the search. Throws on our own bugs.
 */
import type { CostGraph, SolvedStage } from "./cost-graph.ts";
import { exactSum, exactSumAtMost } from "./exact-sum.ts";

/** Throws unless the assignment is a partition within all limits whose largest period is `period` (relative 1e-9). */
export function verifyAssignment(graph: CostGraph, assignment: readonly SolvedStage[], period: number): void {
  const stageOf = verifyCoverage(graph, assignment);
  verifyOrder(graph, stageOf);
  verifyDevices(graph, assignment);
  for (const [index, stage] of assignment.entries()) verifyMemory(graph, stage, index);
  const measured = Math.max(0, ...assignment.map((stage) => stageLoad(graph, stage) / stage.replicas));
  if (Math.abs(measured - period) > 1e-9 * Math.max(measured, period)) {
    throw new Error(`the partition has a period of ${measured}, not ${period}`);
  }
}

/** The load of a stage (not divided by its replicas): its times and the transfers it cuts, summed exactly. */
export function stageLoad(graph: CostGraph, stage: SolvedStage): number {
  const inside = new Set(stage.nodes);
  const times = stage.nodes.map((node) => {
    const time = graph.nodes[node]?.times[stage.mode];
    if (time === null || time === undefined) throw new Error(`node ${node} cannot run in mode ${stage.mode}`);
    return time;
  });
  const cuts = graph.transfers.filter((transfer) => isCut(transfer.from, transfer.to, inside));
  return exactSum([...times, ...cuts.map((transfer) => transfer.costs[stage.mode] ?? 0)]);
}

/** The bytes a stage needs on each of its devices. */
export function stageBytes(graph: CostGraph, stage: SolvedStage): number {
  return exactSum(stageByteTerms(graph, stage));
}

function stageByteTerms(graph: CostGraph, stage: SolvedStage): number[] {
  const inside = new Set(stage.nodes);
  const shared = graph.sharedWeights.filter((weight) => weight.users.some((user) => inside.has(user)));
  return [...stage.nodes.map((node) => graph.nodes[node]?.bytes[stage.mode] ?? 0), ...shared.map((weight) => weight.bytes[stage.mode] ?? 0)];
}

/** Sends when a consumer is outside, receives when the producer is. */
function isCut(from: number, to: readonly number[], inside: ReadonlySet<number>): boolean {
  return inside.has(from) ? to.some((node) => !inside.has(node)) : to.some((node) => inside.has(node));
}

function verifyCoverage(graph: CostGraph, assignment: readonly SolvedStage[]): number[] {
  const stageOf: number[] = graph.nodes.map(() => -1);
  for (const [index, stage] of assignment.entries()) {
    if (stage.nodes.length === 0) throw new Error(`stage ${index} is empty`);
    for (const node of stage.nodes) {
      if (stageOf[node] !== -1) throw new Error(`node ${node} is in two stages, or in none that exists`);
      stageOf[node] = index;
    }
  }
  const colors = new Map<string, number>();
  for (const [node, stage] of stageOf.entries()) {
    if (stage === -1) throw new Error(`node ${node} is in no stage`);
    const color = graph.nodes[node]?.color ?? null;
    if (color === null) continue;
    if ((colors.get(color) ?? stage) !== stage) throw new Error(`colour ${color} is in two stages`);
    colors.set(color, stage);
  }
  return stageOf;
}

function verifyOrder(graph: CostGraph, stageOf: readonly number[]): void {
  for (const [a, b] of graph.order) {
    if ((stageOf[a] ?? 0) > (stageOf[b] ?? 0)) throw new Error(`node ${a} is in a later stage than node ${b}`);
  }
}

function verifyDevices(graph: CostGraph, assignment: readonly SolvedStage[]): void {
  const used = graph.kinds.map(() => 0);
  for (const stage of assignment) {
    const mode = graph.modes[stage.mode];
    if (mode === undefined) throw new Error(`there is no mode ${stage.mode}`);
    if (stage.replicas < 1 || stage.replicas > mode.replicasMax) throw new Error(`${stage.replicas} replicas in mode ${mode.name}`);
    used[mode.kind] = (used[mode.kind] ?? 0) + stage.replicas * mode.degree;
  }
  for (const [kind, { count, name }] of graph.kinds.entries()) {
    if ((used[kind] ?? 0) > count) throw new Error(`${used[kind] ?? 0} of ${count} devices of kind ${name}`);
  }
}

function verifyMemory(graph: CostGraph, stage: SolvedStage, index: number): void {
  const limit = graph.kinds[graph.modes[stage.mode]?.kind ?? 0]?.memoryBytes ?? 0;
  if (!exactSumAtMost(stageByteTerms(graph, stage), limit)) throw new Error(`stage ${index} needs more than ${limit} bytes`);
}
