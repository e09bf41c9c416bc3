/**
 * A contracted graph in typed arrays with integer costs, as the search wants it.
 *
 * Every time and transfer cost is rounded to a multiple of one power of two, `quantum`, chosen so that the sum of all of
 * them is below 2^52. So every load the search forms is an exact integer, the same in whatever order it is summed, and
 * a period found differs from the period of the given costs by at most (nodes + transfers) * quantum / 2, which is
 * below 1e-11 of it for graphs of up to 10,000 nodes and the device counts that go with them.
 *
 * Bytes are rounded up to such a grid (integers stay as they are), limits are not: what fits here fits in truth.
 */
import type { Contraction } from "./contract-graph.ts";
import type { CostGraph } from "./cost-graph.ts";
import { exactSum, exponentOf, scaleByPowerOfTwo } from "./exact-sum.ts";

export interface Instance {
  readonly classes: number;
  readonly modes: number;
  /** Loads are multiples of 2^quantumExponent. */
  readonly quantumExponent: number;
  /** [class * modes + mode], in quanta; 0 where the class cannot run in the mode. */
  readonly times: Float64Array;
  /** Bit m set where the class can run in mode m. */
  readonly runnable: Int32Array;
  readonly bytes: Float64Array;
  /** Nets of class c: classNets[classNetStart[c] .. classNetStart[c + 1]). */
  readonly classNetStart: Int32Array;
  readonly classNets: Int32Array;
  readonly netEnds: Int32Array;
  readonly netCosts: Float64Array;
  /** Shared weights of class c, in the same form. */
  readonly classWeightStart: Int32Array;
  readonly classWeights: Int32Array;
  readonly weightBytes: Float64Array;
  readonly preds: readonly (readonly number[])[];
  readonly succs: readonly (readonly number[])[];
  /** By mode. */
  readonly kindOf: Int32Array;
  readonly degreeOf: Int32Array;
  readonly replicasMax: Int32Array;
  readonly memoryMax: Float64Array;
  /** By kind. */
  readonly deviceCounts: Int32Array;
}

/**
 * The instance of a contraction. `loadMax` is a load no stage of a wanted partition exceeds: larger times are left out
 * and larger transfer costs cut down to just above it, which keeps the grid fine.
 */
export function createInstance(graph: CostGraph, contraction: Contraction, loadMax: number): Instance {
  const modes = graph.modes.length;
  const classTimes = contraction.members.map((group) => graph.modes.map((_, mode) => groupTime(graph, group, mode, loadMax)));
  const quantumExponent = gridExponent(graph, contraction, classTimes, loadMax);
  const toQuanta = (value: number): number => Math.round(scaleByPowerOfTwo(value, -quantumExponent));
  const costCap = loadMax === Infinity ? Infinity : toQuanta(loadMax) + 1;
  const weights = classWeights(graph, contraction);
  const toBytes = byteGrid(graph);
  const netsOf = incidence(contraction.members.length, contraction.nets.map((net) => net.ends));
  const weightsOf = incidence(contraction.members.length, weights.map((weight) => weight.users));
  return {
    classes: contraction.members.length,
    modes,
    quantumExponent,
    times: Float64Array.from(classTimes.flat(), (time) => toQuanta(time ?? 0)),
    runnable: Int32Array.from(classTimes, (times) => times.reduce<number>((mask, time, mode) => (time === null ? mask : mask | (1 << mode)), 0)),
    bytes: Float64Array.from(contraction.members.flatMap((group) => graph.modes.map((_, mode) => toBytes(exactSum(group.map((node) => graph.nodes[node]?.bytes[mode] ?? 0)))))),
    classNetStart: netsOf.start,
    classNets: netsOf.items,
    netEnds: Int32Array.from(contraction.nets, (net) => net.ends.length),
    netCosts: Float64Array.from(contraction.nets.flatMap((net) => net.costs.map((cost) => Math.min(toQuanta(Math.min(cost, loadMax * 2)), costCap)))),
    classWeightStart: weightsOf.start,
    classWeights: weightsOf.items,
    weightBytes: Float64Array.from(weights.flatMap((weight) => weight.bytes.map(toBytes))),
    preds: contraction.preds,
    succs: contraction.succs,
    ...modeArrays(graph),
  };
}

/** A load in quanta in the unit of the graph. */
export function fromQuanta(instance: Instance, quanta: number): number {
  return scaleByPowerOfTwo(quanta, instance.quantumExponent);
}

function groupTime(graph: CostGraph, group: readonly number[], mode: number, loadMax: number): number | null {
  const times = group.map((node) => graph.nodes[node]?.times[mode] ?? null);
  const known = times.filter((time) => time !== null);
  if (known.length < times.length) return null;
  const total = exactSum(known);
  return total > loadMax ? null : total;
}

function gridExponent(graph: CostGraph, contraction: Contraction, times: readonly (readonly (number | null)[])[], loadMax: number): number {
  const totals = graph.modes.map((_, mode) =>
    exactSum([
      ...times.map((of) => of[mode] ?? 0),
      ...contraction.nets.map((net) => Math.min(net.costs[mode] ?? 0, loadMax * 2)),
    ]),
  );
  const total = Math.max(...totals, 0);
  // The halves lost by rounding each term add up to less than the head room of one bit.
  return total === 0 ? 0 : exponentOf(total) + 2 - 52;
}

/** Users by class; a weight that only leaves use cannot matter, or they would not have become leaves. */
function classWeights(graph: CostGraph, contraction: Contraction): { users: number[]; bytes: readonly number[] }[] {
  const classOf = new Map(contraction.members.flatMap((group, c) => group.map((node) => [node, c] as const)));
  return graph.sharedWeights.map((weight) => ({
    users: [...new Set(weight.users.flatMap((user) => classOf.get(user) ?? []))],
    bytes: weight.bytes,
  }));
}

function byteGrid(graph: CostGraph): (bytes: number) => number {
  const totals = graph.modes.map((_, mode) =>
    exactSum([...graph.nodes.map((node) => node.bytes[mode] ?? 0), ...graph.sharedWeights.map((weight) => weight.bytes[mode] ?? 0)]),
  );
  const total = Math.max(...totals, 1);
  const exponent = exponentOf(total) + 2 - 52;
  return (bytes) => scaleByPowerOfTwo(Math.ceil(scaleByPowerOfTwo(bytes, -exponent)), exponent);
}

function incidence(count: number, sets: readonly (readonly number[])[]): { start: Int32Array; items: Int32Array } {
  const of: number[][] = Array.from({ length: count }, () => []);
  for (const [set, ends] of sets.entries()) for (const end of ends) of[end]?.push(set);
  const start = new Int32Array(count + 1);
  for (const [i, items] of of.entries()) start[i + 1] = start[i] + items.length;
  return { start, items: Int32Array.from(of.flat()) };
}

function modeArrays(graph: CostGraph): Pick<Instance, "kindOf" | "degreeOf" | "replicasMax" | "memoryMax" | "deviceCounts"> {
  const countOf = (kind: number): number => graph.kinds[kind]?.count ?? 0;
  return {
    kindOf: Int32Array.from(graph.modes, (mode) => mode.kind),
    degreeOf: Int32Array.from(graph.modes, (mode) => mode.degree),
    replicasMax: Int32Array.from(graph.modes, (mode) => Math.min(mode.replicasMax, Math.floor(countOf(mode.kind) / mode.degree))),
    memoryMax: Float64Array.from(graph.modes, (mode) => graph.kinds[mode.kind]?.memoryBytes ?? 0),
    deviceCounts: Int32Array.from(graph.kinds, (kind) => kind.count),
  };
}
