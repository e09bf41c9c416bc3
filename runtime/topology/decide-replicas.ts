/**
 * Whether stages should have more workers or fewer, from what was measured. Pure: the coordinator and the simulator ask
 * the same function.
 *
 * The unit is the chunk: each passes every stage once. A stage with service time tau and r workers that has n chunks
 * left needs n * tau / r; the slowest of stages, sources, sinks and the pool of cores decides how long the run will
 * still take, and with it the period P of a chunk. A replica is loaded only if the time won, chunksLeft * (P - P'), is
 * more than 3 times the load time and P' <= 0.95 P, tau being known from at least 20 batches; not
 * within 5 load times of a change, and not back again unless tau has moved by a fifth.
 */
export interface StageLoad {
  readonly stage: number;
  readonly label: string;
  readonly active: number;
  readonly min: number;
  readonly max: number;
  /** That one worker keeps busy: its core tokens; what was measured where it needs none, since it waits some of the time. */
  readonly cores: number;
  /** Of one chunk on one worker, on average over `batches`. */
  readonly serviceMs: number;
  readonly batches: number;
  /** What another worker takes to be ready, and the memory it then holds. */
  readonly loadMs: number;
  readonly replicaBytes: number;
  /** Chunks that it has yet to do. */
  readonly chunksLeft: number;
  readonly lastChange: Change | undefined;
}

export interface Change {
  readonly atMs: number;
  readonly isMore: boolean;
  /** At that moment. */
  readonly serviceMs: number;
}

/** What has one worker whatever is decided: a source, a sink. */
export interface FixedLoad {
  readonly label: string;
  readonly serviceMs: number;
  readonly chunksLeft: number;
}

/** Of a run whose workers are all loaded and that does not drain. */
export interface Situation {
  readonly nowMs: number;
  readonly stages: readonly StageLoad[];
  readonly fixed: readonly FixedLoad[];
  readonly cores: number;
  readonly freeBytes: number;
}

export interface ReplicaChange {
  readonly stage: number;
  readonly from: number;
  readonly to: number;
  readonly reason: string;
  readonly figures: Readonly<Record<string, number>>;
}

/** No changes: the reason says why not. */
export interface Decided {
  readonly changes: readonly ReplicaChange[];
  readonly reason: string;
}

const BATCHES_MIN = 20;
const LOAD_TIMES_GAINED = 3;
const PERIOD_SHARE_MAX = 0.95;
const LOAD_TIMES_OF_REST = 5;
const MOVED_SHARE_MIN = 0.2;
/** A stage that is so much faster than the slowest can give a worker's memory to another. */
const SLACK_SHARE = 0.5;

export function decideReplicas(situation: Situation): Decided {
  const { stages, nowMs } = situation;
  const unmeasured = stages.find((stage) => stage.batches < batchesWanted(stage));
  if (unmeasured !== undefined) return none(unmeasured.batches === 0 ? `${unmeasured.label} was not measured yet` : `${unmeasured.label} was measured over fewer than ${BATCHES_MIN} batches`);
  const resting = stages.find(({ lastChange, loadMs }) => lastChange !== undefined && nowMs - lastChange.atMs < LOAD_TIMES_OF_REST * loadMs);
  if (resting !== undefined) return none(`${resting.label} was changed less than ${LOAD_TIMES_OF_REST} load times ago`);
  return grow(situation);
}

function batchesWanted({ min, max }: StageLoad): number {
  return min < max ? BATCHES_MIN : 1;
}

interface Slowest {
  readonly label: string;
  /** Time that it will need for the chunks it has left. */
  readonly leftMs: number;
  /** Undefined for what more workers do not help. */
  readonly stage: StageLoad | undefined;
}

/** Raises the slowest stage, and the next slowest, as long as workers may be added; takes the step that gains most. */
function grow(situation: Situation): Decided {
  // Of those that would have more than they have.
  const counts = new Map<number, number>();
  const before = findSlowest(situation, counts);
  let best: { readonly counts: ReadonlyMap<number, number>; readonly leftMs: number; readonly gainMs: number; readonly costMs: number } | undefined;
  let costMs = 0;
  let bytes = 0;
  let stopped = `${before.label} is what the others wait for`;
  for (let slowest = before; ; ) {
    const { stage } = slowest;
    const obstacle = stage === undefined ? `${slowest.label} is what the others wait for` : obstacleTo(stage, counts);
    if (stage === undefined || obstacle !== undefined) {
      if (costMs === 0) stopped = obstacle ?? stopped;
      break;
    }
    bytes += stage.replicaBytes;
    if (bytes > situation.freeBytes) {
      const room = best === undefined ? makeRoom(situation, stage, before) : undefined;
      if (room !== undefined) return room;
      stopped = `no memory for another worker of ${stage.label}`;
      break;
    }
    counts.set(stage.stage, (counts.get(stage.stage) ?? stage.active) + 1);
    costMs += stage.loadMs;
    slowest = findSlowest(situation, counts);
    const gainMs = before.leftMs - slowest.leftMs;
    const pays = slowest.leftMs <= PERIOD_SHARE_MAX * before.leftMs && gainMs > LOAD_TIMES_GAINED * costMs;
    if (pays && (best === undefined || gainMs - costMs > best.gainMs - best.costMs)) best = { counts: new Map(counts), leftMs: slowest.leftMs, gainMs, costMs };
    stopped = `another worker of ${stage.label} would not pay for its loading over the chunks left`;
  }
  if (best === undefined) return none(stopped);
  const chosen = best;
  const reason = `${before.label} is what the others wait for, and the workers pay for their loading`;
  const figures = { leftMs: before.leftMs, newLeftMs: chosen.leftMs, gainMs: chosen.gainMs, loadMs: chosen.costMs };
  const changes = situation.stages.flatMap((load): ReplicaChange[] => {
    const to = chosen.counts.get(load.stage) ?? load.active;
    return to === load.active ? [] : [{ stage: load.stage, from: load.active, to, reason, figures: { serviceMs: load.serviceMs, chunksLeft: load.chunksLeft, ...figures } }];
  });
  return { changes, reason };
}

function findSlowest(situation: Situation, counts: ReadonlyMap<number, number>): Slowest {
  const { stages, fixed, cores } = situation;
  const poolMs = stages.reduce((sum, { serviceMs, chunksLeft, cores: own }) => sum + serviceMs * chunksLeft * own, 0) / cores;
  let slowest: Slowest = { label: "the pool of cores", leftMs: poolMs, stage: undefined };
  for (const { label, serviceMs, chunksLeft } of fixed) {
    const leftMs = serviceMs * chunksLeft;
    if (leftMs > slowest.leftMs) slowest = { label, leftMs, stage: undefined };
  }
  for (const stage of stages) {
    const count = counts.get(stage.stage) ?? stage.active;
    // No more of them can compute at once than there are cores for. What waits some of the time, the pool alone bounds.
    const atOnce = stage.cores < 1 ? count : Math.min(count, Math.max(1, Math.floor(cores / stage.cores)));
    const leftMs = (stage.serviceMs * stage.chunksLeft) / Math.max(1, atOnce);
    if (leftMs > slowest.leftMs) slowest = { label: stage.label, leftMs, stage };
  }
  return slowest;
}

function obstacleTo(stage: StageLoad, counts: ReadonlyMap<number, number>): string | undefined {
  if ((counts.get(stage.stage) ?? stage.active) >= stage.max) return `${stage.label} has as many workers as it may have`;
  return reversal(stage, true);
}

function reversal({ label, lastChange, serviceMs }: StageLoad, isMore: boolean): string | undefined {
  if (lastChange === undefined || lastChange.isMore === isMore) return undefined;
  const moved = Math.abs(serviceMs - lastChange.serviceMs) / lastChange.serviceMs;
  return moved >= MOVED_SHARE_MIN ? undefined : `${label} was just changed the other way, and takes as long as it did`;
}

/** Takes a worker from a stage that would still be fast without, so that the slowest can have one. */
function makeRoom(situation: Situation, wanting: StageLoad, before: Slowest): Decided | undefined {
  const donor = situation.stages.find((stage) => {
    const isFast = stage.active > stage.min && (stage.serviceMs * stage.chunksLeft) / (stage.active - 1) <= SLACK_SHARE * before.leftMs;
    const pays = before.leftMs * (1 - PERIOD_SHARE_MAX) > LOAD_TIMES_GAINED * wanting.loadMs;
    return stage !== wanting && isFast && pays && stage.replicaBytes > 0 && reversal(stage, false) === undefined;
  });
  if (donor === undefined) return undefined;
  const reason = `${wanting.label} is what the others wait for and there is no memory for another of its workers; ${donor.label} has one to spare`;
  const figures = { leftMs: before.leftMs, serviceMs: donor.serviceMs, chunksLeft: donor.chunksLeft, freeBytes: situation.freeBytes };
  return { changes: [{ stage: donor.stage, from: donor.active, to: donor.active - 1, reason, figures }], reason };
}

function none(reason: string): Decided {
  return { changes: [], reason };
}
