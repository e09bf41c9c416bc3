/**
 * Gives every replica of every stage its devices: those of one gang in one link domain of a machine, successive stages close together,
 * each device once. First fit over the machines, larger gangs first where sizes differ.
 */
import { domainOf } from "../place/problem.ts";
import type { AcceleratorKind, PlacedStage } from "../place/problem.ts";

/** By stage (of all lanes), by replica: devices as "machine:device", from 0. Undefined where gangs do not fit the machines. */
export function assignDevices(kinds: readonly AcceleratorKind[], stages: readonly PlacedStage[]): readonly (readonly (readonly string[])[])[] | undefined {
  const assigned = stages.map((stage): (readonly string[])[] => Array.from({ length: stage.replicas }, () => []));
  const fit = kinds.every((kind, index) => assignKind(kind, index, stages, assigned));
  return fit ? assigned : undefined;
}

function assignKind(kind: AcceleratorKind, kindIndex: number, stages: readonly PlacedStage[], assigned: readonly (readonly string[])[][]): boolean {
  // Devices in use by machine.
  const taken = new Map<number, number>();
  const gangs = stages.flatMap((stage, index) => (stage.kind === kindIndex ? Array.from({ length: stage.replicas }, (_, replica) => ({ index, replica, degree: stage.degree, at: (replica + 0.5) / stage.replicas })) : []));
  const mixed = new Set(stages.filter((stage) => stage.kind === kindIndex).map((stage) => stage.degree)).size > 1;
  gangs.sort((a, b) => (mixed ? b.degree - a.degree : 0) || a.at - b.at || a.index - b.index || a.replica - b.replica);
  let open = 0;
  for (const gang of gangs) {
    const machine = findMachine(kind, taken, gang.degree, open);
    if (machine === undefined) return false;
    const first = firstDevice(kind, taken.get(machine) ?? 0, gang.degree);
    taken.set(machine, first + gang.degree);
    const own = assigned[gang.index];
    if (own !== undefined) own[gang.replica] = Array.from({ length: gang.degree }, (_, i) => `${machine}:${first + i}`);
    while (open < kind.nodes && (taken.get(open) ?? 0) >= kind.perNode) open++;
  }
  return true;
}

function findMachine(kind: AcceleratorKind, taken: ReadonlyMap<number, number>, degree: number, open: number): number | undefined {
  for (let machine = open; machine < kind.nodes; machine++) {
    if (firstDevice(kind, taken.get(machine) ?? 0, degree) + degree <= kind.perNode) return machine;
  }
  return undefined;
}

/** The next free device, or the first of the next domain where the gang would reach over the end of this one. */
function firstDevice(kind: AcceleratorKind, taken: number, degree: number): number {
  const domain = domainOf(kind);
  return (taken % domain) + degree <= domain ? taken : taken - (taken % domain) + domain;
}
