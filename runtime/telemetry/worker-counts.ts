/** How many workers each stage has, as looked at from time to time: there may be more or fewer while a run lasts. */

export interface WorkerCounts {
  /** By stage. One that has ended has none: that says nothing of how many it had. */
  readonly look: (active: readonly number[]) => void;
  /** As last seen at work. */
  readonly now: (stage: number) => number;
  /** While it was at work. */
  readonly mean: (stage: number) => number;
  readonly most: (stage: number) => number;
}

/** `planned`: by stage, for as long as nobody has looked. */
export function createWorkerCounts(planned: readonly number[]): WorkerCounts {
  const stages = planned.map((count) => ({ now: count, most: 0, sum: 0, looks: 0 }));
  return {
    look: (active) => {
      for (const [stage, count] of active.entries()) {
        if (count === 0) continue;
        const known = stages[stage];
        known.now = count;
        known.most = Math.max(known.most, count);
        known.sum += count;
        known.looks++;
      }
    },
    now: (stage) => stages[stage].now,
    mean: (stage) => (stages[stage].looks === 0 ? stages[stage].now : stages[stage].sum / stages[stage].looks),
    most: (stage) => (stages[stage].looks === 0 ? stages[stage].now : stages[stage].most),
  };
}
