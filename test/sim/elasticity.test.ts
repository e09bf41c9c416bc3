/** Elasticity in fake time, over stages whose chunks take noisy times: it finds its workers, and then leaves them alone. */
import { expect, it } from "vitest";
import type { StageNode, Topology } from "../../runtime/topology/topology.ts";
import { createRandom } from "../support/random.ts";
import { createCheckedDisk } from "./check-files.ts";
import type { LifeReport } from "./engine-life.ts";
import { simulateEngine } from "./simulate-engine.ts";
import type { Work } from "./work.ts";

const CHUNKS = 400;
const NOISE = 0.4;
const SEEDS = 30;

/** One after the other, each on devices of its own, with up to four workers. */
function chain(seed: number, isElastic: boolean): Work {
  const random = createRandom(seed);
  const count = 2 + random.integer(3);
  const services = Array.from({ length: count }, () => 5 + random.integer(50));
  const most = Array.from({ length: count }, () => 1 + random.integer(4));
  const noise = Array.from({ length: 211 }, () => 1 - NOISE + (random.integer(1000) / 1000) * 2 * NOISE);
  const node = (id: number): StageNode => {
    const replicasMax = most[id - 1] ?? 1;
    const replicas = isElastic ? 1 : replicasMax;
    return { id, label: `stage ${id}`, replicas, replicasMin: isElastic ? 1 : replicasMax, replicasMax, cores: 0, mayWait: id !== 0, ordered: id === 0, isSource: id === 0, takesParts: false, cutsParts: false, ins: id === 0 ? [] : [id - 1], outs: [id], region: 0 };
  };
  const tickets = 12 + 4 * count;
  const topology: Topology = {
    cores: 2,
    stages: Array.from({ length: count + 1 }, (_, id) => node(id)),
    edges: Array.from({ length: count + 1 }, (_, id) => ({ id, fromStage: id, to: id === count ? ({ kind: "sink", sink: 0 } as const) : ({ kind: "stage", stage: id + 1 } as const), capacity: id === count ? tickets : 2 * (most[id] + (most[id - 1] ?? 1)), bytesMax: Infinity, holdsTickets: id === count, inParts: false })),
    sinks: [{ id: 0, edge: count, region: 0 }],
    regions: [{ id: 0, source: 0, tickets, groupChunks: 10, sinks: [0] }],
  };
  const loadMs = 20 + random.integer(200);
  return {
    topology,
    chunks: [CHUNKS],
    serviceMs: (stage, chunk) => (stage === 0 ? 0.5 : services[stage - 1] * noise[(stage * 53 + chunk * 17) % noise.length]),
    parts: () => 1,
    sinkMs: () => 0.1,
    bytes: () => 1,
    loadMs: () => loadMs,
    commitMs: 1,
    delayMs: () => 0.1,
    batches: 4,
    replicaBytes: 1,
    memoryBytes: Infinity,
    poison: [],
    isolatable: new Set(),
  };
}

function run(work: Work): Promise<LifeReport> {
  return simulateEngine({ work, tickets: 1000, isolated: new Set(), disk: createCheckedDisk(), count: 0, startMs: 0, faults: [], integer: () => 0 });
}

it("comes near to what all workers from the start would do, in few steps, and never turns back", async () => {
  const slower: number[] = [];
  for (let seed = 0; seed < SEEDS; seed++) {
    const [elastic, full] = [await run(chain(seed, true)), await run(chain(seed, false))];
    expect([elastic.end.kind, full.end.kind], `seed ${seed}`).toEqual(["finished", "finished"]);
    const changes = elastic.decisions.filter(({ from, to }) => from !== to);
    expect(changes.filter(({ from, to }) => to < from), `seed ${seed}`).toEqual([]);
    for (const { id } of chain(seed, true).topology.stages) expect(changes.filter(({ stage }) => stage === id).length, `seed ${seed}, stage ${id}`).toBeLessThanOrEqual(3);
    slower.push(elastic.endMs / full.endMs);
  }
  // Loading while rows wait costs something; deciding too late or too little would cost far more.
  expect(slower.reduce((sum, one) => sum + one, 0) / SEEDS).toBeLessThan(1.06);
  expect(Math.max(...slower)).toBeLessThan(1.35);
});
