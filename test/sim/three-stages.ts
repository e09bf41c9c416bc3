/**
 * The published three-stage workload in fake time: 160 items; produce takes 10 units on a CPU slot and gives 5 frames,
 * consume one unit for each frame on a CPU slot, infer one unit for each frame on one of 4 device slots; 8 CPU slots.
 */
import { BEGINNING } from "../../runtime/contract/stage-parts.ts";
import type { Topology } from "../../runtime/topology/topology.ts";
import { createCheckedDisk } from "./check-files.ts";
import type { LifeReport } from "./engine-life.ts";
import { simulateEngine } from "./simulate-engine.ts";
import type { Work } from "./work.ts";

const ITEMS = 160;
const FRAMES = 5;
const [CPU_SLOTS, DEVICE_SLOTS] = [8, 4];
/** Units that the slots need at least. */
const BOUND_UNITS = (ITEMS * 10 + ITEMS * FRAMES) / CPU_SLOTS;

export interface ThreeStagesOptions {
  readonly unitMs: number;
  /** Devices begin with one worker, others are loaded while the run lasts. */
  readonly isElastic: boolean;
  readonly tickets?: number;
  /** Between what a worker says and what the coordinator answers. */
  readonly delayMs?: number;
  readonly loadMs?: number;
}

export interface ThreeStagesResult {
  /** Time from the first chunk read to the last written, over the least possible. */
  readonly ratio: number;
  readonly life: LifeReport;
}

export async function simulateThreeStages(options: ThreeStagesOptions): Promise<ThreeStagesResult> {
  const { unitMs, isElastic, tickets = 2 * (CPU_SLOTS + CPU_SLOTS + DEVICE_SLOTS), delayMs = 0.1, loadMs = 100 } = options;
  const stage = { mayWait: false, ordered: false, isSource: false, takesParts: false, cutsParts: false, region: 0 };
  const fixed = (replicas: number) => ({ replicas, replicasMin: replicas, replicasMax: replicas });
  const range = { replicas: isElastic ? 1 : DEVICE_SLOTS, replicasMin: isElastic ? 1 : DEVICE_SLOTS, replicasMax: DEVICE_SLOTS };
  const topology: Topology = {
    cores: CPU_SLOTS,
    stages: [
      { ...stage, id: 0, label: "items", ...fixed(1), cores: 0, ordered: true, isSource: true, ins: [], outs: [0] },
      { ...stage, id: 1, label: "produce", ...fixed(CPU_SLOTS), cores: 1, cutsParts: true, ins: [0], outs: [1] },
      { ...stage, id: 2, label: "consume", ...fixed(CPU_SLOTS), cores: 1, takesParts: true, ins: [1], outs: [2] },
      { ...stage, id: 3, label: "infer", ...range, cores: 0, takesParts: true, ins: [2], outs: [3] },
    ],
    edges: [
      { id: 0, fromStage: 0, to: { kind: "stage", stage: 1 }, capacity: 2 * CPU_SLOTS, bytesMax: Infinity, holdsTickets: false, inParts: false },
      { id: 1, fromStage: 1, to: { kind: "stage", stage: 2 }, capacity: 4 * CPU_SLOTS * FRAMES, bytesMax: Infinity, holdsTickets: false, inParts: true },
      { id: 2, fromStage: 2, to: { kind: "stage", stage: 3 }, capacity: (2 * CPU_SLOTS + 2 * DEVICE_SLOTS) * FRAMES, bytesMax: Infinity, holdsTickets: false, inParts: true },
      { id: 3, fromStage: 3, to: { kind: "sink", sink: 0 }, capacity: tickets, bytesMax: Infinity, holdsTickets: true, inParts: true },
    ],
    sinks: [{ id: 0, edge: 3, region: 0 }],
    regions: [{ id: 0, source: 0, tickets, groupChunks: ITEMS, sinks: [0] }],
  };
  const unitsOf = (id: number, part: number): number => (id === 1 ? (part === BEGINNING ? 10 : 0) : id === 0 ? 0 : 1);
  const work: Work = {
    topology,
    chunks: [ITEMS],
    serviceMs: (id, _item, part) => unitsOf(id, part) * unitMs,
    parts: () => FRAMES,
    sinkMs: () => 0.1,
    bytes: () => 1,
    loadMs: () => loadMs,
    commitMs: 1,
    delayMs: () => delayMs,
    batches: FRAMES,
    replicaBytes: 1,
    memoryBytes: Infinity,
    poison: [],
    isolatable: new Set(),
  };
  const life = await simulateEngine({ work, tickets, isolated: new Set(), disk: createCheckedDisk(), count: 0, startMs: -loadMs, faults: [], integer: () => 0 });
  return { ratio: life.endMs / (BOUND_UNITS * unitMs), life };
}
