/** What the scheduler knows: stages and their workers, edges, regions, core tokens. Plain data; its parts work on it. */
import type { CoreTokens } from "./core-tokens.ts";
import type { SchedulerCommand } from "./scheduler.ts";
import { foldFromSinks } from "./topology.ts";
import type { EdgeNode, StageNode, Topology } from "./topology.ts";

/**
 * A worker's place in a stage. `opening`: one of those that the run begins with is on its way; chunks are bound to it, and
 * wait for it. `loading`: one more is on its way, and gets nothing before it is there. `retiring`: it gets nothing new, and
 * ends when it has done what is bound to it.
 */
export interface Slot {
  state: "empty" | "opening" | "loading" | "active" | "retiring";
  /** Started and not done. */
  running: number;
  /** Chunks bound and not done. */
  load: number;
  /** Of a stage that takes parts: those promised to it and not done. */
  parts: number;
  /** Counts the workers that had this place before. */
  incarnation: number;
  /** Of a stage that cuts: the chunk that it has begun to give, and is not through with. No other is begun before. */
  open: number | undefined;
}

/** What a worker does at once: a part of a chunk, or all of it (part 0). */
export interface Unit {
  readonly chunk: number;
  readonly part: number;
}

/** The worker that a chunk is bound to, how many in-edges delivered all of it, and the part to start next. */
export interface Bound {
  readonly replica: number;
  arrived: number;
  next: number;
}

/** What is gone through after every event: lists as short as places and workers are few, edges looked up once. */
export interface StageState {
  readonly slots: readonly Slot[];
  readonly ins: readonly EdgeNode[];
  readonly outs: readonly EdgeNode[];
  /** Chunks promised to or held by this stage. */
  readonly bound: Map<number, Bound>;
  /** What has all its inputs there and was not started, in the order it came. */
  readonly ready: Unit[];
  /** What was started and is not done. */
  readonly runs: Unit[];
  nextOrdered: number;
  /** Chunks done. */
  done: number;
  ended: boolean;
}

export interface EdgeState {
  held: number;
  bytes: number;
  largest: number;
  /** What lies in each place that is not just promised. Where a place is the whole chunk's, its part is 0. */
  readonly filled: FilledPlace[];
}

export interface FilledPlace extends Unit {
  bytes: number;
  isWhole: boolean;
}

export interface RegionState {
  readonly first: number;
  next: number;
  /** No chunk from here on is read: the end of the group at which a drain stops. */
  stopAt: number;
  /** The number of the last chunk + 1, once known. */
  total: number | undefined;
  stopped: boolean;
  /** A drain ended the region; its source may have more. */
  isCutShort: boolean;
  /** Chunks under way at most, with the replicas there are now. */
  tickets: number;
  /** Chunks reported as completed: all below this number. */
  completed: number;
  /** Chunks that all sinks have, not reported yet. */
  readonly through: Set<number>;
  /** By chunk: sinks that have yet to take it. */
  readonly open: Map<number, number>;
  /** The last chunk that can bring rows to a sink. */
  lastNeeded: number;
  finished: boolean;
}

export interface SchedulerState {
  readonly topology: Topology;
  readonly stages: readonly StageState[];
  readonly edges: readonly EdgeState[];
  readonly regions: readonly RegionState[];
  readonly tokens: CoreTokens;
  /** The chunk after which a stage gives no more rows, by stage. */
  readonly exhaustedAt: Map<number, number>;
  /** Stages nearest the sinks first: they make room for the others. */
  readonly order: readonly StageNode[];
  /** A sink's word can come before that of the worker that sent it the chunk: it waits here, by sink. */
  readonly early: readonly Set<number>[];
  readonly commands: SchedulerCommand[];
}

/** `firstChunks`: by region, where a resumed run begins. */
export function createState(topology: Topology, order: readonly StageNode[], tokens: CoreTokens, firstChunks: readonly number[]): SchedulerState {
  const firstOf = (region: number): number => firstChunks[region] ?? 0;
  const edgesOf = (ids: readonly number[]): readonly EdgeNode[] => ids.map((id) => topology.edges[id]);
  const slotsOf = (stage: StageNode): Slot[] => Array.from({ length: stage.replicasMax }, (_, index) => ({ state: index < stage.replicas ? "opening" : "empty", running: 0, load: 0, parts: 0, incarnation: 0, open: undefined }));
  return {
    topology,
    stages: topology.stages.map((stage) => ({ slots: slotsOf(stage), ins: edgesOf(stage.ins), outs: edgesOf(stage.outs), bound: new Map(), ready: [], runs: [], nextOrdered: firstOf(stage.region), done: 0, ended: false })),
    edges: topology.edges.map(() => ({ held: 0, bytes: 0, largest: 0, filled: [] })),
    regions: topology.regions.map(({ id, tickets }) => {
      const first = firstOf(id);
      return { first, next: first, stopAt: Infinity, total: undefined, stopped: false, isCutShort: false, tickets, completed: first, through: new Set(), open: new Map(), lastNeeded: Infinity, finished: false };
    }),
    tokens,
    exhaustedAt: new Map(),
    order,
    early: topology.sinks.map(() => new Set()),
    commands: [],
  };
}

/** Of a chunk that the stage was promised. */
export function boundOf(s: SchedulerState, stage: StageNode, chunk: number): Bound {
  const bound = s.stages[stage.id].bound.get(chunk);
  if (bound === undefined) throw new Error(`chunk ${chunk} came to stage ${stage.id} unpromised`);
  return bound;
}

/** Where the unit stands in the list; -1 where it does not. */
export function indexOfUnit(units: readonly Unit[], chunk: number, part: number): number {
  for (let index = 0; index < units.length; index++) if (units[index].chunk === chunk && units[index].part === part) return index;
  return -1;
}

/** The others stay in their order. */
export function removeAt(units: Unit[], index: number): void {
  for (let next = index + 1; next < units.length; next++) units[next - 1] = units[next];
  units.pop();
}

/** Whether it was there. */
export function takeUnit(units: Unit[], chunk: number, part: number): boolean {
  const index = indexOfUnit(units, chunk, part);
  if (index >= 0) removeAt(units, index);
  return index >= 0;
}

export function stagesInOrder(topology: Topology): readonly StageNode[] {
  const depthOf = foldFromSinks<number>(topology, (_stage, beyond) => Math.max(0, ...beyond.map((depth) => (depth === undefined ? 0 : depth + 1))));
  return [...topology.stages].sort((a, b) => depthOf(a.id) - depthOf(b.id) || a.id - b.id);
}

export function verifyIdle(s: SchedulerState): void {
  const areEdgesEmpty = s.edges.every((edge) => edge.held === 0 && edge.bytes === 0);
  const areStagesIdle = s.stages.every((stage) => stage.bound.size + stage.runs.length === 0 && stage.slots.every(({ load, parts, running }) => load === 0 && parts === 0 && running === 0));
  const areTicketsBack = s.regions.every((region) => region.open.size === 0);
  const areCoresBack = s.tokens.free() === s.topology.cores;
  if (!areEdgesEmpty || !areStagesIdle || !areTicketsBack || !areCoresBack || s.early.some((chunks) => chunks.size > 0)) throw new Error("places, tickets or core tokens were not given back");
}
