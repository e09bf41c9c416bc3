/**
 * What a plan for a cluster decides of the bytes that a program writes: the batch of each model that the program leaves
 * open. A model that is cut has none of its own until its pieces run apart.
 */
import type { ClusterPipeline, ClusterPlan } from "./cluster-plan.ts";
import type { Plan } from "../plan.ts";

/** By pipeline, then by stage of the program's plan. */
export function solvedBatches(cluster: ClusterPlan, plan: Plan): ReadonlyMap<string, ReadonlyMap<number, number>> {
  return new Map(cluster.pipelines.map((pipeline) => {
    const stages = plan.pipelines.find((candidate) => candidate.name === pipeline.name)?.stages ?? [];
    const batches = stages.flatMap((stage) => {
      const batch = stage.model === undefined ? undefined : batchOf(pipeline, stage.model.name, stage.id);
      return batch === undefined ? [] : [[stage.id, batch] as const];
    });
    return [pipeline.name, new Map(batches)] as const;
  }));
}

/** Of the first lane that holds the model whole: batches decide bytes, so all lanes of a program must cut alike. */
function batchOf(pipeline: ClusterPipeline, model: string, stage: number): number | undefined {
  const onCores = pipeline.cpuStages.find((candidate) => candidate.id === stage && candidate.model !== null)?.model?.batch;
  const parts = pipeline.lanes.flatMap((lane) => lane.stages.flatMap((candidate) => candidate.parts));
  const whole = parts.find((part) => part.model === model && part.from === 0 && part.to === part.nodes);
  return onCores ?? whole?.batch;
}
