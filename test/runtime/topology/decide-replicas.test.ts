/** When a stage gets more workers, and when not. */
import { describe, expect, it } from "vitest";
import { decideReplicas } from "../../../runtime/topology/decide-replicas.ts";
import type { Situation, StageLoad } from "../../../runtime/topology/decide-replicas.ts";

const slow: StageLoad = { stage: 2, label: "infer", active: 1, min: 1, max: 4, cores: 0, serviceMs: 100, batches: 40, loadMs: 500, replicaBytes: 10, chunksLeft: 1000, lastChange: undefined };
const quick: StageLoad = { ...slow, stage: 1, label: "decode", active: 2, min: 2, max: 2, cores: 1, serviceMs: 20 };
const situation: Situation = { nowMs: 10_000, stages: [quick, slow], fixed: [{ label: "read", serviceMs: 5, chunksLeft: 1000 }], cores: 8, freeBytes: 1000 };

/** Towards the end of the run. */
function few(chunksLeft: number): Partial<Situation> {
  return { stages: [{ ...quick, chunksLeft }, slow], fixed: [{ label: "read", serviceMs: 5, chunksLeft }] };
}

function decided(change: Partial<Situation>, own: Partial<StageLoad> = {}): readonly (readonly [number, number, number])[] {
  const stages = (change.stages ?? situation.stages).map((stage) => (stage.stage === slow.stage ? { ...stage, ...own } : stage));
  return decideReplicas({ ...situation, ...change, stages }).changes.map(({ stage, from, to }) => [stage, from, to]);
}

describe("more workers", () => {
  it("are loaded at once where they pay, as many as help", () => {
    expect(decided({})).toEqual([[2, 1, 4]]);
    // Beyond two, reading is what the others wait for.
    expect(decided({ fixed: [{ label: "read", serviceMs: 50, chunksLeft: 1000 }] })).toEqual([[2, 1, 2]]);
  });

  it("are loaded in several stages together where one alone would win nothing", () => {
    const other = { ...slow, stage: 3, label: "embed" };
    expect(decided({ stages: [quick, slow, other] })).toEqual([[2, 1, 4], [3, 1, 4]]);
  });

  it.each<[string, Partial<Situation>, Partial<StageLoad>, RegExp]>([
    ["too little was measured", {}, { batches: 19 }, /fewer than 20 batches/],
    ["a change was less than five load times ago", {}, { lastChange: { atMs: 7501, isMore: true, serviceMs: 100 } }, /less than 5 load times ago/],
    ["the source is what the others wait for", { fixed: [{ label: "read", serviceMs: 101, chunksLeft: 1000 }] }, {}, /^read is what the others wait for/],
    ["a sink is", { fixed: [{ label: "sink 1", serviceMs: 400, chunksLeft: 1000 }] }, {}, /^sink 1 is what/],
    ["all cores are busy", { stages: [{ ...quick, serviceMs: 900 }, slow] }, {}, /decode has as many workers|pool of cores/],
    ["there is no memory", { freeBytes: 9 }, {}, /no memory for another worker of infer/],
    ["there may be no more", {}, { active: 4 }, /as many workers as it may have/],
    ["too few chunks are left", few(14), { chunksLeft: 14 }, /would not pay/],
    ["less than a twentieth would be won", { fixed: [{ label: "read", serviceMs: 95.5, chunksLeft: 1000 }] }, {}, /would not pay/],
    ["a worker was just taken away", {}, { lastChange: { atMs: 0, isMore: false, serviceMs: 110 } }, /changed the other way/],
  ])("are not loaded where %s", (_, change, own, reason) => {
    expect(decided(change, own)).toEqual([]);
    const stages = (change.stages ?? situation.stages).map((stage) => (stage.stage === slow.stage ? { ...stage, ...own } : stage));
    expect(decideReplicas({ ...situation, ...change, stages }).reason).toMatch(reason);
  });

  it("are loaded after one was taken away where the service time has moved by a fifth", () => {
    expect(decided({}, { lastChange: { atMs: 0, isMore: false, serviceMs: 80 } })).toEqual([[2, 1, 4]]);
  });

  it("compare the time won with three times the loading of all of them", () => {
    // One more saves 50 ms a chunk and costs 3 x 500 ms.
    expect(decided(few(30), { max: 2, chunksLeft: 30 })).toEqual([]);
    expect(decided(few(31), { max: 2, chunksLeft: 31 })).toEqual([[2, 1, 2]]);
  });
});

it("a stage far from being the slowest gives up a worker where memory is wanted", () => {
  const idle = { ...slow, stage: 3, label: "embed", active: 3, serviceMs: 60 };
  expect(decided({ stages: [quick, slow, idle], freeBytes: 5 })).toEqual([[3, 3, 2]]);
  expect(decided({ stages: [quick, slow, { ...idle, serviceMs: 120 }], freeBytes: 5 })).toEqual([]);
});
