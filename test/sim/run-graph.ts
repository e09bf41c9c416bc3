/** Graphs that must come to their end whatever the timing: by hand at random, and random programs as the compiler plans them. */
import { verifyTopology } from "../../runtime/topology/verify-capacities.ts";
import type { Topology } from "../../runtime/topology/topology.ts";
import { chunkLoads, plannedGraph, topologyOf } from "../support/planned-graph.ts";
import type { ChunkLoad } from "../support/planned-graph.ts";
import { createRandom } from "../support/random.ts";
import type { Random } from "../support/random.ts";
import { randomTopology } from "../support/random-topology.ts";
import { simulate } from "../support/simulate-topology.ts";

const CHUNKS_MAX = 20;

export type Tickets = "one" | "planned";

interface Trial {
  readonly topology: Topology;
  readonly chunks: readonly number[];
  readonly random: Random;
  readonly load?: ChunkLoad;
}

/** What went wrong with the seed's graph, if anything. */
export function runDrawnGraph(seed: number, tickets: Tickets): string | undefined {
  const random = createRandom(seed);
  const topology = randomTopology(random, tickets);
  verifyTopology(topology);
  return complaint({ topology, random, chunks: topology.regions.map(() => random.integer(CHUNKS_MAX)) });
}

/** What went wrong with the seed's program, if anything: once with one ticket and once with those of its plan. */
export function runPlannedGraph(seed: number): string | undefined {
  const random = createRandom(seed);
  const graph = plannedGraph(random);
  const load = chunkLoads(graph, random);
  for (const tickets of ["one", "planned"] as const) {
    const topology = topologyOf(graph, random, tickets);
    const wrong = complaint({ topology, random, load, chunks: topology.regions.map(() => random.integer(CHUNKS_MAX)) });
    if (wrong !== undefined) return `${wrong} (tickets: ${tickets})\n${graph.text}`;
  }
  return undefined;
}

function complaint(trial: Trial): string | undefined {
  const { topology, chunks } = trial;
  const result = simulate(trial);
  const everything = topology.regions.map((_, region) => Array.from({ length: chunks[region] }, (_, chunk) => chunk).join());
  if (!result.isFinished) return "nothing moves any more";
  for (const sink of topology.sinks) if (result.taken[sink.id].join() !== everything[sink.region]) return `sink ${sink.id} took ${result.taken[sink.id].join()}`;
  for (const stage of topology.stages) {
    const done = result.done[stage.id];
    const inOrder = stage.ordered ? done : [...done].sort((a, b) => a - b);
    if (inOrder.join() !== everything[stage.region]) return `${stage.label} did ${done.join()}`;
  }
  for (const { id, tickets } of topology.regions) {
    if (result.completed[id].join() !== everything[id]) return `chunks ${result.completed[id].join()} of region ${id} were completed`;
    if (result.mostInFlight[id] > tickets) return `${result.mostInFlight[id]} chunks were under way in region ${id}, it has ${tickets} tickets`;
  }
  result.verifyIdle();
  return undefined;
}
