/** Lowering and the first plan: how maps with models are taken apart, what is dropped, which steps share a stage. */
import { describe, expect, test } from "vitest";
import { checkPlan } from "../../../compiler/plan/check-plan.ts";
import { lowerProgram } from "../../../compiler/plan/lower.ts";
import type { LoweredProgram } from "../../../compiler/plan/lowered-program.ts";
import { planProgram } from "../../../compiler/plan/plan-program.ts";
import type { PipelinePlan, Plan } from "../../../compiler/plan/plan.ts";
import { printLowered } from "../../../compiler/plan/print-lowered.ts";
import { verifyPlan } from "../../../compiler/plan/verify-plan.ts";
import { checkText } from "../../support/stand-ins.ts";

const head = `edition 1
record Row { id: string, a: f32, b: f32, text: string }
model m(x: tensor<f32>[N, 2]) -> (y: tensor<f32>[N, 2], z: tensor<f32>[N]) { file: "m.onnx" }
`;
const models = { "m.onnx": "input x: f32[batch, 2]\noutput y: f32[batch, 2]\noutput z: f32[batch]\n" };

function lower(pipeline: string, settings = ""): LoweredProgram {
  const { program, all } = checkText(`${head}pipeline p {\n${settings}  let rows = read jsonl("rows") as Row\n${pipeline}\n}\n`, models);
  if (program === undefined) throw new Error(all.map((diagnostic) => diagnostic.message).join("\n"));
  return lowerProgram(program);
}

/** The lowered steps, one a line, without their rows. */
function steps(pipeline: string): readonly string[] {
  return printLowered(lower(pipeline)).split("\n").filter((line) => /^ {2}\d/.test(line)).map((line) => line.trim());
}

describe("a map that calls models", () => {
  test("computed arguments come first, outputs are named as the row wants them", () => {
    expect(steps("  let out = rows |> { .id, ..m([.a, .b]) }\n  write out to jsonl(\"o\")")).toEqual([
      "0 rows = read jsonl",
      "1 out_m_inputs = map 0 { id: .id, m_x: [.a, .b] }",
      "2 out = model 1 m(x: .m_x) -> .y from y, .z from z, carries .id",
    ]);
  });

  test("equal calls are made once, and what is left of the map comes after", () => {
    expect(steps("  let out = rows |> { .id, p: m([.a, .b]).y[0], q: m([.a, .b]).z }\n  write out to jsonl(\"o\")")).toEqual([
      "0 rows = read jsonl",
      "1 out_m_inputs = map 0 { id: .id, m_x: [.a, .b] }",
      "2 out_m = model 1 m(x: .m_x) -> .m_y from y, .m_z from z, carries .id",
      "3 out = map 2 { id: .id, p: .m_y[0], q: .m_z }",
    ]);
  });

  test("a call inside a call is a level of its own", () => {
    expect(steps("  let out = rows |> { y: m(m([.a, .b]).y).y }\n  write out to jsonl(\"o\")")).toEqual([
      "0 rows = read jsonl",
      "1 out_m_inputs = map 0 { m_x: [.a, .b] }",
      "2 out_m = model 1 m(x: .m_x) -> .m_y from y, carries nothing",
      "3 out_m_2 = model 2 m(x: .m_y) -> .m_y_2 from y, carries nothing",
      "4 out = map 3 { y: .m_y_2 }",
    ]);
  });
});

describe("what nothing reads", () => {
  test("is not read, not computed and not carried", () => {
    expect(steps("  let wide = rows |> { .id, low: lower(.text), sum: .a + .b }\n  write wide |> { .id, .sum } to jsonl(\"o\")")).toEqual([
      "0 rows = read jsonl",
      "1 wide = map 0 { id: .id, sum: (.a + .b) }",
      "2 jsonl_map = map 1 { id: .id, sum: .sum }",
    ]);
    expect(printLowered(lower("  write rows |> { .id } to jsonl(\"o\")"))).toContain("      : { id: string }\n");
  });

  test("streams without readers are dropped whole", () => {
    expect(steps("  let unused = rows |> { t: lower(.text) }\n  write rows |> { .id } to jsonl(\"o\")")).toHaveLength(2);
  });
});

describe("stages", () => {
  const stagesOf = (pipeline: string): readonly string[] => planOf(pipeline).stages.map((stage) => `${stage.stepNames.join(" ")} ×${stage.replicas}`);

  test("maps and filters run together; forks, models and other settings part them", () => {
    expect(stagesOf(`
  let a = rows |> { .id, .a, t: lower(.text) }
  let b = a |> filter(.a > 0.5) |> { .id, .t }
  write b to jsonl("o")`)).toEqual(["rows ×1", "a b_filter b ×2"]);
    expect(stagesOf(`
  let a = rows |> { .id, t: lower(.text) }
  write a |> { .id } to jsonl("o")
  write a |> { .t } to jsonl("q")`)).toEqual(["rows ×1", "a ×2", "jsonl_map ×2", "jsonl_map_2 ×2"]);
    expect(stagesOf(`
  let a = rows |> { .id, .text } with { workers: 3 } |> { .id, t: lower(.text) } with { workers: 5 }
  write a to jsonl("o")`)).toEqual(["rows ×1", "a_map ×3", "a ×5"]);
  });

  test("steps that need all rows in order run alone on one worker", () => {
    expect(stagesOf("  let a = rows |> { .id } |> limit(5)\n  write a to jsonl(\"o\")")).toEqual(["rows ×1", "a_map ×2", "a ×1"]);
  });

  test("a chunk is a multiple of every batch", () => {
    const plan = planOf("  let out = rows |> { ..m([.a, .b]) } with { batch: 7 } |> { x: .y } |> { z: m(.x).z } with { batch: 5 }\n  write out to jsonl(\"o\")");
    expect(plan.stages.flatMap((stage) => (stage.models ?? []).map((model) => model.batch))).toEqual([7, 5]);
    expect(plan.chunkRows % 35).toBe(0);
  });
});

function planOf(pipeline: string): PipelinePlan {
  const lowered = lower(pipeline);
  const plan = planProgram(lowered);
  verifyPlan(plan, lowered);
  const [only] = plan.pipelines;
  if (only === undefined) throw new Error("no pipeline");
  return only;
}

describe("verifyPlan", () => {
  const lowered = lower("  let a = rows |> { .id, s: .a }\n  let b = rows |> { t: .b }\n  write zip(a, b) to jsonl(\"o\")");
  const plan = planProgram(lowered);
  const spoil = (change: (pipeline: PipelinePlan) => PipelinePlan): Plan => ({ ...plan, pipelines: plan.pipelines.map(change) });

  test("accepts what the planner makes", () => {
    expect(() => verifyPlan(plan, lowered)).not.toThrow();
  });

  test.each<[string, (pipeline: PipelinePlan) => PipelinePlan, RegExp]>([
    ["a step that runs nowhere", (p) => ({ ...p, stages: p.stages.slice(0, -1) }), /runs nowhere|edge/],
    ["a step that runs twice", (p) => ({ ...p, stages: [...p.stages, ...p.stages.slice(-1)] }), /twice/],
    ["a missing edge", (p) => ({ ...p, edges: p.edges.slice(1) }), /edges are missing/],
    ["an edge of its own making", (p) => ({ ...p, edges: [...p.edges, ...p.edges.slice(-1)] }), /not in the program/],
    ["a join that cannot hold all tickets", (p) => ({ ...p, tickets: p.tickets + 1 }), /chunks, \d+ are needed/],
    ["no tickets", (p) => ({ ...p, tickets: 0 }), /tickets/],
    ["a bound that is not the sum of its parts", (p) => ({ ...p, memory: { ...p.memory, edgeBytes: p.memory.edgeBytes + 1 } }), /memory bound/],
  ])("refuses %s", (_what, change, message) => {
    expect(() => verifyPlan(spoil(change), lowered)).toThrow(message);
  });
});

describe("what a program does not carry out", () => {
  test("is said at build, with what happens instead", () => {
    const lowered = lower(
      '  let out = rows |> { .id, ..m([.a, .b]) } with { shard: { pipeline: 2 }, device: "cuda:0" }\n  write out to jsonl("o")',
      '  with { checkpoint: { at: "c", every: 10 } }\n',
    );
    const diagnostics = checkPlan(planProgram(lowered), lowered);
    expect(diagnostics.map(({ code, severity, message }) => `${severity} ${code}: ${message}`)).toEqual([
      "warning P0808: `shard` is not carried out by this version of pipec: the model's file is no graph that can be cut, so it runs whole",
    ]);
  });
});
