/** Models put into parts: the order of steps, what each carries, which share a stage, and what the checker of plans sees. */
import { describe, expect, test } from "vitest";
import { lowerProgram } from "../../../compiler/plan/lower.ts";
import type { LoweredProgram } from "../../../compiler/plan/lowered-program.ts";
import type { CutModel, CutPart } from "../../../compiler/plan/model-parts.ts";
import type { CallPlacement, Placement } from "../../../compiler/plan/placement.ts";
import { planProgram } from "../../../compiler/plan/plan-program.ts";
import type { ModelPlan, PartPlan, PipelinePlan, Plan } from "../../../compiler/plan/plan.ts";
import { printLowered } from "../../../compiler/plan/print-lowered.ts";
import { splitModels } from "../../../compiler/plan/split-models.ts";
import { verifyPlan } from "../../../compiler/plan/verify-plan.ts";
import { dimName, dimOf, mulDims } from "../../../language/tensor/dim.ts";
import { checkText } from "../../support/stand-ins.ts";

const head = `edition 1
record Row { id: string, a: tensor<f32>[2], b: tensor<f32>[2] }
model m(x: tensor<f32>[N, 2]) -> (y: tensor<f32>[N, 2]) { file: "m.onnx" }
model n(x: tensor<f32>[N, 2]) -> (z: tensor<f32>[N, 2]) { file: "n.onnx" }
`;
const models = { "m.onnx": "input x: f32[batch, 2]\noutput y: f32[batch, 2]\n", "n.onnx": "input x: f32[batch, 2]\noutput z: f32[batch, 2]\n" };

function lower(map: string): LoweredProgram {
  const { program, all } = checkText(`${head}pipeline p {\n  let rows = read jsonl("rows") as Row\n  let out = rows |> ${map}\n  write out to jsonl("o")\n}\n`, models);
  if (program === undefined) throw new Error(all.map((diagnostic) => diagnostic.message).join("\n"));
  return lowerProgram(program);
}

/** A chain of parts over ranks that pass one tensor on. */
function cutIn(stages: number, ranks = 1): CutModel {
  const value = (at: number): string => (at === 0 ? "x" : at === stages ? "y" : `h${at}`);
  return {
    parts: Array.from({ length: stages }, (_, at): CutPart => ({
      receives: [value(at)],
      sends: [value(at + 1)],
      ranks: Array.from({ length: ranks }, (_rank, rank) => [{ file: `out/shards/m/${at}-${rank}.onnx`, inputs: [{ port: value(at), from: { kind: "stage", value: value(at) } }], outputs: [value(at + 1)] }]),
      outputs: [{ value: value(at + 1), from: { kind: "self", segment: 0, port: value(at + 1) } }],
      batchAxes: { [value(at)]: 0 },
      nodes: 1,
      firstBlock: `block ${at}`,
      lastBlock: `block ${at}`,
      weightBytes: 1000,
      sendBytes: mulDims(dimName("N"), dimOf(8)),
    })),
  };
}

function placed(stages: readonly string[], degree = 1): CallPlacement {
  return { parts: stages.map((stage) => ({ stage, degree, devices: [Array.from({ length: degree }, () => "cpu")] })) };
}

/** `calls` by the number of the model step: the stages of its parts. */
function split(lowered: LoweredProgram, calls: Readonly<Record<number, readonly string[]>>, degree = 1): LoweredProgram {
  const entries = Object.entries(calls).map(([step, stages]) => [Number(step), stages] as const);
  const placement: Placement = { pipelines: [{ calls: new Map(entries.map(([step, stages]) => [step, placed(stages, degree)])), workers: new Map() }] };
  return splitModels(lowered, placement, [new Map(entries.filter(([, stages]) => stages.length * degree > 1).map(([step, stages]) => [step, cutIn(stages.length, degree)]))]);
}

function steps(program: LoweredProgram): readonly string[] {
  return printLowered(program).split("\n").filter((line) => /^ {2}\d/.test(line)).map((line) => line.trim());
}

function planOf(program: LoweredProgram): PipelinePlan {
  const plan = planProgram(program);
  verifyPlan(plan, program);
  return plan.pipelines[0] as PipelinePlan;
}

const twins = lower("{ .id, ..m(.a), ..n(.b) }");

describe("models of one map", () => {
  test("cut alike and placed together stand stage by stage", () => {
    const program = split(twins, { 1: ["s1", "s2"], 2: ["s1", "s2"] });
    expect(steps(program)).toEqual([
      "0 rows = read jsonl",
      "1 out_m_part_1 = part 1 of 2 of model 0 m(x: .a) -> .y from y, carries .id .b",
      "2 out_part_1 = part 1 of 2 of model 1 n(x: .b) -> .z from z, carries .id",
      "3 out_m = part 2 of 2 of model 2 m(x: .a) -> .y from y, carries .id",
      "4 out = part 2 of 2 of model 3 n(x: .b) -> .z from z, carries .id .y",
    ]);
    expect(planOf(program).stages.map((stage) => stage.steps)).toEqual([[0], [1, 2], [3, 4]]);
  });

  test("placed apart run one after the other", () => {
    const program = split(twins, { 1: ["m1", "m2"], 2: ["n1"] });
    expect(steps(program).slice(1)).toEqual([
      "1 out_m_part_1 = part 1 of 2 of model 0 m(x: .a) -> .y from y, carries .id .b",
      "2 out_m = part 2 of 2 of model 1 m(x: .a) -> .y from y, carries .id .b",
      "3 out = model 2 n(x: .b) -> .z from z, carries .id .y",
    ]);
    expect(planOf(program).stages.map((stage) => stage.steps)).toEqual([[0], [1], [2], [3]]);
  });

  test("of which one has no part in the first stage keep the order of the stages", () => {
    const program = split(twins, { 1: ["s1", "s3"], 2: ["s2", "s3"] });
    expect(steps(program).slice(1).map((line) => line.replace(/ model .*/, ""))).toEqual(["1 out_m_part_1 = part 1 of 2 of", "2 out_part_1 = part 1 of 2 of", "3 out_m = part 2 of 2 of", "4 out = part 2 of 2 of"]);
    expect(planOf(program).stages.map((stage) => stage.steps)).toEqual([[0], [1], [2], [3, 4]]);
  });

  test("of which the first ends last: the rows that come out keep their name", () => {
    const program = split(twins, { 1: ["s1", "s2"], 2: ["s1"] });
    expect(steps(program).slice(1)).toEqual([
      "1 out_m_part_1 = part 1 of 2 of model 0 m(x: .a) -> .y from y, carries .id .b",
      "2 out_m = model 1 n(x: .b) -> .z from z, carries .id",
      "3 out = part 2 of 2 of model 2 m(x: .a) -> .y from y, carries .id .z",
    ]);
    expect(program.pipelines[0]?.writes.map((write) => write.step)).toEqual([3]);
  });

  test("whole, but in one stage", () => {
    expect(planOf(split(twins, { 1: ["s1"], 2: ["s1"] })).stages.map((stage) => stage.steps)).toEqual([[0], [1, 2]]);
  });

  test("where one reads the other's outputs, all parts of it come after", () => {
    const chain = lower("{ .id, ..n(m(.a).y) }");
    expect(planOf(split(chain, { 1: ["s1", "s2"], 2: ["s1", "s2"] })).stages.map((stage) => stage.steps)).toEqual([[0], [1], [2], [3], [4]]);
  });
});

describe("verifyPlan", () => {
  const program = split(twins, { 1: ["s1", "s2"], 2: ["s1", "s2"] }, 2);
  const plan = planProgram(program);
  const inPart = (change: (part: PartPlan) => PartPlan, index = 0): Plan => {
    const changed = (model: ModelPlan): ModelPlan => (model.part?.index === index && model.name === "m" ? { ...model, part: change(model.part) } : model);
    return { ...plan, pipelines: plan.pipelines.map((pipeline) => ({ ...pipeline, stages: pipeline.stages.map((stage) => (stage.models === undefined ? stage : { ...stage, models: stage.models.map(changed) })) })) };
  };

  test("accepts gangs in stages", () => expect(() => verifyPlan(plan, program)).not.toThrow());

  test.each<[string, Plan, RegExp]>([
    ["a part that receives what nobody sends", inPart((part) => ({ ...part, receives: ["h2"] }), 1), /receives other tensors/],
    ["a part out of place", inPart((part) => ({ ...part, index: 1 })), /stands where/],
    ["a tensor from nowhere", inPart((part) => ({ ...part, outputs: [{ value: "h1", from: { kind: "self", segment: 0, port: "h7" } }] })), /which is not there/],
    ["a segment fed by a later one", inPart((part) => ({ ...part, ranks: part.ranks.map((rank) => ({ ...rank, segments: rank.segments.map((segment) => ({ ...segment, inputs: [{ port: "x", from: { kind: "peer" as const, rank: 1, segment: 1, port: "h1" } }] })) })) })), /with what is not there/],
    ["ranks with different segments", inPart((part) => ({ ...part, ranks: part.ranks.map((rank, index) => (index === 0 ? rank : { ...rank, segments: [] })) })), /different numbers of segments/],
    ["gangs of different sizes in one stage", inPart((part) => ({ ...part, ranks: part.ranks.slice(0, 1) })), /gangs of different sizes/],
    ["a value that is sent and not accounted for", inPart((part) => ({ ...part, outputs: [] })), /where each tensor it sends comes from/],
  ])("refuses %s", (_what, spoiled, message) => {
    expect(() => verifyPlan(spoiled, program)).toThrow(message);
  });
});
