import { describe, expect, it } from "vitest";
import { minVertexCut, uncuttable, type CutProblem } from "../../../compiler/shard/min-vertex-cut.ts";
import { createRandom, type Random } from "../../support/random.ts";

describe("minVertexCut", () => {
  it("takes the cheapest vertex of a path", () => {
    expect(minVertexCut({ costs: [5, 2, 7], arcs: [[0, 1], [1, 2]], sources: [0], targets: [2] })).toEqual([1]);
  });

  it("takes a vertex that is source and target at once", () => {
    expect(minVertexCut({ costs: [5, 1], arcs: [[0, 1]], sources: [0], targets: [0, 1] })).toEqual([0]);
  });

  it("of two equally cheap cuts takes the one nearer to the targets", () => {
    expect(minVertexCut({ costs: [3, 3], arcs: [[0, 1]], sources: [0], targets: [1] })).toEqual([1]);
  });

  it("one source that stands behind many targets is cheaper than all of them", () => {
    expect(minVertexCut({ costs: [3, 2, 2, 2], arcs: [[0, 1], [0, 2], [0, 3]], sources: [0], targets: [1, 2, 3] })).toEqual([0]);
  });

  it("cuts what should not be cut only where nothing else parts them, and never what cannot be", () => {
    expect(minVertexCut({ costs: [uncuttable, Infinity], arcs: [[0, 1]], sources: [0], targets: [1] })).toEqual([0]);
  });

  it("gives nothing where nothing is connected", () => {
    expect(minVertexCut({ costs: [1, 1], arcs: [], sources: [0], targets: [1] })).toEqual([]);
  });

  it("is as cheap as the best of all subsets on random graphs", () => {
    const random = createRandom(11);
    for (let trial = 0; trial < 300; trial++) {
      const problem = randomProblem(random);
      const cut = minVertexCut(problem);
      expect(parts(problem, new Set(cut))).toBe(true);
      expect(costOf(problem, cut)).toBe(cheapest(problem));
    }
  });
});

function randomProblem(random: Random): CutProblem {
  const count = 2 + random.integer(6);
  const arcs: [number, number][] = [];
  for (let from = 0; from < count; from++) for (let to = from + 1; to < count; to++) if (random.integer(3) === 0) arcs.push([from, to]);
  const some = (): number[] => Array.from({ length: count }, (_, at) => at).filter(() => random.integer(3) === 0);
  return { costs: Array.from({ length: count }, () => 1 + random.integer(9)), arcs, sources: some(), targets: some() };
}

function costOf(problem: CutProblem, cut: Iterable<number>): number {
  return [...cut].reduce((sum, vertex) => sum + (problem.costs[vertex] ?? 0), 0);
}

/** Whether no path leads from a source to a target around the cut. */
function parts({ arcs, sources, targets }: CutProblem, cut: ReadonlySet<number>): boolean {
  const reached = new Set(sources.filter((vertex) => !cut.has(vertex)));
  for (const vertex of reached) for (const [from, to] of arcs) if (from === vertex && !cut.has(to)) reached.add(to);
  return !targets.some((vertex) => reached.has(vertex));
}

function cheapest(problem: CutProblem): number {
  let best = Infinity;
  for (let mask = 0; mask < 2 ** problem.costs.length; mask++) {
    const cut = new Set(problem.costs.flatMap((_, vertex) => ((mask >> vertex) & 1 ? [vertex] : [])));
    if (parts(problem, cut)) best = Math.min(best, costOf(problem, cut));
  }
  return best;
}
