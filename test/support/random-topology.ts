/** Random pipelines for the simulator: forks, joins, ordered stages, uneven replicas, several sinks and sources. */
import type { EdgeNode, StageNode, Topology } from "../../runtime/topology/topology.ts";
import type { Random } from "./random.ts";

/** Each region has one source; every other stage takes one to three of the streams before it. */
export function randomTopology(random: Random, tickets: "one" | "planned"): Topology {
  const stages: Omit<StageNode, "ins" | "outs">[] = [];
  const links: { readonly from: number; readonly to: number | "sink" }[] = [];
  const cores = 1 + random.integer(6);
  const regionCount = 1 + random.integer(2);
  for (let region = 0; region < regionCount; region++) {
    const first = stages.length;
    stages.push({ id: first, label: `source ${region}`, ...replicasOf(random, true), cores: 0, ordered: true, isSource: true, region });
    const count = 1 + random.integer(7);
    for (let added = 0; added < count; added++) {
      const id = stages.length;
      const ordered = random.integer(5) === 0;
      stages.push({ id, label: `stage ${id}`, ...replicasOf(random, ordered), cores: random.integer(1 + cores), ordered, isSource: false, region });
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

function assemble(cores: number, stages: readonly Omit<StageNode, "ins" | "outs">[], links: readonly { readonly from: number; readonly to: number | "sink" }[], tickets: "one" | "planned", random: Random): Topology {
  const ticketCount = tickets === "one" ? 1 : 1 + random.integer(12);
  const insOf = (id: number): readonly number[] => links.flatMap((link, edge) => (link.to === id ? [edge] : []));
  const nodes = stages.map((stage): StageNode => ({ ...stage, ins: insOf(stage.id), outs: links.flatMap((link, edge) => (link.from === stage.id ? [edge] : [])) }));
  let sinkCount = 0;
  const edges = links.map((link, id): EdgeNode => {
    if (link.to === "sink") return { id, fromStage: link.from, to: { kind: "sink", sink: sinkCount++ }, capacity: ticketCount, bytesMax: Infinity, holdsTickets: true };
    const to = nodes[link.to];
    const holdsTickets = to.ordered || to.ins.length > 1;
    const capacity = to.replicasMax + (holdsTickets ? ticketCount : random.integer(3));
    return { id, fromStage: link.from, to: { kind: "stage", stage: to.id }, capacity, bytesMax: holdsTickets ? Infinity : 50 + random.integer(300), holdsTickets };
  });
  const sinks = edges.flatMap((edge) => (edge.to.kind === "sink" ? [{ id: edge.to.sink, edge: edge.id, region: nodes[edge.fromStage].region }] : []));
  const groupChunks = 1 + random.integer(4);
  const regions = nodes
    .filter((node) => node.isSource)
    .map((node) => ({ id: node.region, source: node.id, tickets: ticketCount, groupChunks, sinks: sinks.filter((sink) => sink.region === node.region).map((sink) => sink.id) }));
  return { cores, stages: nodes, edges, sinks, regions };
}
