/**
 * The cheapest set of vertices that parts sources from targets in a directed graph, by maximum flow (Dinic) over split
 * vertices. Of several cheapest sets it gives the one nearest to the targets.
 */

export interface CutProblem {
  /**
   * Cost of taking each vertex into the cut: an integer, `uncuttable` where it should not be, Infinity where it cannot be
   * (no source may be of that kind).
   */
  readonly costs: readonly number[];
  readonly arcs: readonly (readonly [from: number, to: number])[];
  readonly sources: readonly number[];
  readonly targets: readonly number[];
}

/** A vertex to be cut only where nothing else parts sources from targets. Costs of all others must add up to less. */
export const uncuttable = 2 ** 52;

/** Indices of the cut, ascending. */
export function minVertexCut(problem: CutProblem): readonly number[] {
  const count = problem.costs.length;
  const source = 2 * count;
  const target = source + 1;
  const network = createNetwork(target + 1);
  problem.costs.forEach((cost, vertex) => network.add(2 * vertex, 2 * vertex + 1, cost));
  for (const [from, to] of problem.arcs) network.add(2 * from + 1, 2 * to, Infinity);
  for (const vertex of problem.sources) network.add(source, 2 * vertex, Infinity);
  for (const vertex of problem.targets) network.add(2 * vertex + 1, target, Infinity);
  network.maximise(source, target);
  const reaching = network.reaching(target);
  return problem.costs.flatMap((_, vertex) => (!reaching.has(2 * vertex) && reaching.has(2 * vertex + 1) ? [vertex] : []));
}

interface Network {
  add(from: number, to: number, capacity: number): void;
  maximise(source: number, target: number): void;
  /** Vertices from which the target can still be reached. */
  reaching(target: number): ReadonlySet<number>;
}

/** Arcs lie in pairs: `arc ^ 1` is the reverse of `arc`. */
function createNetwork(size: number): Network {
  const head: number[] = [];
  const left: number[] = [];
  const outgoing = Array.from({ length: size }, (): number[] => []);

  function levelsFrom(source: number): Int32Array {
    const levels = new Int32Array(size).fill(-1);
    levels[source] = 0;
    const queue = [source];
    for (const vertex of queue) {
      for (const arc of outgoing[vertex] ?? []) {
        const next = head[arc] ?? 0;
        if ((left[arc] ?? 0) === 0 || levels[next] !== -1) continue;
        levels[next] = (levels[vertex] ?? 0) + 1;
        queue.push(next);
      }
    }
    return levels;
  }

  /** One augmenting path along the levels; false if there is none. Without recursion: paths may be long. */
  function augment(source: number, target: number, levels: Int32Array, tried: Int32Array): boolean {
    const path: number[] = [];
    let vertex = source;
    while (vertex !== target) {
      const arc = outgoing[vertex]?.[tried[vertex] ?? 0];
      if (arc === undefined) {
        const back = path.pop();
        if (back === undefined) return false;
        vertex = head[back ^ 1] ?? source;
        tried[vertex] = (tried[vertex] ?? 0) + 1;
        continue;
      }
      const next = head[arc] ?? 0;
      if ((left[arc] ?? 0) > 0 && levels[next] === (levels[vertex] ?? 0) + 1) {
        path.push(arc);
        vertex = next;
      } else tried[vertex] = (tried[vertex] ?? 0) + 1;
    }
    const flow = path.reduce((least, arc) => Math.min(least, left[arc] ?? 0), Infinity);
    for (const arc of path) {
      left[arc] = (left[arc] ?? 0) - flow;
      left[arc ^ 1] = (left[arc ^ 1] ?? 0) + flow;
    }
    return true;
  }

  return {
    add(from, to, capacity) {
      outgoing[from]?.push(head.length);
      head.push(to);
      left.push(capacity);
      outgoing[to]?.push(head.length);
      head.push(from);
      left.push(0);
    },
    maximise(source, target) {
      for (let levels = levelsFrom(source); levels[target] !== -1; levels = levelsFrom(source)) {
        const tried = new Int32Array(size);
        while (augment(source, target, levels, tried));
      }
    },
    reaching(target) {
      const found = new Set([target]);
      for (const vertex of found) {
        for (const arc of outgoing[vertex] ?? []) if ((left[arc ^ 1] ?? 0) > 0) found.add(head[arc] ?? 0);
      }
      return found;
    },
  };
}
