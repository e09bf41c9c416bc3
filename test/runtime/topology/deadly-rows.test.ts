/** Finding rows that end processes, over an attempt that says which of them do. */
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { runAroundDeadlyRows } from "../../../runtime/topology/deadly-rows.ts";
import type { Attempt } from "../../../runtime/topology/deadly-rows.ts";

interface Process {
  readonly attempt: (rows: readonly number[]) => Promise<Attempt<readonly number[]>>;
  readonly attempts: (readonly number[])[];
}

/** Dies where `kills` says so; `sees`: what is then known of the rows that were under way. */
function processOf(kills: (rows: readonly number[], attempt: number) => boolean, sees: (rows: readonly number[]) => readonly number[] | undefined): Process {
  const attempts: (readonly number[])[] = [];
  return {
    attempts,
    attempt: async (rows) => {
      attempts.push(rows);
      return kills(rows, attempts.length - 1) ? { kind: "died", how: "died", suspects: sees(rows) } : { kind: "done", value: rows };
    },
  };
}

describe("rows that end the process", () => {
  it("are found whichever they are, whatever is known of what was under way; the others run together", async () => {
    await fc.assert(fc.asyncProperty(fc.integer({ min: 0, max: 12 }), fc.array(fc.integer({ min: 0, max: 11 })), fc.boolean(), async (count, bad, isKnown) => {
      const deadly = new Set(bad.filter((row) => row < count));
      const process = processOf((rows) => rows.some((row) => deadly.has(row)), (rows) => (isKnown ? rows.filter((row) => deadly.has(row)).slice(0, 1) : undefined));
      const result = await runAroundDeadlyRows(count, process.attempt);
      const good = Array.from({ length: count }, (_, row) => row).filter((row) => !deadly.has(row));
      expect("value" in result && result.value).toEqual(good);
      expect("value" in result && [...result.deadly.keys()].sort((a, b) => a - b)).toEqual([...deadly].sort((a, b) => a - b));
    }), { seed: 7 });
  });

  it("are tried twice alone before they are set aside", async () => {
    const process = processOf((rows) => rows.includes(2), () => [2]);
    await runAroundDeadlyRows(4, process.attempt);
    expect(process.attempts).toEqual([[0, 1, 2, 3], [2], [2], [0, 1, 3]]);
  });

  it("are not those that a single death befell", async () => {
    const process = processOf((_, attempt) => attempt < 2, () => [1]);
    const result = await runAroundDeadlyRows(3, process.attempt);
    expect("value" in result && [result.value, result.deadly.size]).toEqual([[0, 1, 2], 0]);
  });
});

describe("a chunk that ends the process though none of its rows does", () => {
  it("is given up after every row was tried alone", async () => {
    const process = processOf((rows) => rows.length > 1, () => [0]);
    expect(await runAroundDeadlyRows(3, process.attempt)).toEqual({ blameless: "died" });
    expect(process.attempts).toContainEqual([2]);
  });

  it("is given up where it has no rows", async () => {
    const process = processOf(() => true, () => []);
    expect(await runAroundDeadlyRows(0, process.attempt)).toEqual({ blameless: "died" });
  });
});
