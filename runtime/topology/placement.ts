/** Where the models of a run are: as planned, or all on the device that the command line names. */
import type { Backend } from "../contract/backend.ts";
import type { PipelineSpec } from "../contract/program.ts";
import { allocateDeviceLocks } from "./device-locks.ts";

/** What every worker needs to know of it. */
export interface Placement {
  /** In place of the plan's devices. */
  readonly device: string | undefined;
  /** Memory of the locks of devices. */
  readonly locks: SharedArrayBuffer;
}

export function placeRun(pipeline: PipelineSpec, device: string | undefined): Placement {
  return { device, locks: allocateDeviceLocks(pipeline, device) };
}

/** The backend, putting everything on `device` if one is given. Cuts and batches stay the plan's. */
export function placeBackend(backend: Backend, device: string | undefined): Backend {
  return device === undefined ? backend : { open: (model, file) => backend.open({ ...model, device }, file) };
}
