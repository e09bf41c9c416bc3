/**
 * The machine's cores as one pool of tokens. A worker that computes holds its stage's tokens from the moment it is told
 * to do a chunk until it has done all it was told, and never while it waits for anything else: so tokens cannot
 * deadlock, and what computes never keeps more cores busy than there are.
 *
 * Stages nearest the sinks come first. One that needs several tokens at once, or that works beside another region's
 * stages, could be passed over for ever: after some passes the next tokens are kept for it.
 */
import type { StageNode } from "./topology.ts";

export interface CoreTokens {
  readonly free: () => number;
  /** Whether a worker that holds its tokens already may be told more. */
  readonly mayGoOn: (stage: StageNode) => boolean;
  /** Takes what a worker of the stage needs. False where it must wait; `isBusy`: it holds its tokens already. */
  readonly take: (stage: StageNode, isBusy: boolean) => boolean;
  /** A worker has nothing more to do. */
  readonly giveBack: (stage: StageNode) => void;
  /** The stage wants no tokens now. True where some were kept for it: others may go on. */
  readonly forget: (stage: StageNode) => boolean;
}

/** Chunks of others that may start before one that waits. */
const PASSES_MAX = 16;

/** `order`: stages, those that come first first. */
export function createCoreTokens(total: number, order: readonly StageNode[]): CoreTokens {
  const rank = new Map(order.map((stage, index) => [stage.id, index]));
  const rankOf = (stage: StageNode): number => rank.get(stage.id) ?? 0;
  const waiting = new Map<StageNode, number>();
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
  const mostWanted = order.reduce((sum, { cores, replicasMax }) => sum + cores * replicasMax, 0);
  // Who is told ahead keeps its tokens: where there are not enough for all, nobody is, so that what is nearer the sinks
  // gets the next that are free.
  const areEnough = mostWanted <= total;
  const mayStart = (stage: StageNode): boolean => (keptFor === undefined || keptFor === stage) && free >= stage.cores;

  return {
    free: () => free,
    mayGoOn: (stage) => areEnough || stage.cores === 0,
    take: (stage, isBusy) => {
      if (stage.cores === 0) return true;
      if (isBusy ? !areEnough : !mayStart(stage)) {
        if (!isBusy && !waiting.has(stage)) waiting.set(stage, 0);
        return false;
      }
      if (!isBusy) {
        free -= stage.cores;
        waiting.delete(stage);
        if (keptFor === stage) keptFor = undefined;
      }
      pass(stage);
      return true;
    },
    giveBack: (stage) => {
      free += stage.cores;
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
