import { describe, expect, it } from "vitest";
import type { Chunk } from "../../../runtime/contract/chunk.ts";
import type { Column } from "../../../runtime/contract/column.ts";
import { RowError } from "../../../runtime/contract/kernel.ts";
import type { AggregateKernel } from "../../../runtime/contract/kernel.ts";
import type { StepSpec } from "../../../runtime/contract/program.ts";
import type { Row, Value } from "../../../runtime/contract/value.ts";
import { openSteps } from "../../../runtime/stage/open-steps.ts";
import { createChunkLog, Stopped } from "../../../runtime/stage/step-context.ts";
import { here } from "../../support/build-pipeline.ts";
import { makeChunk, stepContext } from "../../support/make-chunk.ts";

const base = { at: here, resources: [], columns: [] };
const listSum: AggregateKernel = { start: () => 0, step: (state: unknown, value: Value) => Number(state) + Number(value), finish: (state: unknown) => Number(state) };
const listOf: AggregateKernel = { start: () => "", step: (state: unknown, value: Value) => `${state}${value}`, finish: (state: unknown) => String(state) };

/** Runs steps 1… over the rows of step 0. */
async function runSteps(steps: readonly StepSpec[], chunk: Chunk, kept: Readonly<Record<number, readonly string[]>> = {}): Promise<{ readonly chunk: Chunk; readonly failures: readonly string[]; readonly filtered: number }> {
  const opened = await openSteps(steps, stepContext(kept));
  const log = createChunkLog();
  const made = await opened.run(new Map([[0, chunk]]), log);
  return { chunk: made.get(steps[steps.length - 1].id) ?? chunk, failures: log.failures.map((failure) => `${failure.place}: ${failure.message}`), filtered: log.filtered };
}

function explode(id: number, input: number, field: string, over: string, carried: readonly string[] = [], childrenMax = 10): StepSpec {
  return { ...base, id, name: `explode ${id}`, kind: "explode", input, fields: (row) => ({ [field]: row[over] }), carried, childrenMax };
}

function implode(id: number, input: number, of: string, carried: readonly string[], kernel = listSum): StepSpec {
  return { ...base, id, name: `implode ${id}`, kind: "implode", input, carried, aggregates: [{ name: of, kernel, of: (row) => row[of], args: () => ({}) }] };
}

function filter(id: number, input: number, keep: (row: Row) => boolean | Promise<boolean>): StepSpec {
  return { ...base, id, name: `filter ${id}`, kind: "filter", input, keep };
}

function map(id: number, input: number, row: (row: Row) => Row | Promise<Row>, concurrency = 1): StepSpec {
  return { ...base, id, name: `map ${id}`, kind: "map", input, row, concurrency };
}

describe("map and filter", () => {
  it("keep row order whatever the calls' order, and never exceed the concurrency", async () => {
    let under = 0;
    let most = 0;
    const slow = map(1, 0, async (row) => {
      most = Math.max(most, ++under);
      await new Promise((resolve) => setTimeout(resolve, Number(row.id) % 3));
      under--;
      return { id: Number(row.id) * 10 };
    }, 4);
    const { chunk } = await runSteps([slow], makeChunk(Array.from({ length: 20 }, (_, id) => ({ id }))));
    expect(chunk.rows.map((row) => row.id)).toEqual(Array.from({ length: 20 }, (_, id) => id * 10));
    expect(most).toBe(4);
  });

  it("name failing rows by their place, and keep the numbers of the others", async () => {
    const steps = [
      map(1, 0, (row) => {
        if (row.id === 1) throw new RowError("torn");
        return row;
      }),
      filter(2, 1, async (row) => row.id !== 2),
    ];
    const { chunk, failures, filtered } = await runSteps(steps, makeChunk([0, 1, 2, 3].map((id) => ({ id }))));
    expect(failures).toEqual(["line 2: torn"]);
    expect(filtered).toBe(1);
    expect(chunk.children).toEqual([0, 3]);
  });

  it("check what a map gives against the declared columns", async () => {
    const step: StepSpec = { ...map(1, 0, (row) => ({ id: row.id === 1 ? null : "x".repeat(Number(row.id)) })), columns: [{ name: "id", type: { kind: "string" }, bytesMax: 2 }] };
    const { failures } = await runSteps([step], makeChunk([1, 2, 3].map((id) => ({ id }))));
    expect(failures).toEqual(["line 1: field `id` is null, but its type string is not optional", "line 3: field `id` takes 3 bytes, at most 2 are allowed; the pipeline's setting `text_max` raises the default"]);
  });

  it("stop between steps once the run is given up", async () => {
    const opened = await openSteps([map(1, 0, (row) => row)], stepContext());
    await expect(opened.run(new Map([[0, makeChunk([{ id: 1 }])]]), createChunkLog(() => true))).rejects.toThrow(Stopped);
  });
});

describe("explode and implode", () => {
  const rows: readonly Row[] = [{ id: "a", n: [1, 2, 3] }, { id: "b", n: [] }, { id: "c", n: [4, 5] }];

  it("close what was opened, parents without children included", async () => {
    const { chunk } = await runSteps([explode(1, 0, "n", "n"), filter(2, 1, (row) => Number(row.n) % 2 === 1), implode(3, 2, "n", ["id"])], makeChunk(rows), { 1: ["id"] });
    expect(chunk.rows).toEqual([{ id: "a", n: 4 }, { id: "b", n: 0 }, { id: "c", n: 5 }]);
    expect(chunk.levels).toEqual([]);
    expect(chunk.children).toEqual([0, 1, 2]);
  });

  it("give numbers of the column's dtype, and refuse those it cannot hold", async () => {
    const typed = (type: Column["type"], kernel: AggregateKernel): StepSpec => ({ ...implode(2, 1, "n", ["id"], kernel), columns: [{ name: "n", type, bytesMax: 100 }] });
    const fold = async (type: Column["type"], of: readonly Row[], kernel = listSum): Promise<unknown> => {
      const { chunk, failures } = await runSteps([explode(1, 0, "n", "n"), typed(type, kernel)], makeChunk(of), { 1: ["id"] });
      return [...chunk.rows.map((row) => row.n), ...failures];
    };
    expect(await fold({ kind: "scalar", dtype: "i64" }, rows)).toEqual([6n, 0n, 9n]);
    expect(await fold({ kind: "scalar", dtype: "f32" }, [{ id: "a", n: [0.1, 0.2] }])).toEqual([Math.fround(0.1 + 0.2)]);
    expect(await fold({ kind: "scalar", dtype: "u8" }, [{ id: "a", n: [200, 100] }, { id: "b", n: [200] }])).toEqual([200, "line 1: 300 does not fit u8 (0 to 255)"]);
    expect(await fold({ kind: "tensor", dtype: "f32", shape: [2] }, [{ id: "a", n: [] }])).toEqual([{ dtype: "f32", shape: [2], data: new Float32Array(2) }]);
    expect(await fold({ kind: "tensor", dtype: "f32", shape: [null] }, [{ id: "a", n: [] }])).toEqual(["line 1: field `n` has no shape: the row has no children to take it from"]);
  });

  it("fail the parent of a failed child, named by the parent's place", async () => {
    const fail = map(2, 1, (row) => {
      if (row.n === 2) throw new RowError("bad child");
      return row;
    });
    const { chunk, failures } = await runSteps([explode(1, 0, "n", "n"), fail, implode(3, 2, "n", ["id"])], makeChunk(rows), { 1: ["id"] });
    expect(failures).toEqual(["line 1: bad child"]);
    expect(chunk.rows.map((row) => row.id)).toEqual(["b", "c"]);
    expect(chunk.children).toEqual([1, 2]);
  });

  it("nest, and a failure inside fails all around it", async () => {
    const nested: readonly Row[] = [{ id: "a", groups: [[1, 2], [3]] }, { id: "b", groups: [[4], [], [5, 6]] }];
    const steps = [
      explode(1, 0, "group", "groups"),
      explode(2, 1, "n", "group"),
      map(3, 2, (row) => {
        if (row.n === 3) throw new RowError("bad");
        return row;
      }),
      implode(4, 3, "n", []),
      implode(5, 4, "n", ["id"], listOf),
    ];
    const { chunk } = await runSteps(steps, makeChunk(nested), { 1: ["id"], 2: [] });
    expect(chunk.rows).toEqual([{ id: "b", n: "4011" }]);
  });

  it("take tensors apart along their first axis, carry fields, and bound the children", async () => {
    const tensor: Row = { id: "a", n: { dtype: "f32", shape: [2, 2], data: new Float32Array([1, 2, 3, 4]) } };
    const { chunk } = await runSteps([explode(1, 0, "n", "n", ["id"])], makeChunk([tensor]));
    expect(chunk.rows).toEqual([{ id: "a", n: { dtype: "f32", shape: [2], data: new Float32Array([1, 2]) } }, { id: "a", n: { dtype: "f32", shape: [2], data: new Float32Array([3, 4]) } }]);
    const { failures } = await runSteps([explode(1, 0, "n", "n", [], 2)], makeChunk(rows));
    expect(failures).toEqual(["line 1: 3 items, at most 2 are allowed"]);
  });

  it("need fields of equal length", async () => {
    const step: StepSpec = { ...base, id: 1, name: "pairs", kind: "explode", input: 0, fields: (row) => ({ n: row.n, m: [1, 2] }), carried: [], childrenMax: 10 };
    const { failures, chunk } = await runSteps([step], makeChunk(rows));
    expect(failures).toEqual(["line 1: `n` has 3 items and `m` has 2", "line 2: `n` has 0 items and `m` has 2"]);
    expect(chunk.rows).toEqual([{ n: 4, m: 1 }, { n: 5, m: 2 }]);
  });
});

describe("zip", () => {
  it("aligns by row id and leaves out what a branch lost", async () => {
    const steps: readonly StepSpec[] = [
      filter(1, 0, (row) => row.id !== 1),
      map(2, 0, (row) => ({ twice: Number(row.id) * 2 })),
      filter(3, 2, (row) => row.twice !== 6),
      { ...base, id: 4, name: "both", kind: "zip", inputs: [1, 3] },
    ];
    const { chunk, filtered } = await runSteps(steps, makeChunk([0, 1, 2, 3, 4].map((id) => ({ id }))));
    expect(chunk.rows).toEqual([{ id: 0, twice: 0 }, { id: 2, twice: 4 }, { id: 4, twice: 8 }]);
    expect(chunk.children).toEqual([0, 2, 4]);
    // By the filters: what is written and what is left out adds up to what was read.
    expect(filtered).toBe(2);
  });

  it("under an explode joins failures of all branches", async () => {
    const fail = (id: number, input: number, bad: number): StepSpec =>
      map(id, input, (row) => {
        if (row.n === bad) throw new RowError(`bad ${bad}`);
        return { [`n${id}`]: row.n };
      });
    const steps: readonly StepSpec[] = [
      explode(1, 0, "n", "n"),
      fail(2, 1, 1),
      fail(3, 1, 4),
      { ...base, id: 4, name: "both", kind: "zip", inputs: [2, 3] },
      implode(5, 4, "n2", ["id"]),
    ];
    const rows: readonly Row[] = [{ id: "a", n: [1, 2] }, { id: "b", n: [3] }, { id: "c", n: [4, 5] }];
    const { chunk, failures } = await runSteps(steps, makeChunk(rows), { 1: ["id"] });
    expect(failures).toEqual(["line 1: bad 1", "line 3: bad 4"]);
    expect(chunk.rows).toEqual([{ id: "b", n2: 3 }]);
  });
});

describe("ordered steps", () => {
  it("limit counts over chunks and says when it is exhausted", async () => {
    const opened = await openSteps([{ ...base, id: 1, name: "first", kind: "limit", input: 0, rows: () => 3 }], stepContext());
    const take = async (ordinal: number): Promise<readonly Row[]> => (await opened.run(new Map([[0, makeChunk([{ id: 0 }, { id: 1 }], ordinal)]]), createChunkLog())).get(1)?.rows ?? [];
    expect(await take(0)).toHaveLength(2);
    expect(opened.isExhausted()).toBe(false);
    expect(await take(1)).toHaveLength(1);
    expect(opened.isExhausted()).toBe(true);
    expect(await take(2)).toHaveLength(0);
  });

  const dedupe = (distance: number, keysMax = 100): StepSpec => ({ ...base, id: 1, name: "unique", kind: "dedupe", input: 0, key: (row) => row.key, distance, keysMax });

  it("dedupe keeps the first of equal keys of any kind", async () => {
    const rows: readonly Row[] = [{ key: ["a", "bc"] }, { key: ["ab", "c"] }, { key: ["a", "bc"] }, { key: [] }];
    const { chunk, filtered } = await runSteps([dedupe(0)], makeChunk(rows));
    expect(chunk.children).toEqual([0, 1, 3]);
    expect(filtered).toBe(1);
  });

  it("dedupe by distance finds exactly the keys that comparing all pairs finds", async () => {
    const keys = Array.from({ length: 400 }, (_, index) => BigInt.asUintN(64, (BigInt(index % 57) * 0x9e3779b97f4a7c15n) ^ (1n << BigInt((index * 7) % 64)) ^ (1n << BigInt((index * 13) % 64))));
    const bits = (value: bigint): number => [...value.toString(2)].filter((bit) => bit === "1").length;
    for (const distance of [1, 3, 8, 70]) {
      const kept: bigint[] = [];
      for (const key of keys) if (kept.every((other) => bits(other ^ key) > distance)) kept.push(key);
      const { chunk } = await runSteps([dedupe(distance, 1000)], makeChunk(keys.map((key) => ({ key }))));
      expect(chunk.rows.map((row) => row.key), `distance ${distance}`).toEqual(kept);
    }
  });

  it("dedupe stops where it would have to remember too much", async () => {
    await expect(runSteps([dedupe(0, 2)], makeChunk([1, 2, 3].map((key) => ({ key }))))).rejects.toThrow(/more than 2 distinct keys/);
  });
});

describe("sample", () => {
  const sample = (fraction: number, seed: bigint): StepSpec => ({ ...base, id: 1, name: "some", kind: "sample", input: 0, fraction: () => fraction, seed: () => seed });
  const rows = Array.from({ length: 10_000 }, (_, id) => ({ id }));

  it("takes about the share asked for, the same rows for the same seed only", async () => {
    const taken = async (fraction: number, seed: bigint): Promise<readonly number[]> => (await runSteps([sample(fraction, seed)], makeChunk(rows))).chunk.children;
    const first = await taken(0.25, 1n);
    expect(first.length).toBeGreaterThan(2300);
    expect(first.length).toBeLessThan(2700);
    expect(await taken(0.25, 1n)).toEqual(first);
    expect(await taken(0.25, 2n)).not.toEqual(first);
    expect(await taken(0, 1n)).toEqual([]);
    expect(await taken(1, 1n)).toHaveLength(10_000);
  });

  it("does not depend on where chunks are cut", async () => {
    const whole = await runSteps([sample(0.5, 3n)], makeChunk(rows.slice(0, 20)));
    const tail: Chunk = { ...makeChunk(rows.slice(10, 20)), id: { ordinal: 1, split: 0, firstRow: 10 } };
    const part = await runSteps([sample(0.5, 3n)], tail);
    expect(part.chunk.rows).toEqual(whole.chunk.rows.filter((row) => Number(row.id) >= 10));
  });
});
