/**
 * A few topological orders of an instance's classes, unlike each other, along whose prefixes a graph too wide for all its
 * ideals is cut.
 */
import type { Instance } from "./instance.ts";

/** Distinct orders, each a permutation of the classes in which every class follows its predecessors. */
export function topologicalOrders(instance: Instance): number[][] {
  const { preds, succs } = instance;
  const orders = [
    listOrder(preds, succs, "first in"),
    listOrder(preds, succs, "last in"),
    listOrder(succs, preds, "first in").reverse(),
    listOrder(succs, preds, "last in").reverse(),
    cheapestFirst(instance),
  ];
  const seen = new Set<string>();
  return orders.filter((order) => {
    const key = order.join(" ");
    return !seen.has(key) && seen.add(key);
  });
}

/** Kahn's algorithm with a queue or a stack of the classes that are ready. */
function listOrder(
  preds: readonly (readonly number[])[],
  succs: readonly (readonly number[])[],
  next: "first in" | "last in",
): number[] {
  const waiting = preds.map((of) => of.length);
  const ready = waiting.flatMap((count, c) => (count === 0 ? [c] : []));
  const order: number[] = [];
  for (let head = 0; order.length < preds.length; ) {
    const c = (next === "first in" ? ready[head++] : ready.pop()) ?? 0;
    order.push(c);
    for (const succ of succs[c] ?? []) if (--waiting[succ] === 0) ready.push(succ);
  }
  return order;
}

/** Takes the ready class that leaves the fewest costs open between what is done and what is not. */
function cheapestFirst(instance: Instance): number[] {
  const { preds, succs, modes, classNetStart, classNets, netEnds, netCosts } = instance;
  const waiting = preds.map((of) => of.length);
  const ready = new Set(waiting.flatMap((count, c) => (count === 0 ? [c] : [])));
  const done = new Int32Array(netEnds.length);
  const opens = (c: number): number => {
    let change = 0;
    for (let at = classNetStart[c]; at < classNetStart[c + 1]; at++) {
      const net = classNets[at];
      if (done[net] === 0) change += netCosts[net * modes];
      if (done[net] + 1 === netEnds[net]) change -= netCosts[net * modes];
    }
    return change;
  };
  const order: number[] = [];
  while (ready.size > 0) {
    let chosen = -1;
    let least = Infinity;
    for (const c of ready) {
      const change = opens(c);
      if (change < least || (change === least && c < chosen)) [chosen, least] = [c, change];
    }
    ready.delete(chosen);
    order.push(chosen);
    for (let at = classNetStart[chosen]; at < classNetStart[chosen + 1]; at++) done[classNets[at]] += 1;
    for (const succ of succs[chosen] ?? []) if (--waiting[succ] === 0) ready.add(succ);
  }
  return order;
}
