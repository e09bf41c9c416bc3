/** Where each worker of a run begins, from what its outputs have committed already. */
import type { PipelineSpec } from "../contract/program.ts";
import { createGroupTracker } from "../recovery/group-tracker.ts";
import type { GroupTracker } from "../recovery/group-tracker.ts";
import type { Outputs } from "../recovery/outputs.ts";
import type { RunLog } from "../telemetry/run-event.ts";
import type { StageResume } from "./messages.ts";
import type { SchedulerOptions } from "./scheduler.ts";
import type { Topology } from "./topology.ts";

export function stageResume(pipeline: PipelineSpec, topology: Topology, { start }: Pick<Outputs, "start">, stage: number): StageResume {
  const { chunks, split, row, passed } = start.regions[topology.stages[stage].region];
  // There may be millions, and each worker gets a copy: only of its own steps.
  const own = new Set(pipeline.stages[stage].steps);
  const keys = new Map([...start.keys].filter(([step]) => own.has(step)));
  return { chunk: chunks, split, row, passed, keys, isKept: pipeline.checkpoint !== undefined };
}

export function schedulerOptions({ start }: Outputs): SchedulerOptions {
  return { firstChunks: start.regions.map(({ chunks }) => chunks), ended: start.regions.map(({ ended }) => ended), exhausted: start.regions.flatMap(({ exhausted }) => exhausted) };
}

/** Brings groups together and commits them, from `opened` on. */
export function trackGroups(pipeline: PipelineSpec, topology: Topology, outputs: Outputs, opened: Promise<void>, log: RunLog): GroupTracker {
  const { start, deadLetters } = outputs;
  return createGroupTracker({
    regions: topology.regions.map(({ id, sinks }) => ({ sinks, start: start.regions[id] })),
    groupChunks: pipeline.groupChunks,
    opened,
    commit: async (group) => {
      await outputs.commit(group);
      const files = group.sinks.reduce((sum, { report }) => sum + report.files.length, 0);
      if (pipeline.checkpoint !== undefined) log({ kind: "commit", group: group.group, rows: group.progress.rowsIn, dead: group.progress.dead, files });
    },
    endLetters: async (region, group) => deadLetters?.endGroup(region, group),
  });
}
