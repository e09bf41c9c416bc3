/** Whole pipelines on random clusters: what must not get worse, and what must not change, when the question does. */
import { describe, expect, test } from "vitest";
import { searchPipeline } from "../../../../compiler/plan/cluster/search.ts";
import type { ModelDemand, PipelineWork } from "../../../../compiler/plan/cluster/describe-pipeline.ts";
import { aws } from "../../../../stdlib/hw/aws.ts";
import type { Hardware, Link, NodeGroup, NodeType } from "../../../../stdlib/hw/hardware.ts";
import { createRandom } from "../../../support/random.ts";
import type { Random } from "../../../support/random.ts";
import { syntheticWork } from "../../../support/synthetic-work.ts";

const batches = [1, 8, 32];
const names = ["g4dn_12xlarge", "g5_12xlarge", "g6_12xlarge", "p4d_24xlarge", "m5_4xlarge", "m5_16xlarge"];

function pick(random: Random, from: readonly string[]): NodeType {
  const node = aws[from[random.integer(from.length)] ?? ""];
  if (node === undefined) throw new Error("there is no such machine");
  return node;
}

function randomHardware(random: Random): Hardware {
  const nodes = Array.from({ length: 1 + random.integer(3) }, (): NodeGroup => ({ count: 1 + random.integer(3), node: pick(random, names) }));
  return { nodes: nodes.filter(({ node }, index) => nodes.findIndex((other) => other.node.name === node.name) === index) };
}

function randomWork(random: Random): PipelineWork {
  const models = Array.from({ length: 1 + random.integer(2) }, (_, stage): ModelDemand => {
    const work = syntheticWork({ name: `m${stage}`, nodes: 4 + random.integer(20), batches, flops: 10 ** (8 + random.integer(3)), weightBytes: 10 ** (6 + random.integer(3)), valueBytes: 10 ** (4 + random.integer(3)), seed: random.integer(1e9), uneven: random.integer(2) === 0 });
    const device = random.integer(3) === 0 ? "cpu" : undefined;
    return { stage, label: work.name, work, rowsPerSource: 1 + random.integer(3), batches, batchesFree: batches, device, hints: {}, mapKey: `map ${stage}`, inBytes: 1e5, outBytes: 1e3 };
  });
  const cores = (["source", "map", "sink"] as const).map((kind, id) => ({ id: id + 10, label: kind, kind, nsPerRow: 10 ** (3 + random.integer(4)), rowsPerSource: 1, ordered: false }));
  return { name: "p", cores, models, sourceBytes: 10 ** (3 + random.integer(4)), sinkBytes: 1000, assumes: [] };
}

interface Outcome {
  readonly periodPs: number;
  readonly boundPs: number;
  readonly isProved: boolean;
}

function outcome(work: PipelineWork, hardware: Hardware): Outcome {
  const found = searchPipeline(work, hardware, undefined);
  if ("unplaced" in found) return { periodPs: Infinity, boundPs: Infinity, isProved: false };
  return { periodPs: found.bestPeriodPs, boundPs: found.boundPs, isProved: found.bestPeriodPs <= found.boundPs * (1 + 1e-9) };
}

const cases = Array.from({ length: 40 }, (_, seed) => [seed] as const);
const faster = (link: Link): Link => ({ ...link, latencyUs: link.latencyUs / 2, bytesPerSecond: link.bytesPerSecond * 3 });
const change = (hardware: Hardware, index: number, changed: (group: NodeGroup) => NodeGroup): Hardware => ({ nodes: hardware.nodes.map((group, at) => (at === index ? changed(group) : group)) });

describe("more is never worse, for bounds and for proved plans", () => {
  const better: readonly (readonly [string, (group: NodeGroup) => NodeGroup])[] = [
    ["one more machine", (group) => ({ ...group, count: group.count + 1 })],
    ["more memory", ({ count, node }) => ({ count, node: { ...node, memoryBytes: node.memoryBytes * 2, devices: node.devices.map((devices) => ({ ...devices, device: { ...devices.device, memoryBytes: devices.device.memoryBytes * 2 } })) } })],
    ["faster links", ({ count, node }) => ({ count, node: { ...node, deviceLink: faster(node.deviceLink), hostLink: faster(node.hostLink), network: faster(node.network) } })],
  ];

  test.each(cases)("cluster %i", (seed) => {
    const random = createRandom(seed + 1);
    const [hardware, work] = [randomHardware(random), randomWork(random)];
    const before = outcome(work, hardware);
    const index = random.integer(hardware.nodes.length);
    const more = better.map(([what, changed]) => [what, change(hardware, index, changed)] as const);
    const other = pick(random, names);
    const added: Hardware = hardware.nodes.some(({ node }) => node.name === other.name) ? change(hardware, 0, (group) => ({ ...group, count: group.count + 2 })) : { nodes: [...hardware.nodes, { count: 1, node: other }] };
    for (const [what, changed] of [...more, ["a machine of another type", added] as const]) {
      const after = outcome(work, changed);
      if (before.boundPs < Infinity) expect(after.boundPs, what).toBeLessThanOrEqual(before.boundPs * (1 + 1e-8));
      if (before.isProved && after.isProved) expect(after.periodPs, what).toBeLessThanOrEqual(before.periodPs * (1 + 1e-8));
    }
  });
});

describe("what makes no difference", () => {
  test.each(cases)("cluster %i: twice the rows of everything take twice the time; the order of machines and models says nothing", (seed) => {
    const random = createRandom(seed + 500);
    const [hardware, work] = [randomHardware(random), randomWork(random)];
    const before = outcome(work, hardware);
    const twice: PipelineWork = { ...work, cores: work.cores.map((stage) => ({ ...stage, rowsPerSource: stage.rowsPerSource * 2 })), models: work.models.map((demand) => ({ ...demand, rowsPerSource: demand.rowsPerSource * 2, inBytes: demand.inBytes * 2, outBytes: demand.outBytes * 2 })), sourceBytes: work.sourceBytes * 2, sinkBytes: work.sinkBytes * 2 };
    const scaled = outcome(twice, hardware);
    if (before.periodPs < Infinity) for (const key of ["periodPs", "boundPs"] as const) expect(Math.abs(scaled[key] / before[key] / 2 - 1)).toBeLessThan(1e-6);
    const turned = outcome({ ...work, models: work.models.toReversed() }, { nodes: hardware.nodes.toReversed() });
    if (before.boundPs < Infinity) expect(Math.abs(turned.boundPs / before.boundPs - 1)).toBeLessThan(1e-6);
    if (before.isProved && turned.isProved) expect(Math.abs(turned.periodPs / before.periodPs - 1)).toBeLessThan(1e-6);
  });
});
