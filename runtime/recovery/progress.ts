/** What steps and sources say of one chunk for the sake of going on later, and what is known of a region so far. */
import type { RegionProgress } from "./manifest.ts";

/** Keys that steps met for the first time, by step. */
export type StepKeys = ReadonlyMap<number, readonly unknown[]>;

/** Of one chunk, with its dead letters written. */
export interface ChunkBooks {
  readonly rowsIn: number;
  readonly filtered: number;
  readonly dead: number;
  /** In the source after the chunk. */
  readonly position: SourcePosition | undefined;
  readonly passed: Readonly<Record<string, number>>;
  readonly exhausted: readonly number[];
  readonly keys: StepKeys;
}

export interface SourcePosition {
  readonly split: number;
  readonly row: number;
  /** Of the split's bytes, about how many lie before it, where the source says so. */
  readonly bytes?: number;
}

/** What a stage adds to its report of a chunk. */
export interface StageProgress {
  readonly position?: SourcePosition;
  /** Rows that limits have let through so far, by step. */
  readonly passed: Readonly<Record<string, number>>;
  readonly keys: StepKeys;
  readonly isExhausted: boolean;
}

export const noProgress: StageProgress = { passed: {}, keys: new Map(), isExhausted: false };

export type RegionProgressSoFar = { -readonly [Name in keyof RegionProgress]: RegionProgress[Name] };

/** Where a region goes on: rows of its next group are counted from nothing. */
export function fullProgress({ split, row, passed, exhausted }: RegionProgress): RegionProgressSoFar {
  return { rowsIn: 0, filtered: 0, dead: 0, split, row, passed, exhausted };
}
