/** Random programs planned by the compiler, and what their chunks would take: rows come and go as their steps say. */
import { loadCatalog } from "../../compiler/models/load-catalog.ts";
import { compile } from "../../compiler/pipeline.ts";
import type { ModelPort } from "../../language/catalog/catalog.ts";
import type { PipelineSpec, StepSpec } from "../../runtime/contract/program.ts";
import { readTopology } from "../../runtime/topology/topology.ts";
import type { Topology } from "../../runtime/topology/topology.ts";
import { verifyCapacities } from "../../runtime/topology/verify-capacities.ts";
import { specOfPlan } from "./plan-spec.ts";
import { randomProgram, randomProgramModels } from "./random-program.ts";
import type { Random } from "./random.ts";

const vector = (name: string): ModelPort => ({ name, kind: "tensor", dtype: "f32", shape: ["N", 4] });
const catalog = loadCatalog(({ file }) => {
  const model = randomProgramModels[file];
  return model === undefined ? { ok: false, code: "missing", reason: "there is no such file" } : { ok: true, signature: { inputs: [vector("v")], outputs: [vector("w")], weightBytes: model.weightBytes } };
});

export interface PlannedGraph {
  readonly text: string;
  readonly pipeline: PipelineSpec;
}

/** Throws where the compiler refuses the program, or its plan does not hold. */
export function plannedGraph(random: Random): PlannedGraph {
  const text = randomProgram(random);
  const { plan, lowered, diagnostics } = compile({ file: "main.pipe", text, loadFile: () => undefined, catalog, buildParams: {}, toMain: "", toCwd: "" }, "plan");
  const [planned, pipeline] = [plan?.pipelines[0], lowered?.pipelines[0]];
  if (planned === undefined || pipeline === undefined) throw new Error(`${diagnostics.map(({ message }) => message).join("\n")}\n${text}`);
  const spec = specOfPlan(planned, pipeline);
  verifyCapacities(spec);
  return { text, pipeline: spec };
}

/** As the engine reads it, on a random number of cores. */
export function topologyOf({ pipeline }: PlannedGraph, random: Random, tickets: "one" | "planned"): Topology {
  return readTopology(pipeline, { cores: 1 + random.integer(6), ...(tickets === "one" ? { tickets: 1 } : {}) });
}

export interface ChunkLoad {
  /** What a worker of the stage takes for the chunk. */
  readonly serviceMs: (stage: number, chunk: number) => number;
  /** What the chunk takes on the edge; more than was planned for, now and then. */
  readonly bytes: (edge: number, chunk: number) => number;
}

const CALL_MS = 3;

/** Rows of each chunk after each step: filters keep any share, none too; explodes give from none to their most. */
export function chunkLoads({ pipeline }: PlannedGraph, random: Random): ChunkLoad {
  const salt = random.integer(2 ** 31);
  const memory = new Map<number, number>();
  const share = (step: number, chunk: number): number => {
    const mixed = Math.imul(salt ^ (step * 7919 + chunk * 104729), 0x9e3779b1) >>> 0;
    const value = mixed / 2 ** 32;
    return value < 0.15 ? 0 : value > 0.85 ? 1 : value;
  };
  const rowsAfter = (id: number, chunk: number): number => {
    const key = id * 4096 + chunk;
    const known = memory.get(key);
    if (known !== undefined) return known;
    const rows = Math.round(rowsOf(pipeline.steps[id], chunk));
    memory.set(key, rows);
    return rows;
  };
  const rowsOf = (step: StepSpec, chunk: number): number => {
    switch (step.kind) {
      case "read":
        return Math.max(1, pipeline.chunkRows * share(step.id, chunk));
      case "zip":
        return Math.min(...step.inputs.map((input) => rowsAfter(input, chunk)));
      case "explode":
        return rowsAfter(step.input, chunk) * step.childrenMax * share(step.id, chunk);
      case "implode":
        return rowsAfter(openerOf(step.input), chunk);
      case "filter":
      case "limit":
      case "dedupe":
      case "sample":
        return rowsAfter(step.input, chunk) * share(step.id, chunk);
      default:
        return rowsAfter(step.input, chunk);
    }
  };
  /** The step whose rows the explode that an implode closes has opened: programs here never nest them. */
  const openerOf = (id: number): number => {
    const step = pipeline.steps[id];
    if (step.kind === "explode") return step.input;
    if (step.kind === "read" || step.kind === "zip") throw new Error("nothing is open");
    return openerOf(step.input);
  };
  const costOf = (step: StepSpec, chunk: number): number => {
    if (step.kind === "model") return CALL_MS * Math.ceil(rowsAfter(step.id, chunk) / step.model.batch);
    return rowsAfter(step.id, chunk) / pipeline.chunkRows;
  };
  return {
    serviceMs: (stage, chunk) => 1 + Math.ceil(pipeline.stages[stage].steps.reduce((sum, step) => sum + costOf(pipeline.steps[step], chunk), 0)),
    bytes: (edge, chunk) => {
      const { queueBytesMax, queueChunks, fromStep } = pipeline.edges[edge];
      return Math.ceil((queueBytesMax / queueChunks) * 2 * share(fromStep + 1000, chunk) * (rowsAfter(fromStep, chunk) > 0 ? 1 : 0));
    },
  };
}
