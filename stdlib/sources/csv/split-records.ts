/**
 * The records of a CSV text that comes in pieces, the same ones wherever it is cut. A record that is broken is its
 * first line: reading goes on at the next, so that a quote too many costs one row, not all up to the next quote or
 * the end of the file.
 */
import { behindLineEnd, takeRecord } from "./take-record.ts";

/** `line`: where it begins, counted from 1. */
export type CsvRecord =
  | { readonly kind: "record"; readonly cells: readonly string[]; readonly line: number }
  | { readonly kind: "broken"; readonly reason: string; readonly line: number };

/** A quote that nothing closes is looked for this far, and kept in memory so far, to go on at the next line. */
const LENGTH_MAX = 64 * 2 ** 20;

/** Few enough to be held at once where a long text turns out to be many records. */
const BATCH_RECORDS = 8192;

/** Batches of records, each with the piece that completes it at the latest; empty lines are none. */
export async function* splitRecords(pieces: AsyncIterable<string>, separator: string, lengthMax = LENGTH_MAX): AsyncGenerator<readonly CsvRecord[]> {
  const step = createStepper(separator, lengthMax);
  let rest = "";
  let looked = 0;
  for await (const piece of pieces) {
    rest += piece;
    // A record that is not complete yet is looked at again when there is twice as much of it: in linear time altogether.
    if (rest.length < Math.min(looked * 2, lengthMax + behindRecord(separator))) continue;
    rest = rest.slice(yield* takeBatches(rest, step, false));
    looked = rest.length;
  }
  yield* takeBatches(rest, step, true);
}

/** Takes what is complete; gives where what is not begins. */
function* takeBatches(text: string, step: Stepper, isWhole: boolean): Generator<readonly CsvRecord[], number> {
  let batch: CsvRecord[] = [];
  let at = 0;
  while (at < text.length) {
    const { record, next, isStuck } = step(text, at, isWhole);
    at = next;
    if (record !== undefined) batch.push(record);
    if (isStuck) break;
    if (batch.length < BATCH_RECORDS) continue;
    yield batch;
    batch = [];
  }
  if (batch.length > 0) yield batch;
  return at;
}

interface Step {
  readonly next: number;
  readonly record?: CsvRecord;
  /** What follows `next` needs more behind it. */
  readonly isStuck?: boolean;
}

type Stepper = (text: string, at: number, isWhole: boolean) => Step;

/** Steps over a record, an empty line, or what is left of a broken record's line; to be called for each place in turn. */
function createStepper(separator: string, lengthMax: number): Stepper {
  let line = 1;
  let isBroken = false;
  return (text, at, isWhole) => {
    const lineEnd = isBroken ? findLineEnd(text, at) : at;
    const next = behindLineEnd(text, lineEnd, isWhole);
    if (isBroken && next === undefined) return { next: lineEnd, isStuck: true };
    if (next !== undefined) {
      isBroken = false;
      line++;
      return { next };
    }
    const taken = takeRecord(text, at, separator, isWhole);
    const end = taken.kind === "unfinished" ? text.length - behindRecord(separator) : taken.end;
    const reason = end - at > lengthMax ? `the record has more than ${lengthMax} characters` : taken.kind === "broken" ? taken.reason : undefined;
    if (reason !== undefined) {
      isBroken = true;
      return { next: at, record: { kind: "broken", reason, line } };
    }
    if (taken.kind !== "record") return { next: at, isStuck: true };
    const record: CsvRecord = { kind: "record", cells: taken.cells, line };
    line += taken.lines;
    return { next: taken.end, record };
  };
}

/** How much is looked at behind a record, or behind where it is broken, at most. */
function behindRecord(separator: string): number {
  return Math.max(separator.length, "\r\n".length);
}

function findLineEnd(text: string, start: number): number {
  const found = text.slice(start).search(/[\r\n]/);
  return found < 0 ? text.length : start + found;
}
