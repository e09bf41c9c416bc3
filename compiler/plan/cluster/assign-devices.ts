/**
 * Gives every replica of every stage its devices: those of one gang in one machine, successive stages close together,
 * each device once. First fit over the machines, larger gangs first where sizes differ.
 */
import type { AcceleratorKind, Lane } from "../place/problem.ts";

/** `taken`: devices in use by machine of the kind, changed in place. Devices are named "machine:device", from 0. */
export type TakenDevices = Map<number, number>;

/** By stage, by replica. Undefined where gangs do not fit the machines. */
export function assignDevices(kind: AcceleratorKind, lane: Lane, taken: TakenDevices): readonly (readonly (readonly string[])[])[] | undefined {
  const gangs = lane.stages.flatMap((stage, index) => Array.from({ length: stage.replicas }, (_, replica) => ({ index, replica, degree: stage.degree, at: (replica + 0.5) / stage.replicas })));
  const mixed = new Set(lane.stages.map((stage) => stage.degree)).size > 1;
  gangs.sort((a, b) => (mixed ? b.degree - a.degree : 0) || a.at - b.at || a.index - b.index || a.replica - b.replica);
  const assigned = lane.stages.map((stage): (readonly string[])[] => Array.from({ length: stage.replicas }, () => []));
  let open = 0;
  for (const gang of gangs) {
    const machine = findMachine(kind, taken, gang.degree, open);
    if (machine === undefined) return undefined;
    const first = taken.get(machine) ?? 0;
    taken.set(machine, first + gang.degree);
    const own = assigned[gang.index];
    if (own !== undefined) own[gang.replica] = Array.from({ length: gang.degree }, (_, i) => `${machine}:${first + i}`);
    while (open < kind.nodes && (taken.get(open) ?? 0) >= kind.perNode) open++;
  }
  return assigned;
}

function findMachine(kind: AcceleratorKind, taken: TakenDevices, degree: number, open: number): number | undefined {
  for (let machine = open; machine < kind.nodes; machine++) {
    if (kind.perNode - (taken.get(machine) ?? 0) >= degree) return machine;
  }
  return undefined;
}
