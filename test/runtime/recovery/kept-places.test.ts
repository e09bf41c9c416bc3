/** Where kept outputs lie, as users are told of it, and in which order groups make one file. */
import { resolve } from "node:path";
import { expect, test } from "vitest";
import type { RunIdentity } from "../../../runtime/recovery/identity.ts";
import { describeOutputs, findObstacles, placeOf } from "../../../runtime/recovery/kept-places.ts";
import type { KeptOutput } from "../../../runtime/recovery/kept-places.ts";
import { inOrder } from "../../../runtime/recovery/publish-kept.ts";

const output = (path: string, kind: "file" | "folder"): KeptOutput => ({ sink: 0, target: { path, kind, staging: "", extension: "jsonl", isKept: true } });
const identity: RunIdentity = { format: 3, pipeline: "p", fingerprint: "f", parts: {}, params: {}, cuts: [], models: {}, files: {} };

test("a place is what the user wrote, for a file that waits for its groups too", () => {
  for (const one of [output("out/my-rows.jsonl", "file"), output("out/rows", "folder")]) {
    expect(describeOutputs([one], "ab12").map((located) => placeOf(located, "ab12"))).toEqual([resolve(one.target.path)]);
  }
});

test("an output that goes elsewhere is an obstacle, named as the user knows it", () => {
  const header = { kind: "header", run: "ab12", outputs: describeOutputs([output("old.jsonl", "file")], "ab12"), regions: 1, identity } as const;
  expect(findObstacles(header, identity, [output("old.jsonl", "file")])).toEqual([]);
  expect(findObstacles(header, identity, [output("new.jsonl", "file")])).toEqual([`an output went to ${resolve("old.jsonl")} and would go to ${resolve("new.jsonl")}`]);
  expect(findObstacles(header, identity, [])).toEqual(["outputs with files were 1 and are 0"]);
});

test("groups stand in the order of their numbers, whatever their digits", () => {
  const names = ["part-100000-001.rows", "part-99999-000.rows", "part-00002-001.rows", "part-100000-000.rows", "part-00010-000.rows"];
  expect(inOrder(names, "rows", ({ group }) => group, ({ part }) => part)).toEqual(["part-00002-001.rows", "part-00010-000.rows", "part-99999-000.rows", "part-100000-000.rows", "part-100000-001.rows"]);
  expect(inOrder(names, "rows", ({ part }) => part, ({ group }) => group)).toEqual(["part-00010-000.rows", "part-99999-000.rows", "part-100000-000.rows", "part-00002-001.rows", "part-100000-001.rows"]);
});
