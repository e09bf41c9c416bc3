/**
 * Random pipelines for the simulator: forks, joins, ordered stages, stages that cut chunks into parts and stages that take
 * them part by part, uneven replicas, several sinks and sources.
 */
import { partFlow } from "../../runtime/contract/stage-parts.ts";
import { mustHoldTickets } from "../../runtime/topology/topology.ts";
import type { EdgeNode, StageNode, Topology } from "../../runtime/topology/topology.ts";
import { createRandom } from "./random.ts";
import type { Random } from "./random.ts";

type StageDraft = Omit<StageNode, "ins" | "outs" | "takesParts" | "cutsParts">;

/** Each region has one source; every other stage takes one to three of the streams before it. */
export function randomTopology(random: Random, tickets: "one" | "planned"): Topology {
  const stages: StageDraft[] = [];
  const links: { readonly from: number; readonly to: number | "sink" }[] = [];
  const cores = 1 + random.integer(6);
  const regionCount = 1 + random.integer(2);
  for (let region = 0; region < regionCount; region++) {
    const first = stages.length;
    stages.push({ id: first, label: `source ${region}`, ...replicasOf(random, true), cores: 0, mayWait: false, ordered: true, isSource: true, region });
    const count = 1 + random.integer(7);
    for (let added = 0; added < count; added++) {
      const id = stages.length;
      const ordered = random.integer(5) === 0;
      const own = { ...replicasOf(random, ordered), cores: random.integer(1 + cores) };
      stages.push({ id, label: `stage ${id}`, ...own, mayWait: own.cores === 0, ordered, isSource: false, region });
      const froms = new Set(Array.from({ length: 1 + (random.integer(3) === 0 ? 1 + random.integer(2) : 0) }, () => first + random.integer(id - first)));
      for (const from of froms) links.push({ from, to: id });
    }
    const isRead = (id: number): boolean => links.some((link) => link.from === id);
    for (let id = first; id < stages.length; id++) if (!isRead(id) || random.integer(6) === 0) links.push({ from: id, to: "sink" });
  }
  return assemble(cores, stages, links, tickets, random);
}

/** Often a range, of which some workers are there at the start. */
function replicasOf(random: Random, ordered: boolean): Pick<StageNode, "replicas" | "replicasMin" | "replicasMax"> {
  const replicasMax = ordered ? 1 : 1 + random.integer(4);
  const replicasMin = 1 + random.integer(replicasMax);
  return { replicas: replicasMin + random.integer(replicasMax - replicasMin + 1), replicasMin, replicasMax };
}

function assemble(cores: number, stages: readonly StageDraft[], links: readonly { readonly from: number; readonly to: number | "sink" }[], tickets: "one" | "planned", random: Random): Topology {
  const ticketCount = tickets === "one" ? 1 : 1 + random.integer(12);
  const insOf = (id: number): readonly number[] => links.flatMap((link, edge) => (link.to === id ? [edge] : []));
  const isJoin = (id: number): boolean => insOf(id).length !== 1;
  // Drawn by themselves: some of the graphs have no parts, and are what they would be if there were none.
  const drawn = createRandom(stages.length * 1009 + links.length * 31 + ticketCount);
  const hasParts = drawn.integer(4) > 0;
  const shapes = stages.map(({ id, ordered }) => ({ kinds: [isJoin(id) || drawn.integer(3) === 0 ? ("filter" as const) : ("map" as const)], ordered, isUnderExplode: hasParts && drawn.integer(4) > 0 && insOf(id).length > 0 }));
  const flow = partFlow(shapes, links.map(({ from, to }) => ({ fromStage: from, toStage: to === "sink" ? undefined : to })));
  const nodes = stages.map((stage): StageNode => ({ ...stage, ...flow.stages[stage.id], ins: insOf(stage.id), outs: links.flatMap((link, edge) => (link.from === stage.id ? [edge] : [])) }));
  let sinkCount = 0;
  const edges = links.map((link, id): EdgeNode => {
    if (link.to === "sink") return { id, fromStage: link.from, to: { kind: "sink", sink: sinkCount++ }, capacity: ticketCount, bytesMax: Infinity, holdsTickets: true, inParts: flow.inParts[id] };
    const to = nodes[link.to];
    const holdsTickets = mustHoldTickets(to, flow.inParts[id]);
    const capacity = to.replicasMax + (holdsTickets ? ticketCount : random.integer(3));
    return { id, fromStage: link.from, to: { kind: "stage", stage: to.id }, capacity, bytesMax: holdsTickets ? Infinity : 50 + random.integer(300), holdsTickets, inParts: flow.inParts[id] };
  });
  const sinks = edges.flatMap((edge) => (edge.to.kind === "sink" ? [{ id: edge.to.sink, edge: edge.id, region: nodes[edge.fromStage].region }] : []));
  const groupChunks = 1 + random.integer(4);
  const regions = nodes
    .filter((node) => node.isSource)
    .map((node) => ({ id: node.region, source: node.id, tickets: ticketCount, groupChunks, sinks: sinks.filter((sink) => sink.region === node.region).map((sink) => sink.id) }));
  return { cores, stages: nodes, edges, sinks, regions };
}
