/**
 * Where the models of a run are: as planned, or all on the device that the command line names; and which files they are,
 * so that a worker that is added, or started again, runs what those before it run.
 */
import { findReplaced, markFiles } from "../backends/watch-files.ts";
import type { FileMarks } from "../backends/watch-files.ts";
import { listModelFiles } from "../backends/weight-places.ts";
import type { Backend } from "../contract/backend.ts";
import { jobError } from "../contract/failures.ts";
import type { PipelineSpec } from "../contract/program.ts";
import { programFile } from "../contract/program-folder.ts";
import { modelFiles } from "../recovery/identity.ts";
import { allocateDeviceLocks } from "./device-locks.ts";

/** What whoever opens a session needs to know of it. */
export interface ModelPlaces {
  /** In place of the plan's devices. */
  readonly device: string | undefined;
  /** By each model's path, its file and those that its weights lie in, as the run found them. */
  readonly files: Readonly<Record<string, FileMarks>>;
}

/** What every worker needs to know of it. */
export interface Placement extends ModelPlaces {
  /** Memory of the locks of devices. */
  readonly locks: SharedArrayBuffer;
}

export function placeRun(pipeline: PipelineSpec, device: string | undefined): Placement {
  return { ...placeModels(pipeline, device), locks: allocateDeviceLocks(pipeline, device) };
}

/** As their files are now. One that is not there is a fault of the model's, told when it is loaded. */
export function placeModels(pipeline: PipelineSpec, device: string | undefined): ModelPlaces {
  const files = modelFiles(pipeline).map(programFile);
  return { device, files: Object.fromEntries(files.map((file) => [file, markFiles(listModelFiles(file))])) };
}

/** A file of the model's that is not the one the run began with. */
export function findOtherFile({ files }: Pick<ModelPlaces, "files">, model: string): string | undefined {
  return findReplaced(files[model] ?? {});
}

/** The backend, putting everything on the device if one is given; cuts and batches stay the plan's. Fault: R0209, another file than the run began with. */
export function placeBackend(backend: Backend, places: ModelPlaces): Backend {
  return {
    open: async (model, file) => {
      const session = await backend.open(places.device === undefined ? model : { ...model, device: places.device }, file);
      // Looked at afterwards: what was loaded is what was there then, or the backend would have said so.
      const other = findOtherFile(places, file);
      if (other === undefined) return session;
      await session.close();
      throw jobError("R0209", `model \`${model.name}\` (${model.at.file}:${model.at.line}): ${other} is not the file that the run began with`, "put it back, or run again, with `--fresh` where a checkpoint is kept, so that all rows see the new one");
    },
  };
}
