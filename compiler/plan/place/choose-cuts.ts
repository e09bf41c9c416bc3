/**
 * Where a model may be cut: all places in its order of nodes if they are few, else the cheapest place in each of equally
 * heavy stretches. A value is cut if it is made before the place and used after it; what follows from shapes alone is
 * computed on both sides and costs nothing.
 */
import type { ModelWork } from "../cost/model-work.ts";

export interface Cuts {
  /** Ascending; the first is 0 and the last the number of nodes. */
  readonly positions: readonly number[];
  /** Values that cross each position. At the ends: the model's inputs and outputs. */
  readonly crossing: readonly number[];
  /** Their bytes by point: `bytes[cut][point]`. */
  readonly bytes: readonly (readonly number[])[];
}

export function chooseCuts(work: ModelWork, cutsMax: number): Cuts {
  const { nodes } = work;
  const positions = nodes.length < cutsMax ? [...nodes.keys(), nodes.length] : spacedPositions(work, cutsMax);
  const kept = positions.map((position) => work.values.filter((value) => !value.cloned && value.from < position && value.lastUse >= position));
  return {
    positions,
    crossing: kept.map((values) => values.length),
    bytes: kept.map((values) => work.points.map((_, point) => values.reduce((sum, value) => sum + (value.bytes[point] ?? 0), 0))),
  };
}

/** Stretches of equal weight, where half of the weight is arithmetic and half is memory; the least crossing bytes in each. */
function spacedPositions(work: ModelWork, cutsMax: number): readonly number[] {
  const crossing = crossingBytes(work);
  const heaviness = cumulativeWeight(work);
  const stretches = cutsMax - 2;
  const best: number[] = [];
  for (let position = 1; position < work.nodes.length; position++) {
    const stretch = Math.min(stretches - 1, Math.floor((heaviness[position] ?? 0) * stretches));
    const before = best[stretch];
    if (before === undefined || (crossing[position] ?? 0) < (crossing[before] ?? 0)) best[stretch] = position;
  }
  return [0, ...best.filter((position) => position !== undefined), work.nodes.length];
}

/** At the last point, the largest batch at the longest rows. */
function crossingBytes(work: ModelWork): readonly number[] {
  const change = new Float64Array(work.nodes.length + 2);
  for (const value of work.values) {
    if (value.cloned) continue;
    const bytes = value.bytes.at(-1) ?? 0;
    change[value.from + 1] += bytes;
    change[value.lastUse + 1] -= bytes;
  }
  let sum = 0;
  return Array.from(change.subarray(0, work.nodes.length + 1), (delta) => (sum += delta));
}

/** From 0 to 1, by position. */
function cumulativeWeight(work: ModelWork): readonly number[] {
  const seen = new Set<number>();
  const flops = work.nodes.map((node) => node.flops.at(-1) ?? 0);
  const bytes = work.nodes.map((node) =>
    node.weights.reduce((sum, weight) => (seen.has(weight) ? sum : (seen.add(weight), sum + (work.weights[weight]?.bytes ?? 0))), 0),
  );
  const total = (list: readonly number[]): number => Math.max(1, list.reduce((sum, value) => sum + value, 0));
  const [flopsTotal, bytesTotal] = [total(flops), total(bytes)];
  const weights = work.nodes.map((_, at) => (flops[at] ?? 0) / flopsTotal + (bytes[at] ?? 0) / bytesTotal);
  const all = weights.reduce((sum, weight) => sum + weight, 0) || 1;
  let sum = 0;
  return [0, ...weights.map((weight) => (sum += weight) / all)];
}
