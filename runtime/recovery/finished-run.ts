/** Whether a run that has finished is still what a new one would make: then there is nothing to do. */
import { resolve } from "node:path";
import type { Split } from "../contract/kernel.ts";
import { realFiles } from "./file-system.ts";
import { describeInputChanges, noteInputs } from "./identity.ts";
import type { Found } from "./manifest-files.ts";
import type { StagedFile } from "./manifest.ts";
import { readMark } from "./output-target.ts";
import type { OutputTarget } from "./output-target.ts";
import { exists } from "./outputs.ts";
import { verifyOutput } from "./verify-output.ts";

/** Why a finished run would be run anew, beside what changed of the program. */
export async function findStale(found: Found, targets: readonly OutputTarget[], others: ReadonlySet<string>, listSources: () => Promise<readonly (readonly Split[])[]>): Promise<readonly string[]> {
  const { state } = found;
  const stale: string[] = [];
  for (const [index, target] of targets.entries()) {
    if (await isWhole(found, index, target, others)) continue;
    stale.push(`${target.path} is not what it was when the run finished`);
  }
  const sources = await listSources();
  return [...stale, ...describeInputChanges(state.inputs ?? [], sources.map(noteInputs))];
}

async function isWhole({ state }: Found, index: number, target: OutputTarget, others: ReadonlySet<string>): Promise<boolean> {
  const full = resolve(target.path);
  if (target.kind === "file") return isSameFile(full, state.wholes?.[index] ?? undefined);
  // A folder of dead letters is not made where nothing failed.
  if (state.outputs[index].files === 0 && !(await exists(full))) return true;
  if ((await readMark(full)) === undefined) return false;
  const found = await verifyOutput(realFiles, { final: full, extension: target.extension, others, isCommitted: () => true, committedMs: Infinity }, state.outputs[index]);
  return found.kind === "whole";
}

/** Undefined: nothing is known of it but that it was there. */
async function isSameFile(path: string, was: StagedFile | undefined): Promise<boolean> {
  const now = await realFiles.look(path);
  if (now === undefined || was === undefined) return now !== undefined;
  return now.bytes === was.bytes && (now.modifiedMs === was.modifiedMs || (await realFiles.crc(path)) === was.crc);
}
