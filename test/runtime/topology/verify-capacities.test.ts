import { describe, expect, it } from "vitest";
import type { PipelineSpec } from "../../../runtime/contract/program.ts";
import { openExplodes, parentFields, readTopology } from "../../../runtime/topology/topology.ts";
import { edgeSchema } from "../../../runtime/topology/edge-schema.ts";
import { verifyCapacities } from "../../../runtime/topology/verify-capacities.ts";
import program from "../../support/programs/branches.ts";

const [, many] = program.pipelines;

describe("a plan", () => {
  it("that hangs together is accepted", () => {
    for (const pipeline of program.pipelines) expect(() => verifyCapacities(pipeline)).not.toThrow();
  });

  it.each<[string, (pipeline: PipelineSpec) => PipelineSpec, RegExp]>([
    ["an edge is missing", (p) => ({ ...p, edges: p.edges.slice(1).map((edge, id) => ({ ...edge, id })) }), /no edge leads from step/],
    ["a join holds too little", (p) => ({ ...p, edges: p.edges.map((edge) => (edge.to.kind === "stage" && edge.to.stage === 5 ? { ...edge, queueChunks: 1 } : edge)) }), /holds 4 chunks, 6 may have to wait/],
    ["a sink holds too little", (p) => ({ ...p, edges: p.edges.map((edge) => (edge.to.kind === "sink" ? { ...edge, queueChunks: 5 } : edge)) }), /holds 5 chunks, 6 may have to wait/],
    ["order is asked of several workers", (p) => ({ ...p, stages: p.stages.map((stage) => (stage.id === 1 ? { ...stage, ordered: true } : stage)) }), /must see rows in order but has 3 workers/],
    ["a step is in no stage", (p) => ({ ...p, stages: p.stages.map((stage) => (stage.id === 3 ? { ...stage, steps: [4] } : stage)) }), /step words is in no stage/],
    ["there is no ticket", (p) => ({ ...p, tickets: 0 }), /at least one ticket/],
  ])("is refused where %s", (_, change, message) => {
    expect(() => verifyCapacities(change(many))).toThrow(message);
  });

  it("tells regions apart and finds what an implode wants of parents", () => {
    expect(readTopology(many).regions).toEqual([{ id: 0, source: 0, tickets: 6, groupChunks: 3, sinks: [0, 1, 2, 3] }]);
    expect([...openExplodes(many.steps)].filter(([, open]) => open.length > 0)).toEqual([[4, [4]], [5, [4]]]);
    expect([...parentFields(many.steps)]).toEqual([[4, ["id"]]]);
    const inner = many.edges.find((edge) => edge.fromStep === 4);
    expect(inner && edgeSchema(many, inner).levels).toEqual([{ step: 4, columns: [many.steps[3].columns[0]] }]);
  });
});
