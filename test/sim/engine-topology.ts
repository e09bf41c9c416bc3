/**
 * The topology that one engine works with. Every node is written out: objects that are made by spreading have shapes of
 * their own each time, and V8 throws away what it has compiled for the shapes before.
 */
import type { EdgeNode, RegionNode, SinkNode, StageNode, Topology } from "../../runtime/topology/topology.ts";

export function engineTopology({ cores, stages, edges, sinks, regions }: Topology, ticketsMax: number): Topology {
  return { cores, stages: stages.map(stageOf), edges: edges.map(edgeOf), sinks: sinks.map(sinkOf), regions: regions.map((region) => regionOf(region, ticketsMax)) };
}

function stageOf({ id, label, replicas, replicasMin, replicasMax, cores, mayWait, ordered, isSource, takesParts, cutsParts, ins, outs, region }: StageNode): StageNode {
  return { id, label, replicas, replicasMin, replicasMax, cores, mayWait, ordered, isSource, takesParts, cutsParts, ins, outs, region };
}

function edgeOf({ id, fromStage, to, capacity, bytesMax, holdsTickets, inParts }: EdgeNode): EdgeNode {
  return { id, fromStage, to: to.kind === "sink" ? { kind: "sink", sink: to.sink } : { kind: "stage", stage: to.stage }, capacity, bytesMax, holdsTickets, inParts };
}

function sinkOf({ id, edge, region }: SinkNode): SinkNode {
  return { id, edge, region };
}

function regionOf({ id, source, tickets, groupChunks, sinks }: RegionNode, ticketsMax: number): RegionNode {
  return { id, source, tickets: Math.min(tickets, ticketsMax), groupChunks, sinks };
}
