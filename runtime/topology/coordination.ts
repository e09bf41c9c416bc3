/** What the coordinator knows of a run while it lasts: what handles workers' words and carries out commands works on it. */
import type { PipelineSpec } from "../contract/program.ts";
import type { Value } from "../contract/value.ts";
import type { Outputs } from "../recovery/outputs.ts";
import type { GroupTracker } from "../recovery/group-tracker.ts";
import type { RunLog } from "../telemetry/run-event.ts";
import type { Supervised } from "./engine-order.ts";
import type { Elasticity } from "./elasticity.ts";
import type { WorkerRole } from "./messages.ts";
import type { RunControl } from "./run-control.ts";
import type { RunLedger } from "./run-ledger.ts";
import type { RunningWorker, PortsOfWorker, WorkerSetting } from "./run-workers.ts";
import type { Scheduler } from "./scheduler.ts";
import type { StallWatch } from "./stall-watch.ts";
import type { Topology } from "./topology.ts";

export interface CoordinatorRequest {
  readonly pipeline: PipelineSpec;
  readonly topology: Topology;
  readonly ledger: RunLedger;
  readonly outputs: Outputs;
  readonly params: Readonly<Record<string, Value>>;
  /** The program's own bundle, which every worker runs, and its folder. */
  readonly file: string;
  readonly folder: string;
  /** Text that a worker's code writes to stdout or stderr. */
  readonly onText: (stream: "stdout" | "stderr", text: Uint8Array) => void;
  /** Called when rows start to move, and gives the view of queues for progress. */
  readonly onStart: (scheduler: Scheduler) => void;
  readonly signal: AbortSignal;
  readonly supervised?: Supervised | undefined;
  /** In place of the plan's devices. */
  readonly device: string | undefined;
  /** Told everything that happens; never asked. */
  readonly log: RunLog;
  /** Through which the run can be asked to end early. */
  readonly control: RunControl | undefined;
}

/** The workers that a run begins with, as long as not all of them are ready. */
export interface Opening {
  /** Sources and sinks among them: rows move when these are. */
  ends: number;
  all: number;
  /** Every one of them is ready. */
  readonly done: () => void;
}

export interface Coordination {
  readonly request: CoordinatorRequest & WorkerSetting;
  readonly scheduler: Scheduler;
  /** By stage and replica; undefined where none is, or none any more. */
  readonly stageWorkers: readonly (RunningWorker | undefined)[][];
  readonly sinkWorkers: RunningWorker[];
  /** Sinks that have everything. */
  readonly finished: Set<number>;
  readonly groups: GroupTracker;
  readonly opening: Opening;
  /** When each worker was started that is not ready yet. */
  readonly loadingSince: Map<string, number>;
  readonly stalls: StallWatch;
  /** Undefined where no stage may change its number of workers. */
  readonly elasticity: Elasticity | undefined;
  /** Starts a worker; its faults end the run. */
  readonly start: (role: WorkerRole, ports: PortsOfWorker) => RunningWorker;
  readonly resolve: () => void;
  readonly reject: (error: unknown) => void;
}
