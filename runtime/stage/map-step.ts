/** Steps that look at one row at a time: map, filter, sample. */
import { findRowFault } from "../contract/check-value.ts";
import { failParents, selectRows } from "../contract/chunk.ts";
import type { Chunk } from "../contract/chunk.ts";
import type { StepSpec } from "../contract/program.ts";
import type { Row } from "../contract/value.ts";
import { computeRows } from "./compute-rows.ts";
import type { Outcome } from "./compute-rows.ts";
import { logFailure } from "./step-context.ts";
import type { ChunkLog, OpenStep } from "./step-context.ts";

type Step<Kind extends StepSpec["kind"]> = Extract<StepSpec, { kind: Kind }>;

/** Predicates under way at once, where they wait for something. */
const FILTER_CONCURRENCY = 4;

export function openMap(step: Step<"map">): OpenStep {
  return {
    run: async ([chunk], log) => {
      const outcomes = await computeRows(chunk.rows, step.row, step.concurrency, step.timeoutMs);
      const checked = outcomes.map((outcome) => checkRow(step, outcome));
      return keepGood(step, chunk, checked, log, (row) => row);
    },
  };
}

function checkRow(step: StepSpec, outcome: Outcome<Row>): Outcome<Row> {
  const fault = outcome.ok ? findRowFault(step.columns, outcome.value) : undefined;
  return fault === undefined ? outcome : { ok: false, message: fault };
}

export function openFilter(step: Step<"filter">): OpenStep {
  return {
    run: async ([chunk], log) => {
      const outcomes = await computeRows(chunk.rows, step.keep, FILTER_CONCURRENCY, step.timeoutMs);
      return filterRows(step, chunk, outcomes, log);
    },
  };
}

/** The rows whose outcome is true. */
export function filterRows(step: StepSpec, chunk: Chunk, outcomes: readonly Outcome<boolean>[], log: ChunkLog): Chunk {
  const good = keepGood(step, chunk, outcomes, log, (_keep, index) => chunk.rows[index]);
  return leaveOut(good, outcomes.flatMap((outcome) => (outcome.ok ? [outcome.value] : [])), log);
}

/** The rows whose outcome is good, as `make` gives them; the others are logged and fail their parents. */
export function keepGood<T>(step: StepSpec, chunk: Chunk, outcomes: readonly Outcome<T>[], log: ChunkLog, make: (value: T, index: number) => Row): Chunk {
  const rows: Row[] = [];
  const good: number[] = [];
  const bad: number[] = [];
  outcomes.forEach((outcome, index) => {
    if (outcome.ok) {
      good.push(index);
      rows.push(make(outcome.value, index));
    } else {
      bad.push(index);
      logFailure(log, chunk, index, step, outcome.message);
    }
  });
  return { ...selectRows(failParents(chunk, bad), good), rows };
}

/** Drops the rows whose flag is false, and counts them. */
export function leaveOut(chunk: Chunk, flags: readonly boolean[], log: ChunkLog): Chunk {
  const kept = flags.flatMap((keep, index) => (keep ? [index] : []));
  log.filtered += chunk.rows.length - kept.length;
  return selectRows(chunk, kept);
}

/** Whether a row is in the sample depends on the seed and the row's own number, not on the rows around it. */
export function openSample(step: Step<"sample">): OpenStep {
  const seed = BigInt.asUintN(64, step.seed());
  const threshold = step.fraction() * 2 ** 32;
  const [low, high] = [Number(seed & 0xffffffffn), Number(seed >> 32n)];
  return {
    run: async ([chunk], log) => {
      const { split, firstRow } = chunk.id;
      const flags = chunk.rows.map((_, index) => hash([low, high, split, ...rowPath(chunk, index, firstRow)]) < threshold);
      return leaveOut(chunk, flags, log);
    },
  };
}

/** The number of the source row within its split, then the child's number at each open explode. */
function rowPath(chunk: Chunk, index: number, firstRow: number): readonly number[] {
  const path = [chunk.children[index]];
  let at = chunk.parents[index];
  for (let depth = chunk.levels.length - 1; depth >= 0; depth--) {
    path.unshift(chunk.levels[depth].children[at]);
    at = chunk.levels[depth].parents[at];
  }
  path[0] += firstRow;
  return path;
}

/** 32 well-mixed bits of some numbers (the finalizer of MurmurHash3 after each). */
function hash(numbers: readonly number[]): number {
  let state = 0x9e3779b9;
  for (const number of numbers) {
    // Row numbers may pass 2^32.
    for (const word of [number >>> 0, Math.floor(number / 2 ** 32) >>> 0]) {
      state = Math.imul(state ^ word, 0x85ebca6b);
      state = Math.imul(state ^ (state >>> 13), 0xc2b2ae35);
      state ^= state >>> 16;
    }
  }
  return state >>> 0;
}
