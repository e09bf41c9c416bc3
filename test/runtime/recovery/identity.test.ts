import { utimesSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { describeChanges, describeInputChanges, describeRun, noteInputs } from "../../../runtime/recovery/identity.ts";
import type { RunIdentity } from "../../../runtime/recovery/identity.ts";
import { digestResource } from "../../../runtime/recovery/digest-resource.ts";
import { buildPipeline } from "../../support/build-pipeline.ts";
import { makeTemporaryFolder } from "../../support/temporary-folder.ts";

const pipeline = { ...buildPipeline({ name: "p", steps: [], stages: [], sinks: [] }), fingerprint: "f", fingerprintParts: { "the extern work": "1", "the model m": "1" } };

function identity(more: Partial<RunIdentity> = {}): RunIdentity {
  return { ...describeRun({ pipeline, params: { cut: 0.5, path: "out", big: 5n }, models: { "m.onnx": "d" }, files: { "vocab.txt": "v" }, onnxruntime: "1.30.0" }), ...more };
}

describe("a run may be gone on with", () => {
  it("where nothing that decides its output has changed", () => {
    expect(describeChanges(identity(), identity())).toEqual([]);
    const { stages, tickets, memoryBoundBytes, ...rest } = pipeline;
    const elsewhere = describeRun({ pipeline: { ...rest, tickets: tickets + 4, memoryBoundBytes: memoryBoundBytes * 2, stages: stages.map((stage) => ({ ...stage, replicas: 7 })) }, params: { cut: 0.5, path: "out", big: 5n }, models: { "m.onnx": "d" }, files: { "vocab.txt": "v" }, onnxruntime: "1.30.0" });
    expect(describeChanges(identity(), elsewhere)).toEqual([]);
  });

  it.each([
    ["the program has changed", { fingerprint: "g" }],
    ["the extern work has changed", { fingerprint: "g", parts: { "the extern work": "2", "the model m": "1" } }],
    ["the file vocab.txt, which something is loaded from, has changed", { files: { "vocab.txt": "w" } }],
    ["the file more.txt, which something is loaded from, is new", { files: { "vocab.txt": "v", "more.txt": "m" } }],
    ["the file vocab.txt, which something is loaded from, is not read any more", { files: {} }],
    ["--cut was 0.5 and is 0.25", { params: { cut: "0.25", path: '"out"', big: "5" } }],
    ["--more was not there and is 1", { params: { cut: "0.5", path: '"out"', big: "5", more: "1" } }],
    ["the model file m.onnx has changed", { models: { "m.onnx": "e" } }],
    ["rows were cut into groups of 3 chunks and would be cut into groups of 5 chunks", { cuts: ["chunks of 4 rows", "groups of 5 chunks"] }],
    ["onnxruntime was 1.30.0 and is 1.31.0", { onnxruntime: "1.31.0" }],
  ])("but not where %s", (said, change) => {
    expect(describeChanges(identity(), identity(change))).toEqual([said]);
  });
});

it("what another version of pipec wrote is not read any further", () => {
  const older: object = { format: 0 };
  expect(describeChanges(older as RunIdentity, identity())).toEqual(["it was written by another version of pipec"]);
});

describe("input files", () => {
  const a = { path: "a", bytes: 1, modifiedMs: 1 };
  const b = { path: "b", bytes: 2, modifiedMs: 2 };
  it("that went, changed or came are named", () => {
    const changes = describeInputChanges([noteInputs([a, b])], [noteInputs([{ ...b, modifiedMs: 3 }, { ...a, path: "c" }])]);
    expect(changes).toEqual(["the input file a has gone", "the input file b has changed", "the input file c is new"]);
    expect(describeInputChanges([noteInputs([{ ...a, digest: "x" }])], [noteInputs([{ ...a, digest: "y" }])])).toEqual(["the input file a has changed"]);
    expect(describeInputChanges([noteInputs([a])], [noteInputs([a])])).toEqual([]);
  });

  it("are not listed where there are very many", () => {
    const many = Array.from({ length: 5000 }, (_, index) => ({ ...a, path: String(index) }));
    expect(JSON.stringify(noteInputs(many)).length).toBeLessThan(200);
    expect(describeInputChanges([noteInputs(many)], [noteInputs(many.slice(1))])).toEqual(["the input files have changed: there were 5000 and are 4999"]);
  });
});

it("digests of what people edit tell any change: of the bytes of files that are read whole, of the time of larger ones", async () => {
  const path = join(makeTemporaryFolder(), "vocab.txt");
  writeFileSync(path, "one\ntwo\n");
  const first = await digestResource({ path });
  utimesSync(path, 1, 1);
  expect(await digestResource({ path })).toBe(first);
  writeFileSync(path, "one\ntwx\n");
  expect(await digestResource({ path })).not.toBe(first);
  writeFileSync(path, new Uint8Array(20_000_000));
  utimesSync(path, 1, 1);
  const large = await digestResource({ path });
  utimesSync(path, 2, 2);
  expect(await digestResource({ path })).not.toBe(large);
  expect(await digestResource({ path, digest: "a" })).not.toBe(await digestResource({ path, digest: "b" }));
});
