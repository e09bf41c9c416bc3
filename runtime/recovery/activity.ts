/**
 * What a worker is in the middle of: what it does, at which split, and the source rows in flight. Words shared with the
 * coordinator's thread, which reads them now and then; a worker that hangs cannot say it any more.
 */
export interface Activity {
  /** One at a time. `rowOf`: the source row, within its split, of a row of the chunk. Gives what ends it. */
  readonly begin: (doing: Doing["kind"], what: number, at: ActivityPlace, rowOf?: (index: number) => number) => () => void;
  /** Rows of the chunk under way, by their numbers in it; given what ends it. */
  readonly rows: (first: number, last: number) => () => void;
}

export interface ActivityPlace {
  readonly split: number;
  readonly firstRow: number;
  readonly rows: number;
}

export interface Doing {
  readonly kind: "read" | "run" | "write";
  /** The step, or the sink that writes. */
  readonly what: number;
  readonly split: number;
  /** Source rows of the split: those in flight, or all of the chunk where nobody says which. */
  readonly ranges: readonly { readonly first: number; readonly last: number }[];
}

const MOVES = 0;
const KIND = 1;
const WHAT = 2;
const SPLIT = 3;
const FIRST = 4;
const ROWS = 5;
const SLOTS = 6;
/** Rows, or batches of rows, in flight at once; those beyond are not shown. */
const SLOT_COUNT = 16;
const NONE = -1;
const kinds = ["read", "run", "write"] as const;

export function createActivityWords(): Float64Array<SharedArrayBuffer> {
  return new Float64Array(new SharedArrayBuffer((SLOTS + 2 * SLOT_COUNT) * Float64Array.BYTES_PER_ELEMENT)).fill(NONE);
}

/** Writes into the words. */
export function createActivity(words: Float64Array): Activity {
  let toSource = (index: number): number => index;
  const free: number[] = [];
  const nothing = (): void => {};
  // Made once: this is called for every row.
  const ends = Array.from({ length: SLOT_COUNT }, (_, slot) => (): void => {
    words[SLOTS + 2 * slot] = NONE;
    words[MOVES]++;
    free.push(slot);
  });
  for (let slot = SLOT_COUNT - 1; slot >= 0; slot--) free.push(slot);
  return {
    begin: (doing, what, { split, firstRow, rows }, rowOf) => {
      toSource = rowOf ?? ((index) => firstRow + index);
      words[WHAT] = what;
      words[SPLIT] = split;
      words[FIRST] = firstRow;
      words[ROWS] = rows;
      words[KIND] = kinds.indexOf(doing);
      words[MOVES]++;
      return () => {
        words[KIND] = NONE;
        words[MOVES]++;
      };
    },
    rows: (first, last) => {
      const slot = free.pop();
      if (slot === undefined) return nothing;
      const from = toSource(first);
      words[SLOTS + 2 * slot + 1] = last === first ? from : toSource(last);
      words[SLOTS + 2 * slot] = from;
      words[MOVES]++;
      return ends[slot];
    },
  };
}

/** Undefined where nothing is under way. */
export function readActivity(words: Float64Array): Doing | undefined {
  if (words[KIND] < 0) return undefined;
  const ranges: { first: number; last: number }[] = [];
  for (let at = SLOTS; at < words.length; at += 2) if (words[at] >= 0) ranges.push({ first: words[at], last: words[at + 1] });
  const [first, rows] = [words[FIRST], words[ROWS]];
  return { kind: kinds[words[KIND]], what: words[WHAT], split: words[SPLIT], ranges: ranges.length > 0 ? ranges.sort((a, b) => a.first - b.first) : [{ first, last: first + Math.max(1, rows) - 1 }] };
}

export interface StallClock {
  /** To be asked every `tickMs` or so: for how long nothing has moved, when that is worth a word. */
  readonly look: (words: Float64Array) => { readonly stillMs: number; readonly isOver: boolean } | undefined;
}

/** A word at `firstMs`, then each time that twice as much has passed; and one when it is over. Counts its own ticks, not time. */
export function createStallClock(tickMs: number, firstMs: number): StallClock {
  let moves = NONE;
  let stillMs = 0;
  let nextMs = firstMs;
  return {
    look: (words) => {
      const isStill = words[MOVES] === moves && words[KIND] >= 0;
      moves = words[MOVES];
      if (isStill) {
        stillMs += tickMs;
        if (stillMs < nextMs) return undefined;
        nextMs = 2 * stillMs;
        return { stillMs, isOver: false };
      }
      const was = stillMs;
      const hasSpoken = nextMs > firstMs;
      stillMs = 0;
      nextMs = firstMs;
      return hasSpoken ? { stillMs: was, isOver: true } : undefined;
    },
  };
}
