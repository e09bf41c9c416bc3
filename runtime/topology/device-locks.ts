/**
 * Devices that gangs hold while they run a batch. Two gangs on the same devices would otherwise run segments in turn,
 * each waiting for peers whose device is busy with the other. All devices of a batch are taken before it starts, in one
 * order for the whole run (by name), so that no gang holds a device and waits for one that another holds in turn.
 *
 * Cores are not locked: what bounds them is the threads of the sessions. Stages without a gang share devices freely.
 */
import type { PipelineSpec } from "../contract/program.ts";

export interface DeviceLocks {
  /** Runs `act` while no other gang has any of the devices. */
  readonly hold: <T>(devices: readonly string[], act: () => Promise<T>) => Promise<T>;
}

/** Memory for the locks of a run, to be shared by all its threads. */
export function allocateDeviceLocks(pipeline: PipelineSpec, device: string | undefined): SharedArrayBuffer {
  return new SharedArrayBuffer(lockedDevices(pipeline, device).length * Int32Array.BYTES_PER_ELEMENT);
}

const FREE = 0;
const HELD = 1;

/** `device`: in place of the plan's. Memory as `allocateDeviceLocks` gave it for the same pipeline and device. */
export function openDeviceLocks(pipeline: PipelineSpec, device: string | undefined, memory: SharedArrayBuffer): DeviceLocks {
  const names = lockedDevices(pipeline, device);
  const cells = new Int32Array(memory);
  return {
    hold: async (devices, act) => {
      const held = names.flatMap((name, cell) => (devices.includes(name) ? [cell] : []));
      for (const cell of held) await acquire(cells, cell);
      try {
        return await act();
      } finally {
        for (const cell of held.toReversed()) {
          Atomics.store(cells, cell, FREE);
          Atomics.notify(cells, cell, 1);
        }
      }
    },
  };
}

async function acquire(cells: Int32Array<SharedArrayBuffer>, cell: number): Promise<void> {
  while (Atomics.compareExchange(cells, cell, FREE, HELD) !== FREE) await Atomics.waitAsync(cells, cell, HELD).value;
}

/** Devices that gangs use, in the order in which they are taken. */
function lockedDevices(pipeline: PipelineSpec, device: string | undefined): readonly string[] {
  const ranks = pipeline.steps.flatMap((step) => (step.kind === "modelPart" && step.part.ranks.length > 1 ? step.part.ranks : []));
  const ofReplicas = pipeline.stages.flatMap((stage) => stage.devices ?? []).filter((own) => own.length > 1).flat();
  const names = new Set([...ranks.map((rank) => rank.device), ...ofReplicas].map((name) => device ?? name));
  return [...names].filter((name) => name !== "cpu" && !name.startsWith("cpu:")).sort();
}
