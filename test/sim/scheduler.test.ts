/** The scheduler under thousands of random graphs in fake time: nothing deadlocks, nothing is lost or done twice. */
import { describe, expect, it } from "vitest";
import { verifyTopology } from "../../runtime/topology/verify-capacities.ts";
import type { StageNode, Topology } from "../../runtime/topology/topology.ts";
import { createRandom } from "../support/random.ts";
import { randomTopology } from "../support/random-topology.ts";
import { simulate } from "../support/simulate-topology.ts";
import { runDrawnGraph, runPlannedGraph } from "./run-graph.ts";

const GRAPHS = 1000;
const PROGRAMS = 1000;

function upTo(count: number): readonly number[] {
  return Array.from({ length: count }, (_, index) => index);
}

describe("the scheduler", () => {
  it.each(["one", "planned"] as const)(`brings ${GRAPHS} random graphs to their end, tickets: %s`, (tickets) => {
    for (let seed = 0; seed < GRAPHS; seed++) expect(runDrawnGraph(seed, tickets), `seed ${seed}`).toBeUndefined();
  });

  it(`brings ${PROGRAMS} random programs to their end, as the compiler plans them and with one ticket`, () => {
    for (let seed = 0; seed < PROGRAMS; seed++) expect(runPlannedGraph(seed), `seed ${seed}`).toBeUndefined();
  });

  it("lets through exactly the tickets' chunks where a sink takes nothing", () => {
    for (let seed = 0; seed < 300; seed++) {
      const random = createRandom(seed);
      const topology = randomTopology(random, "planned");
      const chunks = topology.regions.map(() => 50);
      const blocked = new Set(topology.regions.map((region) => region.sinks[0]));
      const result = simulate({ topology, chunks, random, blockedSinks: blocked });
      expect(result.isFinished, `seed ${seed}`).toBe(false);
      topology.regions.forEach((region, id) => expect(result.started[id], `seed ${seed}`).toBe(region.tickets));
    }
  });

  it("stops reading once nothing more can come of it, and finishes what is under way", () => {
    let inOrder = 0;
    for (let seed = 0; seed < 300; seed++) {
      const random = createRandom(seed);
      const topology = randomTopology(random, "planned");
      const chunks = topology.regions.map(() => 400);
      // Every stage that a source feeds gives up at once: no way on is left unless the source has a sink of its own.
      const fed = topology.stages.filter((stage) => stage.ins.some((edge) => topology.stages[topology.edges[edge].fromStage].isSource));
      const isDead = topology.regions.map((region) => topology.stages[region.source].outs.every((edge) => topology.edges[edge].to.kind === "stage"));
      const result = simulate({ topology, chunks, random, exhaustedAt: new Map(fed.map((stage) => [stage.id, 2])) });
      expect(result.isFinished, `seed ${seed}`).toBe(true);
      expect(result.verifyIdle, `seed ${seed}`).not.toThrow();
      topology.regions.forEach((region, id) => {
        const read = result.done[region.source].length;
        if (isDead[id]) expect(read, `seed ${seed}`).toBeLessThan(150);
        else expect(read, `seed ${seed}`).toBe(400);
        for (const sink of region.sinks) expect(result.taken[sink], `seed ${seed}`).toEqual(upTo(read));
        // Stages that take chunks in order say so with chunk 2, whatever was read ahead by then.
        const isInOrder = fed.every((stage) => stage.region !== id || stage.ordered);
        if (isDead[id] && isInOrder) {
          inOrder++;
          expect(result.needed[id], `seed ${seed}`).toEqual([0, 1, 2]);
        }
        if (!isDead[id]) expect(result.needed[id], `seed ${seed}`).toEqual(upTo(400));
      });
    }
    expect(inOrder).toBeGreaterThan(10);
  });

  const isJoin = ({ ins }: StageNode): boolean => ins.length > 1;
  const meetsParts = (stage: StageNode, topology: Topology): boolean => !stage.takesParts && stage.ins.length === 1 && topology.edges[stage.ins[0]].inParts;

  it.each([["joins", isJoin], ["stages where parts come together", meetsParts]])("deadlocks some %s whose queues do not hold all tickets, which is why such plans are refused", (_what, mustHoldAll) => {
    let deadlocks = 0;
    for (let seed = 0; seed < 1500; seed++) {
      const random = createRandom(seed);
      const topology = randomTopology(random, "planned");
      const short = new Set(topology.stages.filter((stage) => mustHoldAll(stage, topology) && topology.regions[stage.region].tickets > 1).flatMap(({ ins }) => ins));
      if (short.size === 0) continue;
      const starved = { ...topology, edges: topology.edges.map((edge) => (short.has(edge.id) ? { ...edge, capacity: 1 } : edge)) };
      expect(() => verifyTopology(starved), `seed ${seed}`).toThrow(/may have to wait there/);
      if (!simulate({ topology: starved, chunks: topology.regions.map(() => 20), random }).isFinished) deadlocks++;
    }
    expect(deadlocks).toBeGreaterThan(0);
  });
});
