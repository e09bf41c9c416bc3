/** The evaluator refuses partitions with a planted fault. */
import { describe, expect, test } from "vitest";
import type { CostGraph, SolvedStage } from "../../../../compiler/plan/solve/cost-graph.ts";
import { stageBytes, stageLoad, verifyAssignment } from "../../../../compiler/plan/solve/verify-assignment.ts";

/** 0 -> 1 -> 2 -> 3 and 0 -> 2; 1 and 2 share a weight. */
const graph: CostGraph = {
  kinds: [{ name: "gpu", count: 4, memoryBytes: 10 }, { name: "cpu", count: 1, memoryBytes: Infinity }],
  modes: [{ name: "gpu", kind: 0, degree: 1, replicasMax: 2 }, { name: "cpu", kind: 1, degree: 1, replicasMax: 1 }],
  nodes: [1, 2, 4, 8].map((time, i) => ({ name: `n${i}`, times: [time, i === 3 ? null : time * 10], bytes: [3, 0], color: i === 1 || i === 2 ? "c" : null })),
  transfers: [
    { from: 0, to: [1, 2], costs: [0.5, 0] },
    { from: 1, to: [2], costs: [0.25, 0] },
    { from: 2, to: [3], costs: [0.125, 0] },
  ],
  sharedWeights: [{ users: [1, 2], bytes: [2, 0] }],
  order: [[0, 1], [0, 2], [1, 2], [2, 3]],
};
const stages: readonly SolvedStage[] = [
  { mode: 0, replicas: 1, nodes: [0] },
  { mode: 0, replicas: 2, nodes: [1, 2] },
  { mode: 0, replicas: 1, nodes: [3] },
];

test("loads count each value once per stage that sends or receives it; memory counts a shared weight once", () => {
  expect(stages.map((stage) => stageLoad(graph, stage))).toEqual([1.5, 6.625, 8.125]);
  expect(stages.map((stage) => stageBytes(graph, stage))).toEqual([3, 8, 3]);
  expect(() => verifyAssignment(graph, stages, 8.125)).not.toThrow();
});

describe("refuses", () => {
  const refused: readonly (readonly [string, readonly SolvedStage[], number, RegExp])[] = [
    ["another period", stages, 8, /period of 8.125/],
    ["a node left out", stages.slice(0, 2), 8.125, /node 3 is in no stage/],
    ["a node twice", [...stages, { mode: 0, replicas: 1, nodes: [0] }], 8.125, /node 0 is in two stages/],
    ["an empty stage", [...stages, { mode: 0, replicas: 1, nodes: [] }], 8.125, /empty/],
    ["a colour in two stages", [{ mode: 0, replicas: 1, nodes: [0, 1] }, { mode: 0, replicas: 1, nodes: [2, 3] }], 12.75, /colour c/],
    ["stages against the order", stages.toReversed(), 8.125, /later stage/],
    ["too many devices", stages.map((stage) => ({ ...stage, replicas: 2 })), 4.0625, /6 of 4 devices/],
    ["too many replicas", stages.map((stage, i) => ({ ...stage, replicas: i === 1 ? 3 : 1 })), 8.125, /3 replicas/],
    ["too little memory", [{ mode: 0, replicas: 1, nodes: [0, 1, 2, 3] }], 15, /more than 10 bytes/],
    ["a mode the node cannot run in", stages.map((stage, i) => (i === 2 ? { ...stage, mode: 1 } : stage)), 6.625, /cannot run in mode 1/],
  ];
  test.each(refused)("%s", (_, assignment, period, message) => {
    expect(() => verifyAssignment(graph, assignment, period)).toThrow(message);
  });
});
