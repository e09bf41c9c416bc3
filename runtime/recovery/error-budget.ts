/**
 * How many rows may fail. The verdict at the end takes the share of the rows read. To stop in mid-run takes 1,000
 * rows: before that, one bad row says little about those to come.
 */
import type { ErrorPolicy } from "../contract/program.ts";

const ROWS_MIN = 1000;

export interface ErrorBudget {
  /** Adds what became known; true once the run should stop: so many failed that going on is of no use. */
  readonly add: (rows: number, dead: number) => boolean;
  /** At the end: whether more of the rows failed than may. */
  readonly isOver: () => boolean;
}

export function createErrorBudget(policy: ErrorPolicy): ErrorBudget {
  const max = policy.kind === "fail" ? 0 : policy.max;
  let rows = 0;
  let dead = 0;
  const isOver = (): boolean => dead > max * rows;
  return {
    add: (moreRows, moreDead) => {
      rows += moreRows;
      dead += moreDead;
      return rows >= ROWS_MIN && isOver();
    },
    isOver,
  };
}
