/** What a run would reuse of one that stopped, and what forbids that. Reads only. */
import { resolve } from "node:path";
import type { Program } from "../contract/define-program.ts";
import { setProgramFolder } from "../contract/program-folder.ts";
import type { PipelineSpec } from "../contract/program.ts";
import type { Value } from "../contract/value.ts";
import { hasBegun } from "../recovery/commit-state.ts";
import { finalsOf } from "../recovery/commit-steps.ts";
import { realFiles } from "../recovery/file-system.ts";
import { findStale } from "../recovery/finished-run.ts";
import { describeInputChanges, noteInputs } from "../recovery/identity.ts";
import { findObstacles, listOutputs, placeOf, regionOfOutput } from "../recovery/kept-places.ts";
import { findManifest, listManifests, manifestPath, readOwner } from "../recovery/manifest-files.ts";
import type { Found } from "../recovery/manifest-files.ts";
import { describePlaces } from "../recovery/outputs.ts";
import { isAlive } from "../recovery/owner.ts";
import { describeAlterations } from "../recovery/verify-output.ts";
import { listSources } from "./list-sources.ts";
import { describeKept } from "./run-pipeline.ts";
import { readTopology } from "./topology.ts";

export interface ExplainRequest {
  readonly program: Program;
  readonly pipeline: PipelineSpec;
  readonly params: Readonly<Record<string, Value>>;
  readonly folder: string;
}

export interface ResumeExplained {
  readonly lines: readonly string[];
  readonly isForbidden: boolean;
}

export async function explainResume(request: ExplainRequest): Promise<ResumeExplained> {
  const { pipeline, program, params, folder } = request;
  program.setParams(params);
  setProgramFolder(folder);
  if (pipeline.checkpoint === undefined) return { lines: [`${pipeline.name} keeps no checkpoint: every run starts from the beginning.`, 'With `checkpoint: { at: "folder" }` a run that is stopped can be gone on with.'], isForbidden: false };
  const at = pipeline.checkpoint.at();
  const found = await findManifest(realFiles, resolve(at));
  if (found === undefined) return { lines: [`There is nothing to go on with: ${at} holds no checkpoint. The next run starts from the beginning.`], isForbidden: false };
  if (found.state.published) return explainFinished(request, found);
  const owners = await findOwner(at);
  if (!hasBegun(found.state)) return { lines: [`The checkpoint ${at} is of a run that stopped before anything was committed. The next run starts from the beginning.`, ...(owners.length > 0 ? describeObstacles(owners) : [])], isForbidden: owners.length > 0 };
  const obstacles = [...owners, ...(await findReasons(request, found, at))];
  return { lines: [...describeFound(at, pipeline, found), ...describeObstacles(obstacles)], isForbidden: obstacles.length > 0 };
}

async function explainFinished({ pipeline, params }: ExplainRequest, found: Found): Promise<ResumeExplained> {
  const topology = readTopology(pipeline);
  const { identity } = await describeKept({ pipeline, params }, topology);
  const places = describePlaces(pipeline);
  const outputs = listOutputs(places);
  const changes = findObstacles(found.header, identity, outputs);
  const reasons = changes.length > 0 ? changes : await findStale(found, outputs.map(({ target }) => target), places.others, () => listSources(pipeline, topology));
  const said = reasons.length === 0 ? ["The next run has nothing to do; with --fresh it runs again."] : ["The next run starts from the beginning and replaces what was written:", ...reasons.map((reason) => `  ${reason}`)];
  return { lines: ["The last run has finished.", ...said], isForbidden: false };
}

async function findOwner(at: string): Promise<readonly string[]> {
  const folder = resolve(at);
  const last = (await listManifests(realFiles, folder)).at(-1) ?? 0;
  const owner = await readOwner(realFiles, folder, last);
  if (owner === undefined || owner === "none" || !(await isAlive(owner, manifestPath(folder, last)))) return [];
  return [`a run is at work with it (process ${owner.pid} on ${owner.host})`];
}

async function findReasons({ pipeline, params }: ExplainRequest, found: Found, checkpoint: string): Promise<readonly string[]> {
  const topology = readTopology(pipeline);
  const { identity } = await describeKept({ pipeline, params }, topology);
  const outputs = listOutputs(describePlaces(pipeline));
  const regionOf = (output: number, part: number): number => regionOfOutput(outputs[output], part, (sink) => topology.sinks[sink].region);
  const committedMs = (await realFiles.look(manifestPath(resolve(checkpoint), found.manifest)))?.modifiedMs ?? 0;
  const altered = outputs.length === found.header.outputs.length ? await describeAlterations(realFiles, found, { others: finalsOf(found.header.outputs), regionOf, committedMs }) : [];
  const reasons = [...findObstacles(found.header, identity, outputs), ...altered];
  if (found.state.inputs === undefined) return reasons;
  const splits = await listSources(pipeline, topology);
  return [...reasons, ...describeInputChanges(found.state.inputs, splits.map(noteInputs))];
}

function describeFound(at: string, pipeline: PipelineSpec, { state, header }: Found): readonly string[] {
  const rows = (what: "rowsIn" | "dead"): number => state.regions.reduce((sum, region) => sum + region[what], 0);
  const groups = state.regions.reduce((sum, region) => sum + region.groups, 0);
  const count = (number: number, what: string): string => `${number.toLocaleString("en-US")} ${what}${number === 1 ? "" : "s"}`;
  const isEnded = state.regions.every(({ ended }) => ended);
  return [
    `The checkpoint ${at} is of a run of ${pipeline.name} that stopped${isEnded ? " when everything was computed" : ""}.`,
    `Reused: ${count(groups, "group")}, ${count(rows("rowsIn"), "row")} read, ${rows("dead").toLocaleString("en-US")} of them failed.`,
    ...header.outputs.map((output, index) => {
      const { files, rows: done } = state.outputs[index];
      return `  ${placeOf(output, header.run)}: ${output.isTemporary ? "" : `${count(files, "file")}, `}${count(done, "row")}${output.isTemporary ? ", kept beside it until there are no more" : ""}`;
    }),
    ...(isEnded ? [] : ["Computed again: nothing that is committed; the rows after it are read from where they begin."]),
    ...(pipeline.sinks.some(({ kernel }) => kernel.extension === undefined) ? ["Sinks without files show the rows after the last group again."] : []),
    "Replicas, devices and threads may differ from those of the run that stopped.",
  ];
}

function describeObstacles(obstacles: readonly string[]): readonly string[] {
  if (obstacles.length === 0) return ["Nothing forbids to go on: run the same command again."];
  return ["What forbids to go on:", ...obstacles.map((obstacle) => `  ${obstacle}`), "Bring back what changed, or start over with --fresh."];
}
