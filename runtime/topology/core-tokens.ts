/**
 * The machine's cores as one pool of tokens. A worker that computes holds its stage's tokens from the moment it is told
 * to do a chunk until it has done all it was told, and never while it waits for anything else: so tokens cannot
 * deadlock, and what computes keeps no more cores busy than there are.
 *
 * Stages nearest the sinks come first. One that needs several tokens at once, or that works beside another region's
 * stages, could be passed over for ever: after some passes the next tokens are kept for it. They are kept at once where
 * what it lacks is about to come back, sooner than the one that would pass it over is done: else a model on all cores
 * would wait, after each of its calls, for a picture that is decoded on one of them.
 *
 * The one exception: one more token is lent to stages that are quick beside a stage behind them. What comes of a slow
 * stage's chunk is worked off beside it, and its worker goes on at once. Waiting in turn for one another's tokens, both
 * would leave a core idle at each hand-over; for so short a time, sharing a core costs less.
 */
import type { StageNode } from "./topology.ts";

export interface CoreTokens {
  /** Less than none while one is lent. */
  readonly free: () => number;
  /** Whether a worker that holds its tokens already may be told more. */
  readonly mayGoOn: (stage: StageNode) => boolean;
  /** Takes what a worker of the stage needs. False where it must wait; `isBusy`: it holds its tokens already. */
  readonly take: (stage: StageNode, isBusy: boolean) => boolean;
  /** How long a worker of the stage took for what it did last. */
  readonly noteService: (stage: StageNode, ms: number) => void;
  /** A worker has nothing more to do. */
  readonly giveBack: (stage: StageNode) => void;
  /** The stage wants no tokens now. True where some were kept for it: others may go on. */
  readonly forget: (stage: StageNode) => boolean;
}

/** Chunks of others that may start before one that waits. */
const PASSES_MAX = 16;

/** Of the last service time, in the mean of those before. */
const SHARE_OF_LAST = 1 / 8;

/** A quick stage takes less than this, and less than this of what a stage behind it takes: the system shares a core for so short. */
const QUICK_MS = 10;
const QUICK_SHARE = 1 / 4;

/** `order`: stages, those that come first first. `workersOf`: how many a stage has now. */
export function createCoreTokens(total: number, order: readonly StageNode[], workersOf: (stage: StageNode) => number): CoreTokens {
  const rank = new Map(order.map((stage, index) => [stage.id, index]));
  const fromSources = order.toReversed();
  const rankOf = (stage: StageNode): number => rank.get(stage.id) ?? 0;
  const waiting = new Map<StageNode, number>();
  const held = new Map<StageNode, number>();
  const serviceMs = new Map<StageNode, number>();
  let quick: ReadonlySet<StageNode> = new Set();
  let free = total;
  let keptFor: StageNode | undefined;

  /** Whoever waits and should have come first, or is of another region, was passed over. */
  const pass = (started: StageNode): void => {
    for (const [stage, passes] of waiting) {
      if (stage === started || (stage.region === started.region && rankOf(stage) > rankOf(started))) continue;
      waiting.set(stage, passes + 1);
      if (passes + 1 >= PASSES_MAX) keptFor ??= stage;
    }
  };
  // Who is told ahead keeps its tokens: where there are not enough for all, nobody is, so that what is nearer the sinks
  // gets the next that are free.
  const areEnough = (): boolean => {
    let wanted = 0;
    for (const stage of order) if (!quick.has(stage)) wanted += stage.cores * workersOf(stage);
    return wanted <= total;
  };
  const lentTo = (stage: StageNode): number => {
    if (quick.has(stage)) return 1;
    for (const one of quick) if ((held.get(one) ?? 0) > 0) return 1;
    return 0;
  };
  const mayStart = (stage: StageNode): boolean => free + lentTo(stage) >= stage.cores && (keptFor === stage || (keptFor === undefined && !wouldDelay(stage)));

  /** Whether one that comes before it would have its tokens before the stage is done with them. */
  const wouldDelay = (stage: StageNode): boolean => {
    if (waiting.size === 0) return false;
    const soonFree = free + heldByQuicker(stage);
    for (const first of waiting.keys()) if (first.region === stage.region && rankOf(first) < rankOf(stage) && first.cores <= soonFree) return true;
    return false;
  };
  const heldByQuicker = (stage: StageNode): number => {
    const ownMs = serviceMs.get(stage) ?? 0;
    let sum = 0;
    for (const [other, cores] of held) if ((serviceMs.get(other) ?? Infinity) < ownMs) sum += cores;
    return sum;
  };

  return {
    free: () => free,
    mayGoOn: (stage) => stage.cores === 0 || areEnough(),
    take: (stage, isBusy) => {
      if (stage.cores === 0) return true;
      if (isBusy ? !areEnough() : !mayStart(stage)) {
        if (!isBusy && !waiting.has(stage)) waiting.set(stage, 0);
        return false;
      }
      if (!isBusy) {
        free -= stage.cores;
        held.set(stage, (held.get(stage) ?? 0) + stage.cores);
        waiting.delete(stage);
        if (keptFor === stage) keptFor = undefined;
      }
      pass(stage);
      return true;
    },
    noteService: (stage, ms) => {
      const before = serviceMs.get(stage) ?? ms;
      serviceMs.set(stage, before + (ms - before) * SHARE_OF_LAST);
      quick = findQuick(fromSources, serviceMs);
    },
    giveBack: (stage) => {
      free += stage.cores;
      held.set(stage, (held.get(stage) ?? 0) - stage.cores);
    },
    forget: (stage) => {
      if (waiting.size === 0 && keptFor === undefined) return false;
      waiting.delete(stage);
      if (keptFor !== stage) return false;
      keptFor = undefined;
      return true;
    },
  };
}

/** Stages of one core that take little beside one of their region that is farther from the sinks. */
function findQuick(fromSources: readonly StageNode[], serviceMs: ReadonlyMap<StageNode, number>): ReadonlySet<StageNode> {
  const quick = new Set<StageNode>();
  const slowestMs = new Map<number, number>();
  for (const stage of fromSources) {
    const ms = serviceMs.get(stage);
    if (ms === undefined || stage.cores === 0) continue;
    const slowest = slowestMs.get(stage.region) ?? 0;
    if (stage.cores === 1 && ms < Math.min(QUICK_MS, slowest * QUICK_SHARE)) quick.add(stage);
    slowestMs.set(stage.region, Math.max(slowest, ms));
  }
  return quick;
}
