/** A call that was in flight when an engine died, in words that complete "while …". */
import type { PipelineSpec } from "../contract/program.ts";
import type { Flight } from "../recovery/flight-recorder.ts";
import { readTopology } from "./topology.ts";

/** `inputs`: names of the input files, by region, as far as they are known. */
export function describeFlight(pipeline: PipelineSpec, inputs: readonly (readonly string[])[], flight: Flight): string {
  const { kind, stage, step, split, firstRow, rows } = flight;
  if (kind === "write") return `writing to \`${pipeline.sinks[step].label}\``;
  const { name, at } = pipeline.steps[step];
  const who = `\`${name}\` (${at.file}:${at.line})`;
  if (kind === "load") return `loading ${who}`;
  const region = readTopology(pipeline).stages[stage].region;
  const file = inputs[region]?.[split] ?? `file ${split + 1} of the input`;
  return kind === "read" ? `reading ${file} from row ${firstRow} on` : `computing ${who} on rows ${firstRow} to ${firstRow + Math.max(1, rows) - 1} of ${file}`;
}
