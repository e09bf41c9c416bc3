/**
 * The planner on the sizes it promises: 1,000 devices of three kinds and a model of 5,000 nodes, in under 10 s and 1 GiB
 * with a gap of at most 10 %. Prints seconds, peak memory, rate and gap for models that fit one device and that do not,
 * of nodes that are much alike and that differ by a factor of 100.
 *
 *   node scripts/run-ts.mjs bench/planner.ts
 */
import { placeModels } from "../compiler/plan/place/place-models.ts";
import { acceleratorsOf, devicesOf } from "../compiler/plan/place/problem.ts";
import { aws } from "../stdlib/hw/aws.ts";
import type { NodeGroup } from "../stdlib/hw/hardware.ts";
import { syntheticWork } from "../test/support/synthetic-work.ts";

const batches = [1, 2, 4, 8, 16, 32, 64, 128, 256];

function group(count: number, name: string): NodeGroup {
  const node = aws[name];
  if (node === undefined) throw new Error(`there is no ${name}`);
  return { count, node };
}

const kinds = acceleratorsOf({ nodes: [group(100, "g4dn_12xlarge"), group(100, "g5_12xlarge"), group(25, "p4d_24xlarge")] });
const devices = kinds.reduce((sum, kind) => sum + devicesOf(kind), 0);
console.log(["devices", "nodes", "weights GB", "graph", "seconds", "peak MiB", "rows/s", "bound", "gap %", "stages by lane"].join("\t"));
for (const uneven of [false, true]) {
  for (const weightBytes of [1e6, 8e6, 20e6]) {
    const work = syntheticWork({ nodes: 5000, batches, flops: 4e8, weightBytes, valueBytes: 4e5, seed: 1, uneven });
    const start = performance.now();
    const placement = placeModels({ towers: [{ work, rowsPerSource: 1, batches }], kinds, hints: {} });
    const lanes = placement.lanesFor(placement.bestPeriodPs * 1.005) ?? [];
    const seconds = (performance.now() - start) / 1000;
    const peakMib = process.resourceUsage().maxRSS / 1024;
    const gap = placement.bestPeriodPs / placement.boundPs - 1;
    const stages = lanes.map((lane) => `${[...new Set(lane.stages.map((stage) => kinds[stage.kind]?.device.name ?? ""))].join("+")} ${lane.stages.length}`).join(", ");
    const weightGb = work.weights.reduce((sum, weight) => sum + weight.bytes, 0) / 1e9;
    console.log([devices, work.nodes.length, weightGb.toFixed(0), uneven ? "uneven" : "even", seconds.toFixed(2), peakMib.toFixed(0), (1e12 / placement.bestPeriodPs).toFixed(0), (1e12 / placement.boundPs).toFixed(0), (gap * 100).toFixed(2), stages].join("\t"));
  }
}
