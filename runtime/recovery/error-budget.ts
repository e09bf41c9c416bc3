/**
 * How many rows may fail. The share is taken of at least 1,000 rows, so that one bad row of a small input is no
 * verdict on the job.
 */
import type { ErrorPolicy } from "../contract/program.ts";

const ROWS_MIN = 1000;

export interface ErrorBudget {
  /** Adds what became known; true once the run should stop: so many failed that going on is of no use. */
  readonly add: (rows: number, dead: number) => boolean;
  /** Whether the rows seen so far are over the budget. */
  readonly isOver: () => boolean;
}

export function createErrorBudget(policy: ErrorPolicy): ErrorBudget {
  const max = policy.kind === "fail" ? 0 : policy.max;
  let rows = 0;
  let dead = 0;
  const isOver = (): boolean => dead > max * Math.max(rows, ROWS_MIN);
  return {
    add: (moreRows, moreDead) => {
      rows += moreRows;
      dead += moreDead;
      return rows >= ROWS_MIN && isOver();
    },
    isOver,
  };
}
