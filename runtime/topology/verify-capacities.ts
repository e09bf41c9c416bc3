/**
 * Asserts what the compiler promises of a pipeline, before anything runs: the graph hangs together and its queues
 * cannot deadlock. A violation is our bug.
 */
import type { PipelineSpec } from "../contract/program.ts";
import { inputsOf } from "../stage/open-steps.ts";
import { mustHoldTickets, readTopology } from "./topology.ts";
import type { Topology } from "./topology.ts";
import { verifyParts } from "./verify-parts.ts";

export function verifyCapacities(pipeline: PipelineSpec): void {
  verifySteps(pipeline);
  verifyParts(pipeline);
  const topology = readTopology(pipeline);
  verifyTopology(topology);
}

function verifySteps(pipeline: PipelineSpec): void {
  const stageOf = new Map(pipeline.stages.flatMap((stage) => stage.steps.map((step) => [step, stage.id] as const)));
  pipeline.steps.forEach((step, index) => {
    verify(step.id === index, `step ${step.name} stands at ${index}, its id is ${step.id}`);
    verify(stageOf.has(step.id), `step ${step.name} is in no stage`);
    for (const input of inputsOf(step)) {
      verify(input < step.id, `step ${step.name} stands before its input`);
      const [from, to] = [stageOf.get(input), stageOf.get(step.id)];
      const edge = pipeline.edges.some((candidate) => candidate.fromStep === input && candidate.to.kind === "stage" && candidate.to.stage === to);
      verify(from === to || edge, `no edge leads from step ${input} to step ${step.name}`);
    }
  });
  verify(pipeline.chunkRows >= 1 && (pipeline.chunkBytes ?? 1) >= 1 && pipeline.groupChunks >= 1, "chunks and groups hold at least one row and chunk");
  pipeline.stages.forEach((stage, index) => verify(stage.id === index, `stage ${stage.label} stands at ${index}, its id is ${stage.id}`));
  pipeline.edges.forEach((edge, index) => {
    verify(edge.id === index, `edge ${edge.id} stands at ${index}`);
    verify(edge.to.kind === "sink" || edge.fromStage < edge.to.stage, `edge ${edge.id} leads back`);
  });
  pipeline.sinks.forEach((sink, index) => verify(sink.id === index, `sink ${sink.label} stands at ${index}, its id is ${sink.id}`));
}

/** What the scheduler relies on. Exported for its simulation. */
export function verifyTopology(topology: Topology): void {
  for (const stage of topology.stages) {
    verify(stage.replicasMin >= 1, `stage ${stage.label} has no worker`);
    verify(stage.replicasMin <= stage.replicas && stage.replicas <= stage.replicasMax, `stage ${stage.label} begins with ${stage.replicas} workers, outside of ${stage.replicasMin} to ${stage.replicasMax}`);
    verify(!(stage.ordered && stage.replicasMax > 1), `stage ${stage.label} must see rows in order but has ${stage.replicasMax} workers`);
    verify(stage.cores >= 0 && stage.cores <= topology.cores, `a worker of stage ${stage.label} needs ${stage.cores} cores, there are ${topology.cores}`);
    verify(stage.isSource === (stage.ins.length === 0), `stage ${stage.label} reads a source and takes chunks from other stages, or neither`);
    verify(!stage.takesParts || (stage.ins.length === 1 && !stage.ordered), `stage ${stage.label} takes parts, which come on one edge to whoever has the chunk`);
    verify(!stage.cutsParts || (!stage.takesParts && !stage.isSource), `stage ${stage.label} cuts chunks that it must take whole`);
    verify(stage.outs.length > 0, `nothing reads what stage ${stage.label} gives`);
  }
  for (const edge of topology.edges) {
    const to = edge.to.kind === "stage" ? topology.stages[edge.to.stage] : undefined;
    const region = topology.regions[topology.stages[edge.fromStage].region];
    const holdsTickets = mustHoldTickets(to, edge.inParts);
    verify(edge.holdsTickets === holdsTickets, `edge ${edge.id} must${holdsTickets ? "" : " not"} hold all tickets`);
    const from = topology.stages[edge.fromStage];
    const inParts = from.cutsParts || (from.takesParts && topology.edges[from.ins[0]].inParts);
    verify(edge.inParts === inParts, `chunks come on edge ${edge.id} ${inParts ? "in parts" : "whole"}`);
    const needed = holdsTickets ? region.tickets : 1;
    verify(edge.capacity >= needed, `edge ${edge.id} holds ${edge.capacity} chunks, ${needed} may have to wait there`);
  }
  for (const sink of topology.sinks) verify(sink.edge >= 0, `sink ${sink.id} is fed by nothing`);
  topology.regions.forEach((region, index) => {
    verify(region.id === index, "each connected part of a pipeline reads exactly one source");
    verify(region.tickets >= 1, "a region needs at least one ticket");
  });
  verify(new Set(topology.stages.map((stage) => stage.region)).size === topology.regions.length, "a connected part of the pipeline reads no source");
}

function verify(holds: boolean, otherwise: string): void {
  if (!holds) throw new Error(`the plan does not hold: ${otherwise}`);
}
