/** Tells a scheduler that the workers which its run begins with are there, sources last. Gives what follows. */
import type { Scheduler, SchedulerCommand } from "../../runtime/topology/scheduler.ts";
import type { Topology } from "../../runtime/topology/topology.ts";

export function loadAll(scheduler: Scheduler, { stages }: Topology): readonly SchedulerCommand[] {
  const inTurn = [...stages.filter(({ isSource }) => !isSource), ...stages.filter(({ isSource }) => isSource)];
  return inTurn.flatMap(({ id, replicas }) => Array.from({ length: replicas }, (_, replica) => scheduler.handle({ kind: "loaded", stage: id, replica, incarnation: 0 })).flat());
}
