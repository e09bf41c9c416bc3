/** The verifier against plans that were tampered with: every fault is caught. */
import { describe, expect, test } from "vitest";
import type { ClusterLane, ClusterPipeline, ClusterStage } from "../../../../compiler/plan/cluster/cluster-plan.ts";
import type { PipelineWork } from "../../../../compiler/plan/cluster/describe-pipeline.ts";
import { planPipelineWork } from "../../../../compiler/plan/cluster/plan-cluster.ts";
import { verifyClusterPipeline } from "../../../../compiler/plan/cluster/verify-cluster-plan.ts";
import { aws } from "../../../../stdlib/hw/aws.ts";
import { syntheticWork } from "../../../support/synthetic-work.ts";

const batches = [1, 8];
const model = syntheticWork({ name: "m", nodes: 40, batches, flops: 1e9, weightBytes: 6e8, valueBytes: 1e5, seed: 5 });
const work: PipelineWork = {
  name: "p",
  cores: [{ id: 0, label: "maps", kind: "map", nsPerRow: 1e5, rowsPerSource: 1, ordered: false }],
  models: [{ stage: 1, label: "m", work: model, rowsPerSource: 1, batches, batchesFree: batches, device: undefined, hints: {}, mapKey: "m", inBytes: 1e5, outBytes: 1e5 }],
  sourceBytes: 1e4,
  sinkBytes: 1e3,
  assumes: [],
};
const node = aws["g4dn_12xlarge"];
if (node === undefined) throw new Error("there is no g4dn.12xlarge");
const hardware = { nodes: [{ count: 2, node }] };
const planned = planPipelineWork(work, hardware, undefined, { file: "main.pipe", start: 0, end: 0 }).pipeline;
if (planned === undefined) throw new Error("the model does not fit");
const plan: ClusterPipeline = planned;

const withLane = (change: (lane: ClusterLane) => ClusterLane): ClusterPipeline => ({ ...plan, lanes: plan.lanes.map((lane, index) => (index === 0 ? change(lane) : lane)) });
const withStage = (at: number, change: (stage: ClusterStage) => ClusterStage): ClusterPipeline => withLane((lane) => ({ ...lane, stages: lane.stages.map((stage, index) => (index === at ? change(stage) : stage)) }));
const firstPart = (stage: ClusterStage, change: Partial<ClusterStage["parts"][number]>): ClusterStage => ({ ...stage, parts: stage.parts.map((part, index) => (index === 0 ? { ...part, ...change } : part)) });

test("the plan itself is sound and has more than one stage", () => {
  expect(() => verifyClusterPipeline(plan, work, hardware)).not.toThrow();
  expect(plan.lanes[0]?.stages.length).toBeGreaterThan(1);
});

describe("caught", () => {
  const gang = plan.lanes[0]?.stages[0]?.gangs[0] ?? [];
  const faults: readonly (readonly [string, ClusterPipeline, RegExp])[] = [
    ["a node that runs twice", withStage(1, (stage) => firstPart(stage, { from: (stage.parts[0]?.from ?? 0) - 1 })), /is in two stages/],
    ["a node that runs nowhere", withStage(1, (stage) => firstPart(stage, { from: (stage.parts[0]?.from ?? 0) + 1 })), /are in no stage/],
    ["data that flows back", withLane((lane) => ({ ...lane, stages: lane.stages.toReversed() })), /needs what a later stage makes/],
    ["a device given twice", withStage(1, (stage) => ({ ...stage, gangs: [gang, ...stage.gangs.slice(1)] })), /is in two gangs/],
    ["a device that does not exist", withStage(0, (stage) => ({ ...stage, gangs: [["7:0"], ...stage.gangs.slice(1)] })), /there is no device 7:0/],
    ["a replica without devices", withStage(0, (stage) => ({ ...stage, gangs: stage.gangs.slice(1) })), /gangs for/],
    ["memory that is more than is said", withStage(0, (stage) => ({ ...stage, bytes: stage.bytes - 4096 })), /bytes, not/],
    ["a batch other than the times are for", withStage(0, (stage) => firstPart(stage, { batch: stage.parts[0]?.batch === 8 ? 1 : 8 })), /bytes, not|a row takes/],
    ["a rate that its slowest stage cannot do", withLane((lane) => ({ ...lane, rowsPerSecond: lane.rowsPerSecond * 1.01 })), /a lane does/],
    ["a rate that a resource cannot do", { ...plan, rowsPerSecond: plan.rowsPerSecond * 1.01, boundRowsPerSecond: plan.boundRowsPerSecond * 2 }, /the slowest resource/],
    ["a bound below the rate", { ...plan, boundRowsPerSecond: plan.rowsPerSecond * 0.9 }, /the bound is below/],
    ["a model that runs nowhere", { ...plan, lanes: [] }, /model m is nowhere/],
    ["lanes that do not keep up", { ...plan, rowsPerSecond: plan.rowsPerSecond * 1.5, boundRowsPerSecond: plan.boundRowsPerSecond * 2, resources: plan.resources.map((resource) => ({ ...resource, limitRowsPerSecond: resource.limitRowsPerSecond * 1.5 })) }, /lanes do/],
    ["an edge without credit", { ...plan, edges: plan.edges.map((edge) => ({ ...edge, queueBatches: 0 })) }, /holds no batch/],
  ];
  test.each(faults)("%s", (_, faulty, message) => {
    expect(() => verifyClusterPipeline(faulty, work, hardware)).toThrow(message);
  });

  test("a stage that its devices cannot hold", () => {
    const small = { nodes: [{ count: 2, node: { ...node, devices: [{ count: 4, device: { ...(node.devices[0]?.device ?? node.core), memoryBytes: 4 * 2 ** 30 } }] } }] };
    expect(() => verifyClusterPipeline(plan, work, small)).toThrow(/bytes of a T4/);
  });
});
