/** Whether a run that has finished is still what a new one would make: then there is nothing to do. */
import { resolve } from "node:path";
import type { Split } from "../contract/kernel.ts";
import { realFiles } from "./file-system.ts";
import { describeInputChanges, noteInputs } from "./identity.ts";
import type { Found } from "./manifest-files.ts";
import { digestFolder } from "./output-files.ts";
import { readMark } from "./output-target.ts";
import type { OutputTarget } from "./output-target.ts";
import { exists } from "./outputs.ts";

/** Why a finished run would be run anew, beside what changed of the program. */
export async function findStale({ state }: Found, targets: readonly OutputTarget[], others: ReadonlySet<string>, listSources: () => Promise<readonly (readonly Split[])[]>): Promise<readonly string[]> {
  const stale: string[] = [];
  for (const [index, target] of targets.entries()) {
    const { files, digest } = state.outputs[index];
    if (await isWhole(target, others, files, digest)) continue;
    stale.push(`${target.path} is not what it was when the run finished`);
  }
  const sources = await listSources();
  return [...stale, ...describeInputChanges(state.inputs ?? [], sources.map(noteInputs))];
}

async function isWhole(target: OutputTarget, others: ReadonlySet<string>, files: number, digest: string): Promise<boolean> {
  const full = resolve(target.path);
  if (target.kind === "file") return exists(full);
  // A folder of dead letters is not made where nothing failed.
  if (files === 0 && !(await exists(full))) return true;
  if ((await readMark(full)) === undefined) return false;
  const found = await digestFolder(realFiles, full, target.extension, others, () => true);
  return found.files === files && found.digest === digest;
}
