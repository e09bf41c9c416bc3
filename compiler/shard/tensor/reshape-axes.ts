/**
 * Where a divided axis goes when a tensor is reshaped. Shapes are matched in groups of axes with equal products; within
 * a group the division is followed along the flattened group.
 */
import { constantOf, divideDims, equalDims, mulDims, oneDim, productOfDims, type Dim } from "../../../language/tensor/dim.ts";
import { dividesAxis, shard, type ShardState } from "./tensor-state.ts";

/** Axes [from, to) of either shape that hold the same elements. */
export interface AxisGroup {
  readonly before: { readonly from: number; readonly to: number };
  readonly after: { readonly from: number; readonly to: number };
}

/** Matches from the front, then from the back; what is left in between is one group. */
export function axisGroups(before: readonly Dim[], after: readonly Dim[]): readonly AxisGroup[] {
  const front: AxisGroup[] = [];
  let [i, j] = [0, 0];
  for (;;) {
    const found = nextGroup(before, after, i, j);
    if (!found) break;
    front.push({ before: { from: i, to: found[0] }, after: { from: j, to: found[1] } });
    [i, j] = found;
  }
  const back: AxisGroup[] = [];
  let [k, l] = [before.length, after.length];
  for (;;) {
    const [x, y] = [before[k - 1], after[l - 1]];
    if (k <= i || l <= j || !x || !y || !equalDims(x, y)) break;
    back.unshift({ before: { from: k - 1, to: k }, after: { from: l - 1, to: l } });
    k--;
    l--;
  }
  const middle = k > i || l > j ? [{ before: { from: i, to: k }, after: { from: j, to: l } }] : [];
  return [...front, ...middle, ...back];
}

/** The end of the shortest group that begins at these axes. */
function nextGroup(before: readonly Dim[], after: readonly Dim[], i: number, j: number): readonly [number, number] | undefined {
  if (i >= before.length || j >= after.length) return undefined;
  let [a, b] = [before[i] ?? oneDim, after[j] ?? oneDim];
  let [k, l] = [i + 1, j + 1];
  while (!equalDims(a, b)) {
    const growsAfter = divideDims(a, b) !== undefined;
    const growsBefore = divideDims(b, a) !== undefined;
    if (growsAfter && l < after.length) b = mulDims(b, after[l++] ?? oneDim);
    else if (growsBefore && k < before.length) a = mulDims(a, before[k++] ?? oneDim);
    else return undefined;
  }
  return [k, l];
}

/** The division after a reshape; undefined if no single axis has it. */
export function reshapeShard(state: ShardState, before: readonly Dim[], after: readonly Dim[], count: number): ShardState | undefined {
  const group = axisGroups(before, after).find((candidate) => candidate.before.from <= state.axis && state.axis < candidate.before.to);
  if (!group) return undefined;
  const inner = constantProduct(before.slice(state.axis + 1, group.before.to));
  if (inner === undefined) return undefined;
  const runs = state.runs.map((run) => run * inner);
  let innerAfter = 1;
  for (let axis = group.after.to - 1; axis >= group.after.from; axis--) {
    const length = after[axis] ?? oneDim;
    const moved = runs.map((run) => run / innerAfter);
    if (moved.every(Number.isInteger) && dividesAxis(moved, length, count)) return shard(axis, moved);
    const constant = constantOf(length);
    if (constant === undefined) return undefined;
    innerAfter *= Number(constant);
  }
  return undefined;
}

function constantProduct(dims: readonly Dim[]): number | undefined {
  const constant = constantOf(productOfDims(dims));
  return constant === undefined ? undefined : Number(constant);
}
