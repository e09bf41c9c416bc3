/** What is found by going through a topology. */
import { expect, it } from "vitest";
import { stagesInOrder } from "../../../runtime/topology/scheduler-state.ts";
import { foldFromSinks, lastNeededChunk } from "../../../runtime/topology/topology.ts";
import type { EdgeNode, StageNode, Topology } from "../../../runtime/topology/topology.ts";

const stage = { region: 0, replicas: 1, replicasMin: 1, replicasMax: 1, cores: 0, mayWait: false, ordered: false, takesParts: false, cutsParts: false };
const edge = { capacity: 1, bytesMax: Infinity, holdsTickets: false, inParts: false };

/** A source, then so many times: two stages beside one another, and one that joins them; then a sink. */
function diamonds(count: number): Topology {
  const links = Array.from({ length: count }, (_, index) => 3 * index).flatMap((fork) => [[fork, fork + 1], [fork, fork + 2], [fork + 1, fork + 3], [fork + 2, fork + 3]]);
  const last = 3 * count;
  const edges: EdgeNode[] = links.map(([from, to], id) => ({ ...edge, id, fromStage: from, to: { kind: "stage", stage: to } }));
  edges.push({ ...edge, id: edges.length, fromStage: last, to: { kind: "sink", sink: 0 } });
  const stages = Array.from({ length: last + 1 }, (_, id): StageNode => ({
    ...stage,
    id,
    label: `stage ${id}`,
    isSource: id === 0,
    ins: edges.filter(({ to }) => to.kind === "stage" && to.stage === id).map((found) => found.id),
    outs: edges.filter(({ fromStage }) => fromStage === id).map((found) => found.id),
  }));
  return { cores: 1, stages, edges, sinks: [{ id: 0, edge: edges.length - 1, region: 0 }], regions: [{ id: 0, source: 0, tickets: 1, groupChunks: 4, sinks: [0] }] };
}

it("asks each stage once, however many ways there are through the graph", () => {
  let asked = 0;
  const ways = foldFromSinks<number>(diamonds(60), (_stage, beyond) => {
    asked++;
    return beyond.reduce((sum: number, way) => sum + (way ?? 1), 0);
  });
  expect([ways(0), asked]).toEqual([2 ** 60, 181]);
});

it("orders stages from the sinks on, and knows which chunks are needed, behind many forks", () => {
  const topology = diamonds(60);
  expect(stagesInOrder(topology).slice(0, 5).map(({ id }) => id)).toEqual([180, 178, 179, 177, 175]);
  expect(lastNeededChunk(topology, new Map([[90, 7], [91, 3]]), 0)).toBe(7);
  expect(lastNeededChunk(topology, new Map([[91, 3]]), 0)).toBe(Infinity);
});
