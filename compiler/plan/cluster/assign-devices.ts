/**
 * Gives every replica of every stage its devices: those of one gang in one machine, successive stages close together,
 * each device once. First fit over the machines, larger gangs first where sizes differ.
 */
import type { AcceleratorKind, Lane } from "../place/problem.ts";

/** `taken`: devices in use by machine of the kind, changed in place. Devices are named "machine:device", from 0. */
export type TakenDevices = Map<number, number>;

/** By stage, by replica. `taken` by kind. Undefined where gangs do not fit the machines. */
export function assignDevices(kinds: readonly AcceleratorKind[], lane: Lane, taken: readonly TakenDevices[]): readonly (readonly (readonly string[])[])[] | undefined {
  const assigned = lane.stages.map((stage): (readonly string[])[] => Array.from({ length: stage.replicas }, () => []));
  const fit = kinds.every((kind, index) => assignKind(kind, index, lane, taken[index] ?? new Map(), assigned));
  return fit ? assigned : undefined;
}

function assignKind(kind: AcceleratorKind, kindIndex: number, lane: Lane, taken: TakenDevices, assigned: readonly (readonly string[])[][]): boolean {
  const gangs = lane.stages.flatMap((stage, index) => (stage.kind === kindIndex ? Array.from({ length: stage.replicas }, (_, replica) => ({ index, replica, degree: stage.degree, at: (replica + 0.5) / stage.replicas })) : []));
  const mixed = new Set(lane.stages.map((stage) => stage.degree)).size > 1;
  gangs.sort((a, b) => (mixed ? b.degree - a.degree : 0) || a.at - b.at || a.index - b.index || a.replica - b.replica);
  let open = 0;
  for (const gang of gangs) {
    const machine = findMachine(kind, taken, gang.degree, open);
    if (machine === undefined) return false;
    const first = taken.get(machine) ?? 0;
    taken.set(machine, first + gang.degree);
    const own = assigned[gang.index];
    if (own !== undefined) own[gang.replica] = Array.from({ length: gang.degree }, (_, i) => `${machine}:${first + i}`);
    while (open < kind.nodes && (taken.get(open) ?? 0) >= kind.perNode) open++;
  }
  return true;
}

function findMachine(kind: AcceleratorKind, taken: TakenDevices, degree: number, open: number): number | undefined {
  for (let machine = open; machine < kind.nodes; machine++) {
    if (kind.perNode - (taken.get(machine) ?? 0) >= degree) return machine;
  }
  return undefined;
}
