/**
 * Where the models of a run are: as planned, or all on the device that the command line names; and which files they are,
 * so that a worker that is added, or started again, runs what those before it run.
 */
import { findReplaced, findWritten, markFiles } from "../backends/file-marks.ts";
import type { FileMarks } from "../backends/file-marks.ts";
import { listModelFiles } from "../backends/weight-places.ts";
import { describeModel } from "../contract/backend.ts";
import type { Backend, ModelSession, SessionSpec } from "../contract/backend.ts";
import { jobError } from "../contract/failures.ts";
import type { JobError } from "../contract/kernel.ts";
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

/** A file of the model's that is not the one the run began with, or not as it was then. */
export function findOtherFile({ files }: Pick<ModelPlaces, "files">, model: string): string | undefined {
  return findReplaced(files[model] ?? {});
}

/**
 * The backend, putting everything on the device if one is given; cuts and batches stay the plan's. Faults: R0208, a file
 * was written to since the run began; R0209, another was put in its place before the model was loaded.
 */
export function placeBackend(backend: Backend, places: ModelPlaces): Backend {
  return {
    open: async (model, file) => {
      const session = await backend.open(places.device === undefined ? model : { ...model, device: places.device }, file);
      // Looked at afterwards: what was loaded is what was there then.
      const fault = findWrittenFault(places, model, file) ?? findReplacedFault(places, model, file);
      if (fault === undefined) return watchSession(session, () => findWrittenFault(places, model, file));
      await session.close();
      throw fault;
    },
  };
}

/** Weights may be mapped: once a file was written to, nobody knows with which ones a call was made, or why it failed. */
function watchSession(session: ModelSession, findFault: () => JobError | undefined): ModelSession {
  return {
    run: async (inputs) => {
      const outputs = await session.run(inputs).catch((error: unknown) => {
        throw findFault() ?? error;
      });
      const fault = findFault();
      if (fault !== undefined) throw fault;
      return outputs;
    },
    close: session.close,
  };
}

function findWrittenFault({ files }: ModelPlaces, model: SessionSpec, file: string): JobError | undefined {
  const written = findWritten(files[file] ?? {});
  return written === undefined ? undefined : jobError("R0208", `${describeModel(model)}: ${written} was written to while the run used it`, "write a new model to a file of its own and rename it over the old one; then run again");
}

function findReplacedFault(places: ModelPlaces, model: SessionSpec, file: string): JobError | undefined {
  const other = findOtherFile(places, file);
  return other === undefined ? undefined : jobError("R0209", `${describeModel(model)}: ${other} is not the file that the run began with`, "put it back, or run again, with `--fresh` where a checkpoint is kept, so that all rows see the new one");
}
