/** What the sources of a pipeline would read, listed without a worker. */
import type { Split } from "../contract/kernel.ts";
import type { PipelineSpec } from "../contract/program.ts";
import type { Topology } from "./topology.ts";

/** By region. Faults are those of the sources. */
export async function listSources(pipeline: PipelineSpec, topology: Topology): Promise<readonly (readonly Split[])[]> {
  const splits: (readonly Split[])[] = [];
  for (const region of topology.regions) splits.push(await listSource(pipeline, region.source));
  return splits;
}

async function listSource(pipeline: PipelineSpec, stage: number): Promise<readonly Split[]> {
  for (const id of pipeline.stages[stage].steps) {
    const step = pipeline.steps[id];
    if (step.kind !== "read") continue;
    const source = await step.source.open(step.args(), step.columns);
    await source.close();
    return source.splits;
  }
  return [];
}
