/** What the program that is emitted takes of a plan for a cluster: one machine's share, by the names of its devices. */
import { describe, expect, test } from "vitest";
import { placementOfCluster, placementOfSettings } from "../../../compiler/plan/choose-placement.ts";
import type { ClusterPipeline, ClusterPlan, ClusterStage } from "../../../compiler/plan/cluster/cluster-plan.ts";
import { lowerProgram } from "../../../compiler/plan/lower.ts";
import type { LoweredProgram } from "../../../compiler/plan/lowered-program.ts";
import type { CallPlacement } from "../../../compiler/plan/placement.ts";
import { planProgram } from "../../../compiler/plan/plan-program.ts";
import type { Hardware } from "../../../stdlib/hw/hardware.ts";
import { findNodeType } from "../../../stdlib/hw/presets.ts";
import { checkText } from "../../support/stand-ins.ts";

const models = { "m.onnx": "input x: f32[batch, 2]\noutput y: f32[batch, 2]\n" };

/** `before` and `after` the model: steps. */
function lower(settings: string, after = "", before = ""): LoweredProgram {
  const { program, all } = checkText(
    `edition 1\nrecord Row { id: string, a: tensor<f32>[2] }\nmodel m(x: tensor<f32>[N, 2]) -> (y: tensor<f32>[N, 2]) { file: "m.onnx" }\npipeline p {\n  let rows = read jsonl("rows") as Row${before}\n  let out = rows |> { .id, ..m(.a) } with { ${settings} }${after}\n  write out to jsonl("o")\n}\n`,
    models,
  );
  if (program === undefined) throw new Error(all.map((diagnostic) => diagnostic.message).join("\n"));
  return lowerProgram(program);
}

const node = findNodeType("aws.g4dn_12xlarge");
if (node === undefined) throw new Error("the preset is gone");
const hardware = (count: number): Hardware => ({ nodes: [{ count, node }] });

function stage(at: number, gangs: readonly (readonly string[])[], nodes: readonly [number, number]): ClusterStage {
  const part = { model: "m", from: nodes[0], to: nodes[1], nodes: 10, firstBlock: "", lastBlock: "", batch: 16, msPerBatch: 1, weightBytes: 1, measured: false };
  return { id: `m/${at}`, parts: [part], device: "T4", machine: node?.name ?? "", degree: gangs[0]?.length ?? 1, replicas: gangs.length, psPerRow: 1, rowsPerSecond: 1, bytes: 1, usableBytes: 1, gangs };
}

/** What the call of the model is given. */
function placed(stages: readonly ClusterStage[], machines: number): CallPlacement | undefined {
  const lowered = lower('shard: "auto"');
  const pipeline: ClusterPipeline = {
    name: "p", rowsPerSecond: 1, bestRowsPerSecond: 1, boundRowsPerSecond: 1, gap: 0, optimal: true, dollarsPerHour: null, bottleneck: "", resources: [], cpuStages: [], edges: [], assumes: [], alternatives: [],
    lanes: [{ device: "T4", devices: 1, rowsPerSecond: 1, stages }],
  };
  const cluster: ClusterPlan = { version: 1, hardware: [], pipelines: [pipeline] };
  return [...(placementOfCluster(lowered, planProgram(lowered), cluster, hardware(machines)).pipelines[0]?.calls.values() ?? [])][0];
}

describe("of a plan for a cluster", () => {
  test("one machine's gangs become devices by number", () => {
    expect(placed([stage(1, [["0:0", "0:1"]], [0, 4]), stage(2, [["0:2", "0:3"]], [4, 10])], 1)).toEqual({
      batch: 16,
      parts: [
        { stage: "m/1", nodesUpTo: 4, degree: 2, replicas: 1, devices: [["cuda:0", "cuda:1"]] },
        { stage: "m/2", degree: 2, replicas: 1, devices: [["cuda:2", "cuda:3"]] },
      ],
    });
  });

  test("of several machines, what the first one holds, with the total beside it", () => {
    const parts = placed([stage(1, [["0:0"], ["0:1"], ["1:0"], ["1:1"]], [0, 4]), stage(2, [["0:2"], ["1:2"]], [4, 10])], 2)?.parts;
    expect(parts?.map(({ replicas, replicasOfAll, devices }) => ({ replicas, replicasOfAll, devices }))).toEqual([
      { replicas: 2, replicasOfAll: 4, devices: [["cuda:0"], ["cuda:1"]] },
      { replicas: 1, replicasOfAll: 2, devices: [["cuda:2"]] },
    ]);
  });

  test("stages that lie on machines of their own share one: fewer of each, on its own devices", () => {
    const parts = placed([stage(1, [["0:0"], ["0:1"], ["0:2"], ["0:3"]], [0, 4]), stage(2, [["1:0"]], [4, 10])], 2)?.parts;
    expect(parts?.map(({ devices }) => devices)).toEqual([[["cuda:0"], ["cuda:1"], ["cuda:2"]], [["cuda:3"]]]);
  });

  test("more stages than a machine has devices share them in turn", () => {
    const parts = placed([stage(1, [["0:0", "0:1"]], [0, 2]), stage(2, [["0:2", "0:3"]], [2, 4]), stage(3, [["1:0", "1:1"]], [4, 10])], 2)?.parts;
    expect(parts?.map(({ devices }) => devices)).toEqual([[["cuda:0", "cuda:1"]], [["cuda:2", "cuda:3"]], [["cuda:0", "cuda:1"]]]);
  });
});

describe("cores of one machine", () => {
  function workersOf(lanes: ClusterPipeline["lanes"], nodes: Hardware["nodes"], replicas: number) {
    const lowered = lower("batch: 8", " |> { .id, label: argmax(.y) }");
    const plan = planProgram(lowered);
    const id = plan.pipelines[0]?.stages.find(({ kind }) => kind === "cpu")?.id ?? -1;
    const pipeline: ClusterPipeline = {
      name: "p", rowsPerSecond: 1, bestRowsPerSecond: 1, boundRowsPerSecond: 1, gap: 0, optimal: true, dollarsPerHour: null, bottleneck: "", resources: [], edges: [], assumes: [], alternatives: [], lanes,
      cpuStages: [{ id, label: "", kind: "map", nsPerRow: 1, rowsPerSource: 1, replicas, model: null, measured: false }],
    };
    return [...(placementOfCluster(lowered, plan, { version: 1, hardware: [], pipelines: [pipeline] }, { nodes }).pipelines[0]?.workers.values() ?? [])][0];
  }
  const cores = findNodeType("aws.m5_16xlarge");
  if (node === undefined || cores === undefined) throw new Error("a preset is gone");
  const both = [{ count: 10, node }, { count: 10, node: cores }];
  const lane = { device: "T4", devices: 40, rowsPerSecond: 1, stages: [stage(1, [["0:0"]], [0, 10])] };

  test("machines with the models' devices do without the others, as far as they have cores", () => {
    expect(workersOf([lane], both, 375)?.here).toBe(38);
    expect(workersOf([lane], both, 3750)?.here).toBe(node.cores);
  });

  test("without models on devices all machines share", () => expect(workersOf([], both, 375)?.here).toBe(19));

  test("rows that take four times what is typical may have the workers for it, as far as there are cores", () => {
    expect(workersOf([lane], both, 50)).toEqual({ here: 5, most: 20, ofAll: 50 });
    expect(workersOf([lane], both, 375)).toMatchObject({ here: 38, most: node.cores });
  });
});

test("workers that the memory has no room for are none to load: a range ends where it starts", () => {
  const lowered = lower("batch: 8", "", ' |> { .id, a: softmax(.a) } with { workers: "auto" }');
  const workers = (memoryBytes?: number): unknown => {
    const stage = planProgram(lowered, memoryBytes).pipelines[0]?.stages.find(({ kind }) => kind === "cpu");
    return [stage?.replicasMin, stage?.replicas, stage?.replicasMax];
  };
  const bound = planProgram(lowered).pipelines[0]?.memory.boundBytes ?? 0;
  expect(workers(bound)).toEqual([1, 2, 8]);
  expect(workers(0.5 * bound)).toEqual([1, 2, 2]);
});

describe("of settings alone", () => {
  const parts = (settings: string) => [...(placementOfSettings(lower(settings)).pipelines[0]?.calls.values() ?? [])][0]?.parts.map(({ stage: _stage, ...part }) => part);

  test.each<[string, ReturnType<typeof parts>]>([
    ["batch: 2", [{ degree: 1, devices: [["cpu"]] }]],
    ["shard: { pipeline: 2 }, replicas: [2, 1..3]", [{ degree: 1, replicas: 2, devices: [["cpu"], ["cpu"]] }, { degree: 1, replicas: 1, range: { low: 1, high: 3 }, devices: [["cpu"]] }]],
    ['shard: { tensor: 2 }, device: "cuda:0"', [{ degree: 2, devices: [["cuda:0", "cuda:0"]] }]],
  ])("%s", (settings, expected) => expect(parts(settings)).toEqual(expected));
});
