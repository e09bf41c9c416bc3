/**
 * Two rates measured turn about, since a machine that others share is fast in one minute and slow in the next: each run
 * stands between two measurements of what it is compared with, all of like length, and is held to their mean.
 */
import { quantile } from "../engine/bench.ts";

export interface Turn {
  /** Rows per second. */
  readonly run: number;
  readonly alone: number;
}

export async function takeTurns(rounds: number, alone: () => Promise<number>, run: () => Promise<number>): Promise<readonly Turn[]> {
  const turns: Turn[] = [];
  let before = await alone();
  for (let round = 0; round < rounds; round++) {
    const rate = await run();
    const after = await alone();
    turns.push({ run: rate, alone: (before + after) / 2 });
    before = after;
  }
  return turns;
}

/** Of an odd number of turns the one in the middle. */
export function medianTurn(turns: readonly Turn[]): Turn {
  const middle = quantile(turns.map(ratioOf), 0.5);
  return turns.find((turn) => ratioOf(turn) === middle) ?? { run: NaN, alone: NaN };
}

export function ratioOf({ run, alone }: Turn): number {
  return run / alone;
}

/** "0.981, 0.992, 0.990" */
export function printRatios(turns: readonly Turn[]): string {
  return turns.map((turn) => ratioOf(turn).toFixed(3)).join(", ");
}
