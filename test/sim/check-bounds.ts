/** What must hold of a simulated engine whenever its scheduler has spoken: tickets, places, bytes, cores and memory. */
import type { Scheduler } from "../../runtime/topology/scheduler.ts";
import type { Topology } from "../../runtime/topology/topology.ts";
import { MAX_CHUNK_BYTES } from "./work.ts";
import type { Work } from "./work.ts";

/** Throws at what does not. `loadedBytes`: held by the workers there are. */
export function createBoundsCheck(work: Work, topology: Topology, scheduler: Scheduler): (loadedBytes: number) => void {
  const startBytes = topology.stages.reduce((sum, { replicas }) => sum + replicas * work.replicaBytes, 0);
  const bytesMax = Math.max(work.memoryBytes, startBytes);
  const { regions, edges, cores } = topology;
  return (loadedBytes) => {
    const inFlight = scheduler.inFlight();
    for (const { id, tickets } of regions) if (inFlight[id] > tickets) throw new Error(`${inFlight[id]} chunks are under way in region ${id}, it has ${tickets} tickets`);
    const fill = scheduler.edgeFill();
    for (const edge of edges) {
      const { held, bytes } = fill[edge.id];
      if (held > edge.capacity) throw new Error(`edge ${edge.id} holds ${held} chunks of ${edge.capacity}`);
      if (held > 1 && bytes > edge.bytesMax + MAX_CHUNK_BYTES * held) throw new Error(`edge ${edge.id} holds ${bytes} bytes of ${edge.bytesMax}`);
    }
    // One is lent to stages that are quick.
    if (scheduler.coresInUse() > cores + 1) throw new Error("more core tokens are out than there are");
    if (loadedBytes > bytesMax) throw new Error("workers hold more memory than there is");
  };
}
