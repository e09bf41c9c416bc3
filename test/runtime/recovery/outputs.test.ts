import { existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import type { Column } from "../../../runtime/contract/column.ts";
import type { SinkKernel } from "../../../runtime/contract/kernel.ts";
import type { PipelineSpec, SinkSpec } from "../../../runtime/contract/program.ts";
import type { Row } from "../../../runtime/contract/value.ts";
import { openOutputs } from "../../../runtime/recovery/outputs.ts";
import type { Outputs } from "../../../runtime/recovery/outputs.ts";
import { createSinkWriter, sinkBeginning } from "../../../runtime/recovery/sink-writer.ts";
import type { SinkGroup } from "../../../runtime/recovery/sink-writer.ts";
import { jsonl } from "../../../stdlib/sinks/jsonl/kernel.ts";
import { buildPipeline, here } from "../../support/build-pipeline.ts";
import { makeTemporaryFolder } from "../../support/temporary-folder.ts";

const columns: readonly Column[] = [
  { name: "id", type: { kind: "scalar", dtype: "i32" }, bytesMax: 4 },
  { name: "lang", type: { kind: "optional", inner: { kind: "string" } }, outsideName: "language", bytesMax: 10 },
  { name: "x", type: { kind: "tensor", dtype: "f32", shape: [2] }, bytesMax: 8 },
];

function row(id: number, lang: string | null): Row {
  return { id, lang, x: { dtype: "f32", shape: [2], data: new Float32Array([9, id, id, 9]).subarray(1, 3) } };
}

function sinkTo(path: string, more: Partial<SinkSpec> = {}): SinkSpec {
  return { id: 0, label: "jsonl", at: here, step: 0, kernel: jsonl, args: () => ({}), path: () => path, partitionBy: [], partitionsMax: 3, ...more };
}

function pipelineOf(...sinks: readonly SinkSpec[]): PipelineSpec {
  return { ...buildPipeline({ name: "p", steps: [], stages: [], sinks: [] }), sinks };
}

function open(pipeline: PipelineSpec, overwrite = false): Promise<Outputs> {
  return openOutputs({ pipeline, owner: { program: "prog", pipeline: "p" }, overwrite, splitsOf: () => [], regions: 1 });
}

const noProgress = { rowsIn: 0, filtered: 0, dead: 0, split: 0, row: 0, passed: {}, exhausted: [] };

/** Writes chunks of rows to a sink, and commits its groups. */
async function writeTo(outputs: Outputs, sink: SinkSpec, chunks: readonly (readonly Row[])[], groupChunks = 2): Promise<void> {
  const groups: SinkGroup[] = [];
  const writer = createSinkWriter({ sink, columns, groupChunks, target: outputs.targets[sink.id], start: sinkBeginning, onGroup: (group) => groups.push(group) });
  for (const [ordinal, rows] of chunks.entries()) await writer.write(ordinal, rows);
  await writer.finish();
  for (const report of groups) await outputs.commit({ region: 0, group: report.group, chunks: 0, last: report.last, sinks: [{ sink: sink.id, report }], progress: noProgress, keys: new Map(), letters: undefined });
}

/** Writes chunks of rows to the only sink and publishes them. */
async function write(sink: SinkSpec, chunks: readonly (readonly Row[])[], groupChunks = 2): Promise<void> {
  const outputs = await open(pipelineOf(sink));
  try {
    await writeTo(outputs, sink, chunks, groupChunks);
    await outputs.publish();
  } finally {
    await outputs.discard();
  }
}

function tree(path: string): readonly string[] {
  return readdirSync(path, { recursive: true, withFileTypes: true }).filter((entry) => entry.isFile()).map((entry) => join(entry.parentPath, entry.name).slice(path.length + 1)).sort();
}

describe("a sink", () => {
  it("partitions by folders, keys escaped, one file for each group and key", async () => {
    const at = makeTemporaryFolder();
    await write(sinkTo(join(at, "out"), { partitionBy: ["lang"] }), [[row(1, "en"), row(2, "d/e")], [row(3, "en")], [row(4, null), row(5, "..")]]);
    expect(tree(join(at, "out"))).toEqual([
      "_SUCCESS",
      "language=%2E%2E/part-00001-000.jsonl",
      "language=__HIVE_DEFAULT_PARTITION__/part-00001-000.jsonl",
      "language=d%2Fe/part-00000-000.jsonl",
      "language=en/part-00000-000.jsonl",
    ]);
    expect(readFileSync(join(at, "out", "language=en", "part-00000-000.jsonl"), "utf8")).toBe('{"id":1,"x":[1,1]}\n{"id":3,"x":[3,3]}\n');
  });

  it("refuses more partitions than allowed", async () => {
    const at = makeTemporaryFolder();
    const rows = ["a", "b", "c", "d"].map((lang, id) => row(id, lang));
    await expect(write(sinkTo(join(at, "out"), { partitionBy: ["lang"] }), [rows])).rejects.toMatchObject({ code: "R0152" });
    expect(readdirSync(at)).toEqual([]);
  });

  it("writes a path that ends in its extension as one file, over all groups", async () => {
    const at = makeTemporaryFolder();
    await write(sinkTo(join(at, "deep", "one.jsonl")), [[row(1, "a")], [], [row(2, "b")], [row(3, "c")]]);
    expect(tree(at)).toEqual(["deep/one.jsonl"]);
    expect(readFileSync(join(at, "deep", "one.jsonl"), "utf8").trim().split("\n")).toHaveLength(3);
  });

  it("says in one sentence why a place cannot be written", async () => {
    const at = makeTemporaryFolder();
    writeFileSync(join(at, "file"), "");
    await expect(write(sinkTo(join(at, "file")), [])).rejects.toMatchObject({ code: "R0151", message: expect.stringContaining("is a file") });
    await expect(write(sinkTo(join(at, "file", "out")), [])).rejects.toMatchObject({ code: "R0151", message: expect.stringContaining("something on the way") });
    await expect(write(sinkTo("s3://bucket/out"), [])).rejects.toMatchObject({ code: "R0144" });
    const failing: SinkKernel = { extension: "jsonl", open: () => Promise.reject(Object.assign(new Error("no space"), { code: "ENOSPC" })) };
    await expect(write(sinkTo(join(at, "out"), { kernel: failing }), [[row(1, "a")]])).rejects.toMatchObject({ code: "R0151", message: expect.stringContaining("the disk is full") });
    expect(readdirSync(at)).toEqual(["file"]);
  });
});

describe("outputs", () => {
  it("may not share a place, nor be an input", async () => {
    const at = makeTemporaryFolder();
    const file = join(at, "a.jsonl");
    await expect(open(pipelineOf(sinkTo(file), sinkTo(file, { id: 1 })))).rejects.toMatchObject({ code: "R0154" });
    const outputs = await open(pipelineOf(sinkTo(file)));
    expect(() => outputs.checkInputs([{ path: file, bytes: 0, modifiedMs: 0 }])).toThrow(expect.objectContaining({ code: "R0155" }));
    await outputs.discard();
    expect(readdirSync(at)).toEqual([]);
  });

  it("may lie within one another, however often they are written", async () => {
    const at = makeTemporaryFolder();
    const sinks = [sinkTo(join(at, "out")), sinkTo(join(at, "out", "more"), { id: 1 }), sinkTo(join(at, "out", "one.jsonl"), { id: 2 })];
    const run = async (rows: readonly Row[], overwrite: boolean): Promise<void> => {
      const outputs = await open(pipelineOf(...sinks), overwrite);
      for (const sink of sinks) await writeTo(outputs, sink, [rows]);
      await outputs.publish();
      await outputs.discard();
    };
    for (const overwrite of [false, false, true]) {
      await run([row(1, "a")], overwrite);
      expect(readdirSync(join(at, "out")).sort()).toEqual(["_SUCCESS", "more", "one.jsonl", "part-00000-000.jsonl"]);
      expect(readdirSync(join(at, "out", "more")).sort()).toEqual(["_SUCCESS", "part-00000-000.jsonl"]);
    }
  });

  it("clears away what a killed run left, not what a running one has", async () => {
    const at = makeTemporaryFolder();
    // No process has this number: the largest there can be is 2^22.
    mkdirSync(join(at, ".pipec-staging-out-99999999"));
    mkdirSync(join(at, `.pipec-staging-out-${process.ppid}`));
    await write(sinkTo(join(at, "out")), [[row(1, "a")]]);
    expect(readdirSync(at).sort()).toEqual([`.pipec-staging-out-${process.ppid}`, "out"]);
  });

  it("never delete outside their folder, whatever the mark says", async () => {
    const at = makeTemporaryFolder();
    writeFileSync(join(at, "precious.jsonl"), "keep");
    mkdirSync(join(at, "out"));
    writeFileSync(join(at, "out", "_SUCCESS"), JSON.stringify({ program: "prog", pipeline: "p", files: ["../precious.jsonl", join(at, "precious.jsonl")] }));
    await write(sinkTo(join(at, "out")), [[row(1, "a")]]);
    expect(existsSync(join(at, "precious.jsonl"))).toBe(true);
  });

  it("replaced by a run with other partitions leave no empty folders behind", async () => {
    const at = makeTemporaryFolder();
    const sink = sinkTo(join(at, "out"), { partitionBy: ["lang"] });
    await write(sink, [[row(1, "en"), row(2, "de")]]);
    await write(sink, [[row(1, "fr")]]);
    expect(readdirSync(join(at, "out")).sort()).toEqual(["_SUCCESS", "language=fr"]);
  });
});
