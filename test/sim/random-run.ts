/** A random pipeline with random work and random faults: all from one seed. */
import type { StageNode, Topology } from "../../runtime/topology/topology.ts";
import { createRandom } from "../support/random.ts";
import type { Random } from "../support/random.ts";
import { randomTopology } from "../support/random-topology.ts";
import type { SimulatedRun } from "./simulate-run.ts";
import { MAX_CHUNK_BYTES, faultKinds } from "./work.ts";
import type { Fault, FaultKind, Poison, Work } from "./work.ts";

export interface RandomRunOptions {
  /** "one", or the plan's. */
  readonly tickets: "one" | "planned";
  readonly faultsMax: number;
}

export function randomRun(seed: number, options: RandomRunOptions): SimulatedRun {
  const random = createRandom(seed);
  const isLong = random.integer(8) === 0;
  const drawn = withGroups(randomTopology(random, options.tickets), isLong ? LONG_GROUPS : 1);
  const machine: Machine = isLong ? random.pick(["as drawn", "devices", "cramped"]) : "as drawn";
  const topology = machine === "as drawn" ? drawn : onDevices(drawn, random, machine);
  const chunks = topology.regions.map(() => (machine === "cramped" ? 200 : 0) + random.integer(isLong ? 500 : 40));
  const work = randomWork(random, topology, chunks, machine);
  const faults = randomFaults(random, options.faultsMax);
  const tickets = Math.max(...topology.regions.map((region) => region.tickets));
  return { work, tickets, faults, integer: random.integer };
}

/** Long runs are there for their decisions: with as many groups as the others they would take far longer. */
const LONG_GROUPS = 8;

function withGroups(topology: Topology, factor: number): Topology {
  return { ...topology, regions: topology.regions.map((region) => ({ ...region, groupChunks: region.groupChunks * factor })) };
}

/** Cramped: on devices, where one stage can have another worker only when another stage gives one up. */
type Machine = "as drawn" | "devices" | "cramped";

/** Stages whose workers have devices of their own: at the start as few as may be; cramped, all that may be in some stages, one in others. */
function onDevices(topology: Topology, random: Random, machine: Machine): Topology {
  const workersOf = ({ replicasMin, replicasMax }: StageNode): Pick<StageNode, "replicas" | "replicasMin"> =>
    machine === "cramped" ? { replicas: random.integer(2) === 0 ? replicasMax : 1, replicasMin: 1 } : { replicas: replicasMin, replicasMin };
  return { ...topology, stages: topology.stages.map((stage) => ({ ...stage, cores: 0, ...workersOf(stage) })) };
}

function randomWork(random: Random, topology: Topology, chunks: readonly number[], machine: Machine): Work {
  const base = topology.stages.map(({ isSource }) => 1 + random.integer(isSource ? 6 : 40));
  const drifts = topology.stages.map(() => (random.integer(6) === 0 ? { from: random.integer(200), factor: random.integer(2) === 0 ? 4 : 0.25 } : undefined));
  // The same chunk takes as long again when it is done again.
  const jitter = createRandom(random.integer(2 ** 31));
  const jitters = Array.from({ length: 97 }, () => 0.6 + jitter.integer(800) / 1000);
  const slowestLoadMs = random.pick([20, 300]);
  const loads = topology.stages.map(() => 1 + random.integer(slowestLoadMs));
  const isolatable = new Set(topology.stages.filter(({ isSource }) => !isSource).map(({ id }) => id));
  const replicaBytes = 10;
  const needed = topology.stages.reduce((sum, { replicas }) => sum + replicas, 0) * replicaBytes;
  return {
    topology,
    chunks,
    serviceMs: (stage, chunk) => {
      const drift = drifts[stage];
      const factor = drift !== undefined && chunk >= drift.from ? drift.factor : 1;
      return base[stage] * factor * jitters[(stage * 31 + chunk * 7) % jitters.length];
    },
    parts: (stage, chunk) => 1 + ((stage * 5 + chunk * 3) % 6),
    sinkMs: (sink, chunk) => 1 + jitters[(sink * 13 + chunk * 5) % jitters.length] * 4,
    bytes: (edge, chunk) => (edge * 37 + chunk * 101) % MAX_CHUNK_BYTES,
    loadMs: (stage) => loads[stage],
    commitMs: random.integer(20),
    delayMs: () => random.integer(30) / 10,
    batches: 1 + random.integer(8),
    replicaBytes,
    memoryBytes: machine === "cramped" ? needed : random.integer(3) === 0 ? needed + replicaBytes * random.integer(4) : Infinity,
    poison: randomPoison(random, topology, chunks),
    isolatable,
  };
}

function randomPoison(random: Random, topology: Topology, chunks: readonly number[]): readonly Poison[] {
  const count = random.integer(4) === 0 ? 1 + random.integer(3) : 0;
  return Array.from({ length: count }, (): Poison | undefined => {
    const stage = topology.stages[random.integer(topology.stages.length)];
    if (stage.isSource || chunks[stage.region] === 0) return undefined;
    return { stage: stage.id, chunk: random.integer(chunks[stage.region]), kind: random.pick(["crash", "hang"]) };
  }).filter((poison) => poison !== undefined);
}

const CHANGES_MAX = 40;

function randomFaults(random: Random, most: number): readonly Fault[] {
  const count = random.integer(most + 1);
  const draw = (length: number, kinds: readonly [FaultKind, ...FaultKind[]]): readonly Fault[] => Array.from({ length }, () => ({ atMs: random.integer(random.pick([100, 500, 4000])), kind: random.pick(kinds) }));
  const changes = random.integer(4) === 0 ? draw(random.integer(CHANGES_MAX + 1), ["load", "unload"]) : [];
  return [...draw(count, faultKinds), ...changes].sort((a, b) => a.atMs - b.atMs);
}
