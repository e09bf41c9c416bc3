/** Pipelines written by hand for tests of the engine: edges and capacities follow from steps and stages. */
import type { EdgeSpec, ErrorPolicy, Place, PipelineSpec, SinkSpec, StageSpec, StepSpec } from "../../runtime/contract/program.ts";
import { pipelineParts } from "../../runtime/topology/topology.ts";

export const here: Place = { file: "test.pipe", line: 1, column: 1 };

export interface PipelineDraft {
  readonly name: string;
  readonly steps: readonly StepSpec[];
  readonly stages: readonly { readonly steps: readonly number[]; readonly replicas?: number; readonly ordered?: boolean }[];
  readonly sinks: readonly SinkSpec[];
  readonly chunkRows?: number;
  readonly groupChunks?: number;
  readonly tickets?: number;
  readonly errors?: ErrorPolicy;
  readonly memoryBoundBytes?: number;
}

export function buildPipeline(draft: PipelineDraft): PipelineSpec {
  const tickets = draft.tickets ?? 6;
  const stages = draft.stages.map((stage, id): StageSpec => ({
    id,
    label: stage.steps.map((step) => draft.steps[step].name).join(" … "),
    at: here,
    steps: stage.steps,
    replicas: stage.replicas ?? 1,
    ordered: stage.ordered ?? stage.steps.some((step) => ["read", "limit", "dedupe"].includes(draft.steps[step].kind)),
  }));
  const { chunkRows = 4, groupChunks = 3, errors = { kind: "fail" } } = draft;
  const edges = findEdges(draft, stages, tickets);
  return { name: draft.name, doc: "", chunkRows, groupChunks, errors, steps: draft.steps, stages, edges, sinks: draft.sinks, tickets, memoryBoundBytes: draft.memoryBoundBytes ?? 2 ** 40 };
}

function findEdges(draft: PipelineDraft, stages: readonly StageSpec[], tickets: number): readonly EdgeSpec[] {
  const stageOf = (step: number): number => stages.findIndex((stage) => stage.steps.includes(step));
  const ends: Pick<EdgeSpec, "fromStep" | "to">[] = [];
  for (const step of draft.steps) {
    const to = stageOf(step.id);
    for (const input of inputsOf(step)) {
      const known = ends.some((end) => end.fromStep === input && end.to.kind === "stage" && end.to.stage === to);
      if (stageOf(input) !== to && !known) ends.push({ fromStep: input, to: { kind: "stage", stage: to } });
    }
  }
  for (const sink of draft.sinks) ends.push({ fromStep: sink.step, to: { kind: "sink", sink: sink.id } });
  const { inParts, stages: flow } = pipelineParts({ steps: draft.steps, stages, edges: ends.map((end) => ({ ...end, fromStage: stageOf(end.fromStep) })) });
  return ends.map((end, id) => {
    const meetsParts = inParts[id] && end.to.kind === "stage" && !flow[end.to.stage].takesParts;
    const isJoin = end.to.kind === "stage" && ends.filter(({ to }) => to.kind === "stage" && end.to.kind === "stage" && to.stage === end.to.stage).length > 1;
    const holdsAll = end.to.kind === "sink" || isJoin || meetsParts || stages[end.to.stage].ordered;
    return { id, fromStage: stageOf(end.fromStep), ...end, queueChunks: holdsAll ? tickets : 1, queueBytesMax: 2 ** 30 };
  });
}

function inputsOf(step: StepSpec): readonly number[] {
  if (step.kind === "read") return [];
  return step.kind === "zip" ? step.inputs : [step.input];
}
