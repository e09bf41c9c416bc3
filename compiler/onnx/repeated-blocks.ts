/**
 * Repeated blocks found from the graph itself: stretches of the node list that come again and again with the same
 * operators, attributes, weight shapes and inner wiring. Needed where names tell nothing: layers that share weights,
 * stripped or optimised models.
 */
import type { Node } from "./model-graph.ts";

/** One block: the nodes from `start` up to, not including, `end` of the list given. */
export interface BlockSpan {
  readonly start: number;
  readonly end: number;
}

/** A run of equal blocks: `count` times `length` nodes. */
interface Repetition {
  readonly start: number;
  readonly length: number;
  readonly count: number;
}

/** What tells the kind of a value that the graph does not compute: an initializer's shape, for instance. */
export type DescribeGiven = (name: string) => string | undefined;

const blockNodesMin = 4;
const nodesMax = 20_000;

/**
 * Finds repetitions in a list of nodes (constants left out, producers before users), longest coverage first and then
 * in what is left on either side; gives their blocks in list order. A neighbour of a run that has the same products by
 * weights in the same order counts too: first layers often compute a shape or a mask on the side.
 * `describeGiven` describes initializers and constants ("f32[768,768]").
 */
export function repeatedBlocks(nodes: readonly Node[], describeGiven: DescribeGiven): readonly BlockSpan[] {
  if (nodes.length > nodesMax) return [];
  const labels = labelNodes(nodes, describeGiven);
  const positions = new Map<string, number>();
  nodes.forEach((node, i) => node.outputs.forEach((name) => name !== "" && positions.set(name, i)));
  const inputs = new Map<string, number>();
  const sourceOf = (name: string): number => {
    const position = positions.get(name);
    if (position !== undefined) return position;
    if (name === "" || describeGiven(name) !== undefined) return given;
    const input = inputs.get(name) ?? -1 - inputs.size;
    inputs.set(name, input);
    return input;
  };
  const sources = nodes.map((node) => node.inputs.map(sourceOf));
  const isMain = nodes.map((node) => node.inputs.some((name) => isMatrix(describeGiven(name))));
  return search(0, nodes.length, blockNodesMin, { nodes, labels, sources, isMain });
}

/** A source that labels describe already. */
const given = Number.MIN_SAFE_INTEGER;

interface Listing {
  readonly nodes: readonly Node[];
  /** Equal numbers for nodes of equal operator, attributes and constant inputs. */
  readonly labels: Int32Array;
  /** By node: the positions that its inputs come from; `given` for constants, other negative numbers for graph inputs. */
  readonly sources: readonly (readonly number[])[];
  /** By node: whether it multiplies by a weight. */
  readonly isMain: readonly boolean[];
}

/** Whether a description is that of a tensor of two or more axes: the weight of a product. */
function isMatrix(description: string | undefined): boolean {
  return description !== undefined && /\[\d+,/.test(description);
}

function labelNodes(nodes: readonly Node[], describeGiven: DescribeGiven): Int32Array {
  const known = new Map<string, number>();
  return Int32Array.from(nodes, (node) => {
    const text = describeNodeKind(node, describeGiven);
    const label = known.get(text) ?? known.size;
    known.set(text, label);
    return label;
  });
}

function describeNodeKind(node: Node, describeGiven: DescribeGiven): string {
  const attributes = [...node.attributes].map(([name, attribute]) => {
    switch (attribute.kind) {
      case "graph": case "graphs": case "tensor": case "tensors": case "sparseTensor": case "sparseTensors":
        return [name, attribute.kind];
      default:
        return [name, attribute.value];
    }
  });
  const inputs = node.inputs.map((name) => (name === "" ? "" : describeGiven(name) ?? "computed"));
  return JSON.stringify([node.domain, node.op, attributes.sort(), inputs]);
}

function search(from: number, to: number, lengthMin: number, listing: Listing): readonly BlockSpan[] {
  const best = bestRepetition(from, to, lengthMin, listing);
  if (!best) return [];
  const spans = mostBlocks(best, from, to, listing);
  // Beside large blocks, small repetitions are details of what did not fit (a first layer's heads, say).
  const restMin = Math.max(lengthMin, Math.ceil(best.length / 2));
  return [...search(from, spans[0]?.start ?? from, restMin, listing), ...spans, ...search(spans.at(-1)?.end ?? to, to, restMin, listing)];
}

/**
 * The blocks of a repetition and its neighbours. Where the first layer differs, the repetition begins in the middle of
 * it; of the places where as few values cross, that one is taken from which the most blocks are found, and of those the largest.
 */
function mostBlocks(repetition: Repetition, from: number, to: number, listing: Listing): readonly BlockSpan[] {
  const { start, length, count } = repetition;
  const end = start + length * count;
  let best = withNeighbours(repetition, from, to, listing);
  if (count < 3) return best;
  const crossing = valuesCrossing(start + length, start, end, listing);
  for (let shift = 1; shift < length; shift++) {
    if (valuesCrossing(start + length + shift, start, end, listing) > crossing) continue;
    const shifted = longestAlike({ start: start + shift, length, count: count - 1 }, listing);
    const spans = shifted ? withNeighbours(shifted, from, to, listing) : [];
    if (spans.length > best.length || (spans.length === best.length && covered(spans) > covered(best))) best = spans;
  }
  return best;
}

function covered(spans: readonly BlockSpan[]): number {
  return spans.reduce((sum, { start, end }) => sum + end - start, 0);
}

/** The blocks of a repetition, and its neighbours on either side as long as the weighted nodes there are the same. */
function withNeighbours({ start, length, count }: Repetition, from: number, to: number, listing: Listing): readonly BlockSpan[] {
  const spans = Array.from({ length: count }, (_, i) => ({ start: start + i * length, end: start + (i + 1) * length }));
  const end = start + length * count;
  const main = mainNodes(start, start + length, listing);
  const [first, last] = [main[0], main.at(-1)];
  if (first === undefined || last === undefined || main.length < mainNodesMin) return spans;
  const alike = (others: readonly number[]): boolean => others.length === main.length && others.every((other, i) => listing.labels[other] === listing.labels[main[i] ?? 0]);
  for (let top = start, before = mainNodes(from, top, listing).slice(-main.length); alike(before); before = mainNodes(from, top, listing).slice(-main.length)) {
    const begin = Math.max(from, (before[0] ?? from) - (first - start));
    spans.unshift({ start: begin, end: top });
    top = begin;
  }
  for (let top = end, after = mainNodes(top, to, listing).slice(0, main.length); alike(after); after = mainNodes(top, to, listing).slice(0, main.length)) {
    const finish = Math.min(to, (after.at(-1) ?? to) + (start + length - last));
    spans.push({ start: top, end: finish });
    top = finish;
  }
  return spans;
}

/** Fewer products by weights than this could match by chance. */
const mainNodesMin = 3;

function mainNodes(from: number, to: number, listing: Listing): readonly number[] {
  const found: number[] = [];
  for (let i = from; i < to; i++) if (listing.isMain[i]) found.push(i);
  return found;
}

/** The repetition within [from, to) that covers most nodes; of equal ones, the shortest block. */
function bestRepetition(from: number, to: number, lengthMin: number, listing: Listing): Repetition | undefined {
  let best: Repetition | undefined;
  let most = 0;
  for (let length = lengthMin; length * 2 <= to - from; length++) {
    let run = 0;
    for (let i = from; i + length <= to; i++) {
      const matches = i + length < to && listing.labels[i] === listing.labels[i + length];
      if (matches) {
        run++;
        continue;
      }
      if (run >= length && run + length > most) {
        const found = settle({ start: i - run, end: i + length, length }, listing);
        if (found && found.count * found.length > most) {
          best = found;
          most = found.count * found.length;
        }
      }
      run = 0;
    }
  }
  return best;
}

/**
 * Chooses where blocks begin within a periodic stretch: of all phases the one that the fewest values cross, the
 * earliest of those; then keeps the equally wired blocks.
 */
function settle(stretch: { readonly start: number; readonly end: number; readonly length: number }, listing: Listing): Repetition | undefined {
  const { start, end, length } = stretch;
  const phases = Math.min(length, end - start - 2 * length + 1);
  let best: { readonly repetition: Repetition; readonly crossing: number } | undefined;
  for (let phase = 0; phase < phases; phase++) {
    const repetition = { start: start + phase, length, count: Math.floor((end - start - phase) / length) };
    const crossing = valuesCrossing(repetition.start + length, start, end, listing);
    if (!best || crossing < best.crossing) best = { repetition, crossing };
  }
  return best && longestAlike(best.repetition, listing);
}

/** How many values made in [start, at) are used in [at, end). */
function valuesCrossing(at: number, start: number, end: number, listing: Listing): number {
  const crossing = new Set<number>();
  for (let user = at; user < end; user++) {
    for (const source of listing.sources[user] ?? []) if (source >= start && source < at) crossing.add(source);
  }
  return crossing.size;
}

/** The longest run of blocks with the same inner wiring. */
function longestAlike(repetition: Repetition, listing: Listing): Repetition | undefined {
  const wirings = Array.from({ length: repetition.count }, (_, i) => wiringOf(repetition.start + i * repetition.length, repetition.length, listing));
  let best = { from: 0, count: 0 };
  for (let from = 0; from < wirings.length; ) {
    let count = 1;
    while (from + count < wirings.length && wirings[from + count] === wirings[from]) count++;
    if (count > best.count) best = { from, count };
    from += count;
  }
  if (best.count < 2) return undefined;
  return { start: repetition.start + best.from * repetition.length, length: repetition.length, count: best.count };
}

/** Where each input comes from: a node of the block by position, or the outside by order of first use. */
function wiringOf(start: number, length: number, listing: Listing): string {
  const outside = new Map<number, number>();
  const wiring: number[] = [];
  for (let i = start; i < start + length; i++) {
    for (const source of listing.sources[i] ?? []) {
      if (source === given) wiring.push(given);
      else if (source >= start) wiring.push(source - start);
      else {
        if (!outside.has(source)) outside.set(source, outside.size);
        wiring.push(-1 - (outside.get(source) ?? 0));
      }
    }
    wiring.push(length);
  }
  return wiring.join(",");
}
