/** Where the outputs of a pipeline with a checkpoint lie while they are written and in the end, and what forbids to go on. */
import { basename, dirname, join, resolve } from "node:path";
import { describeChanges } from "./identity.ts";
import type { RunIdentity } from "./identity.ts";
import type { Header, LogOutput } from "./manifest.ts";
import { hiddenPath } from "./output-target.ts";
import type { OutputTarget } from "./output-target.ts";
import type { Places } from "./outputs.ts";
import { ROWS_EXTENSION } from "./rows-file.ts";

/** An output with files: those of a sink, or the dead letters. */
export interface KeptOutput {
  readonly target: OutputTarget;
  /** Undefined for the dead letters. */
  readonly sink: number | undefined;
}

export function listOutputs({ targets, deadTarget }: Places): readonly KeptOutput[] {
  const sinks = targets.flatMap((target, sink): readonly KeptOutput[] => (target === undefined ? [] : [{ target, sink }]));
  return deadTarget === undefined ? sinks : [...sinks, { target: deadTarget, sink: undefined }];
}

/** Files of sinks are of one region; of the dead letters each file says it, as the second number of its name. */
export function regionOfOutput({ sink }: KeptOutput, part: number, regionOf: (sink: number) => number): number {
  return sink === undefined ? part : regionOf(sink);
}

/** Where the files of each output lie, for the run of this name. */
export function describeOutputs(outputs: readonly KeptOutput[], run: string): readonly LogOutput[] {
  return outputs.map(({ target, sink }) => {
    const full = resolve(target.path);
    const hidden = (what: string): string => `${hiddenPath(full, what)}-${run}`;
    const isFile = target.kind === "file";
    const extension = isFile && sink !== undefined ? ROWS_EXTENSION : target.extension;
    return { staging: `${hidden("staging")}-`, dead: `${hidden("dead")}-`, final: isFile ? hidden("parts") : full, extension, isTemporary: isFile };
  });
}

/** The path that the user gave an output of the run of this name. */
export function placeOf({ final, isTemporary }: LogOutput, run: string): string {
  return isTemporary ? join(dirname(final), basename(final).slice(".pipec-parts-".length, -`-${run}`.length)) : final;
}

/** Why a run may not go on with what an earlier one committed. */
export function findObstacles(header: Header, identity: RunIdentity, outputs: readonly KeptOutput[]): readonly string[] {
  // Written by this engine: the CRC of its line says so.
  const changes = describeChanges(header.identity as RunIdentity, identity);
  const now = describeOutputs(outputs, header.run);
  if (now.length !== header.outputs.length) return [...changes, `outputs with files were ${header.outputs.length} and are ${now.length}`];
  const moved = now.flatMap((output, index) => {
    const before = header.outputs[index];
    return output.final === before.final ? [] : [`an output went to ${placeOf(before, header.run)} and would go to ${placeOf(output, header.run)}`];
  });
  return [...changes, ...moved];
}
