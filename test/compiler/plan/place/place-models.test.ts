/**
 * The placement search against trying everything on random small models, its bound against what is found, and what must
 * not change (or only improve) when the question does.
 */
import { describe, expect, test } from "vitest";
import { exchangePs, nodeTimePs, sessionBytes, transferPs, usableBytes } from "../../../../compiler/plan/cost/prices.ts";
import { tensorLayout } from "../../../../compiler/plan/cost/tensor-layout.ts";
import type { ModelWork } from "../../../../compiler/plan/cost/model-work.ts";
import { assignDevices } from "../../../../compiler/plan/cluster/assign-devices.ts";
import { placeModels } from "../../../../compiler/plan/place/place-models.ts";
import { degreesOf, devicesByKind, devicesOf } from "../../../../compiler/plan/place/problem.ts";
import type { AcceleratorKind, PlacementHints } from "../../../../compiler/plan/place/problem.ts";
import { A10G, T4 } from "../../../../stdlib/hw/devices.ts";
import { aws } from "../../../../stdlib/hw/aws.ts";
import type { NodeType } from "../../../../stdlib/hw/hardware.ts";
import { createRandom } from "../../../support/random.ts";
import type { Random } from "../../../support/random.ts";
import { syntheticWork } from "../../../support/synthetic-work.ts";

const GIB = 2 ** 30;
const BATCHES = [1, 8];

function nodeType(name: string): NodeType {
  const found = aws[name];
  if (found === undefined) throw new Error(`there is no ${name}`);
  return found;
}

/** A kind of few devices with so much memory for stages. */
function smallKind(random: Random, device: typeof T4, name: string): AcceleratorKind {
  const memoryBytes = Math.ceil((random.integer(8) + 1) * 0.25 * GIB) + 700 * 2 ** 20;
  return { device: { ...device, memoryBytes }, node: nodeType(name), nodes: 1 + random.integer(2), perNode: 1 + random.integer(3) };
}

function smallWork(random: Random): ModelWork {
  return syntheticWork({ nodes: 2 + random.integer(6), batches: BATCHES, flops: 1e9, weightBytes: 2e8, valueBytes: 1e6, seed: random.integer(1e9) });
}

/** Time of a row and bytes of the run [from, to), straight from the definitions. */
function measure(work: ModelWork, from: number, to: number, kind: AcceleratorKind, degree: number, point: number) {
  const layout = tensorLayout(work);
  const batch = work.points[point]?.batch ?? 1;
  const crossing = [from, to].map((at) => work.values.filter((value) => value.from < at && value.lastUse >= at).map((value) => value.bytes[point] ?? 0));
  const bytesOf = (list: readonly number[] = []) => list.reduce((sum, bytes) => sum + bytes, 0);
  const spread = kind.node.hostLink.shared ? degree : 1;
  let ps = crossing.reduce((sum, list) => sum + transferPs(kind.node.hostLink, list.length, bytesOf(list) * spread), 0);
  let weights = 0;
  let peak = 0;
  for (let at = from; at < to; at++) {
    const node = work.nodes[at];
    if (node === undefined) continue;
    ps += nodeTimePs(kind.device, { flops: node.flops[point] ?? 0, bytes: node.bytes[point] ?? 0, kernels: node.kernels, rate: node.rate }, layout.sharded[at] ? degree : 1);
    for (const exchange of layout.exchanges[at] ?? []) ps += exchangePs(kind.node, kind.device, degree, work.values[exchange.value]?.bytes[point] ?? 0);
    for (const weight of node.weights) weights += (work.weights[weight]?.bytes ?? 0) / (layout.shardedWeights[weight] ? degree : 1);
    peak = Math.max(peak, node.liveBytes[point] ?? 0);
  }
  return { psPerRow: ps / batch, bytes: sessionBytes(weights, peak, bytesOf(crossing.flat())) };
}

/** The least period of a lane on one kind, by trying all cuts, degrees, batches and replicas. */
function bruteForce(work: ModelWork, kind: AcceleratorKind, hints: PlacementHints): number {
  let best = Infinity;
  const limit = usableBytes(kind.device, hints.memoryBytes);
  const place = (from: number, devices: number, period: number, stages: number): void => {
    if (period >= best || (hints.pipeline !== undefined && stages > hints.pipeline)) return;
    if (from === work.nodes.length) {
      if (hints.pipeline === undefined || hints.pipeline === stages) best = period;
      return;
    }
    for (let to = from + 1; to <= work.nodes.length; to++) {
      for (const degree of degreesOf(kind, hints)) {
        for (const point of work.points.keys()) {
          const { psPerRow, bytes } = measure(work, from, to, kind, degree, point);
          if (bytes > limit) continue;
          for (let replicas = 1; replicas * degree <= devices; replicas++) place(to, devices - replicas * degree, Math.max(period, psPerRow / replicas), stages + 1);
        }
      }
    }
  };
  place(0, devicesOf(kind), 0, 0);
  return best;
}

const tower = (work: ModelWork, batches: readonly number[] = BATCHES) => ({ work, rowsPerSource: 1, batches });

describe("against trying everything", () => {
  test.each(Array.from({ length: 30 }, (_, group) => [group]))("ten models, group %i", (group) => {
    for (let seed = group * 10; seed < group * 10 + 10; seed++) compare(createRandom(seed + 1));
  });

  function compare(random: Random): void {
    const work = smallWork(random);
    const kinds = [smallKind(random, T4, "g4dn_12xlarge"), ...(random.integer(2) === 0 ? [] : [smallKind(random, A10G, "g5_12xlarge")])];
    const hints: PlacementHints = random.integer(3) === 0 ? { pipeline: 1 + random.integer(3) } : {};
    const placement = placeModels({ towers: [tower(work)], kinds, hints });
    const periods = kinds.map((kind) => bruteForce(work, kind, hints));
    periods.forEach((period, kind) => {
      const found = placement.kindPeriodsPs[kind] ?? Infinity;
      if (period === Infinity) expect(found).toBe(Infinity);
      else expect(Math.abs(found / period - 1)).toBeLessThan(1e-8);
    });
    const rate = periods.reduce((sum, period) => sum + 1 / period, 0);
    if (rate > 0) {
      expect(placement.boundPs).toBeLessThanOrEqual((1 / rate) * (1 + 1e-9));
      const lanes = placement.lanesFor(placement.bestPeriodPs * 1.001) ?? [];
      expect(lanes.reduce((sum, lane) => sum + 1 / lane.periodPs, 0) * placement.bestPeriodPs * 1.001).toBeGreaterThan(1 - 1e-6);
      devicesByKind(lanes, kinds).forEach((devices, kind) => expect(devices).toBeLessThanOrEqual(kinds[kind] === undefined ? 0 : devicesOf(kinds[kind])));
    }
  }
});

describe("the bound holds for lanes over several kinds", () => {
  /** The least period of one lane whose stages may be on either kind, by trying everything. */
  function bestMixed(work: ModelWork, kinds: readonly AcceleratorKind[]): number {
    let best = Infinity;
    const place = (from: number, left: readonly number[], period: number): void => {
      if (period >= best) return;
      if (from === work.nodes.length) {
        best = period;
        return;
      }
      for (let to = from + 1; to <= work.nodes.length; to++) {
        for (const [index, kind] of kinds.entries()) {
          for (const degree of degreesOf(kind, {})) {
            for (const point of work.points.keys()) {
              const { psPerRow, bytes } = measure(work, from, to, kind, degree, point);
              if (bytes > usableBytes(kind.device, undefined)) continue;
              for (let replicas = 1; replicas * degree <= (left[index] ?? 0); replicas++) place(to, left.with(index, (left[index] ?? 0) - replicas * degree), Math.max(period, psPerRow / replicas));
            }
          }
        }
      }
    };
    place(0, kinds.map(devicesOf), 0);
    return best;
  }

  test.each(Array.from({ length: 40 }, (_, seed) => [seed]))("model %i", (seed) => {
    const random = createRandom(seed + 900);
    const plain = smallWork(random);
    // Uneven nodes, each better on one kind or the other, with little to carry between them or much.
    const nodes = plain.nodes.map((node) => (random.integer(2) === 0 ? { ...node, flops: node.flops.map((flops) => flops * 40) } : { ...node, bytes: node.bytes.map((bytes) => bytes * 100) }));
    const values = plain.values.map((value) => ({ ...value, bytes: value.bytes.map((bytes) => bytes * (1 + random.integer(30))) }));
    const work = { ...plain, nodes, values };
    const kinds = [smallKind(random, T4, "g4dn_12xlarge"), smallKind(random, A10G, "g5_12xlarge")].map((kind) => ({ ...kind, nodes: 1, perNode: Math.min(2, kind.perNode) }));
    const { boundPs, bestPeriodPs } = placeModels({ towers: [tower(work)], kinds, hints: {} });
    expect(boundPs).toBeLessThanOrEqual(bestMixed(work, kinds) * (1 + 1e-12));
    expect(boundPs).toBeLessThanOrEqual(bestPeriodPs * (1 + 1e-12));
  });
});

describe("what changes with the question", () => {
  const random = createRandom(77);
  const cases = Array.from({ length: 12 }, (_, index) => [index, smallWork(random), smallKind(random, T4, "g4dn_12xlarge")] as const);
  const periods = (work: ModelWork, kind: AcceleratorKind) => {
    const { bestPeriodPs, boundPs } = placeModels({ towers: [tower(work)], kinds: [kind], hints: {} });
    return { bestPeriodPs, boundPs };
  };
  const notWorse = (after: ReturnType<typeof periods>, before: ReturnType<typeof periods>) => {
    expect(after.bestPeriodPs).toBeLessThanOrEqual(before.bestPeriodPs * (1 + 1e-8));
    expect(after.boundPs).toBeLessThanOrEqual(before.boundPs * (1 + 1e-8));
  };

  test.each(cases)("one more machine, more memory or a faster link never worsens it (%i)", (_, work, kind) => {
    const before = periods(work, kind);
    notWorse(periods(work, { ...kind, nodes: kind.nodes + 1 }), before);
    notWorse(periods(work, { ...kind, device: { ...kind.device, memoryBytes: kind.device.memoryBytes * 2 } }), before);
    const link = { ...kind.node.hostLink, bytesPerSecond: kind.node.hostLink.bytesPerSecond * 4, latencyUs: 1 };
    notWorse(periods(work, { ...kind, node: { ...kind.node, hostLink: link, deviceLink: link } }), before);
  });

  test.each(cases)("names do not matter (%i)", (_, work, kind) => {
    const renamed = { ...work, name: "other", nodes: work.nodes.map((node, index) => ({ ...node, name: `z${index * 7}` })), weights: work.weights.map((weight, index) => ({ ...weight, name: `y${index}` })) };
    expect(periods(renamed, kind)).toEqual(periods(work, kind));
  });

  test.each(cases)("a model that sees twice the rows takes twice the time (%i)", (_, work, kind) => {
    const [once, twice] = [1, 2].map((rowsPerSource) => placeModels({ towers: [{ ...tower(work), rowsPerSource }], kinds: [kind], hints: {} }));
    if (once === undefined || twice === undefined) throw new Error("two placements were asked for");
    if (once.bestPeriodPs === Infinity) expect(twice.bestPeriodPs).toBe(Infinity);
    else expect(Math.abs(twice.bestPeriodPs / once.bestPeriodPs - 2)).toBeLessThan(1e-7);
    expect(Math.abs(twice.boundPs / once.boundPs - 2)).toBeLessThan(1e-9);
  });
});

describe("several models", () => {
  const kind: AcceleratorKind = { device: T4, node: nodeType("g4dn_12xlarge"), nodes: 1, perNode: 4 };
  const [a, b] = [1, 2].map((seed) => syntheticWork({ name: `m${seed}`, nodes: 24, batches: BATCHES, flops: 5e8, weightBytes: 4e8, valueBytes: 2e5, seed }));
  if (a === undefined || b === undefined) throw new Error("two models were asked for");

  test("share devices, and every part is placed once", () => {
    const placement = placeModels({ towers: [tower(a), tower(b)], kinds: [kind], hints: {} });
    const lanes = placement.lanesFor(placement.bestPeriodPs) ?? [];
    const parts = lanes.flatMap((lane) => lane.stages.flatMap((stage) => stage.parts));
    for (const [index, work] of [a, b].entries()) {
      const own = parts.filter((part) => part.tower === index).sort((x, y) => x.from - y.from);
      expect([own[0]?.from, own.at(-1)?.to]).toEqual([0, work.nodes.length]);
      own.slice(1).forEach((part, at) => expect(part.from).toBe(own[at]?.to));
    }
    expect(placement.bestPeriodPs / placement.boundPs).toBeLessThan(1.25);
  });

  test("colocated, they are cut together", () => {
    const placement = placeModels({ towers: [tower(a), tower(b)], kinds: [kind], hints: { colocate: true, pipeline: 3 } });
    const [lane] = placement.lanesFor(placement.bestPeriodPs) ?? [];
    expect(lane?.stages.map((stage) => stage.parts.map((part) => part.tower))).toEqual([[0, 1], [0, 1], [0, 1]]);
  });
});

test.each([[3], [8], [24]])("%i models share devices, each placed whole, close to the bound", (count) => {
  const kind: AcceleratorKind = { device: T4, node: nodeType("g4dn_12xlarge"), nodes: 6, perNode: 4 };
  const towers = Array.from({ length: count }, (_, seed) => tower(syntheticWork({ name: `m${seed}`, nodes: 30, batches: BATCHES, flops: 2e8 * (1 + (seed % 5)), weightBytes: 6e8 / count, valueBytes: 1e5, seed: seed + 1 })));
  for (const hints of [{}, { colocate: true, pipeline: 2 }]) {
    const placement = placeModels({ towers, kinds: [kind], hints });
    const lanes = placement.lanesFor(placement.bestPeriodPs * 1.005) ?? [];
    const parts = lanes.flatMap((lane) => lane.stages.flatMap((stage) => stage.parts));
    for (const [index, { work }] of towers.entries()) {
      const own = parts.filter((part) => part.tower === index).sort((x, y) => x.from - y.from);
      expect([own[0]?.from, own.at(-1)?.to]).toEqual([0, work.nodes.length]);
      own.slice(1).forEach((part, at) => expect(part.from).toBe(own[at]?.to));
    }
    expect(placement.bestPeriodPs / placement.boundPs).toBeLessThan("colocate" in hints ? 1.35 : 1.2);
  }
});

describe("lanes over several kinds", () => {
  const t4: AcceleratorKind = { device: T4, node: nodeType("g4dn_xlarge"), nodes: 1, perNode: 1 };
  const a10g: AcceleratorKind = { device: A10G, node: nodeType("g5_xlarge"), nodes: 1, perNode: 1 };

  test("hold a model that no kind holds alone", () => {
    const work = syntheticWork({ nodes: 40, batches: BATCHES, flops: 1e9, weightBytes: 6.5e8, valueBytes: 1e5, seed: 9 });
    for (const kind of [t4, a10g]) expect(placeModels({ towers: [tower(work)], kinds: [kind], hints: {} }).bestPeriodPs).toBe(Infinity);
    const placement = placeModels({ towers: [tower(work)], kinds: [t4, a10g], hints: {} });
    const lanes = placement.lanesFor(placement.bestPeriodPs * 1.005) ?? [];
    expect(lanes.map((lane) => lane.stages.map((stage) => stage.kind).sort())).toEqual([[0, 1]]);
    expect(placement.bestPeriodPs).toBeGreaterThanOrEqual(placement.boundPs);
    expect(Math.max(...lanes.map((lane) => lane.periodPs))).toBeLessThanOrEqual(placement.bestPeriodPs * 1.005);
  });

  test("give each part of a model to the kind that is best at it", () => {
    const plain = syntheticWork({ nodes: 40, batches: BATCHES, flops: 1e9, weightBytes: 1e6, valueBytes: 1e4, seed: 9 });
    // The first half moves bytes, which both do about as well; the second computes, which one does ten times as fast.
    const nodes = plain.nodes.map((node, at) => (at < 20 ? { ...node, flops: node.flops.map(() => 0), bytes: node.bytes.map((_, point) => 4e8 * (BATCHES[point] ?? 1)) } : { ...node, flops: node.flops.map((_, point) => 5e10 * (BATCHES[point] ?? 1)) }));
    const fast = { ...a10g, device: { ...A10G, memoryBytesPerSecond: T4.memoryBytesPerSecond, peakFlopsPerSecond: { f32: 81e12 } }, nodes: 8 };
    const problem = { towers: [tower({ ...plain, nodes })], kinds: [{ ...t4, nodes: 8 }, fast], hints: {} };
    const placement = placeModels(problem);
    const apart = placement.kindPeriodsPs.reduce<number>((sum, period) => sum + 1 / (period ?? Infinity), 0);
    expect(placement.bestPeriodPs).toBeLessThan(0.9 / apart);
    const [lane] = placement.lanesFor(placement.bestPeriodPs * 1.005) ?? [];
    expect([lane?.stages[0]?.kind, lane?.stages.at(-1)?.kind]).toEqual([0, 1]);
  });
});

test("the bound knows of limits on replicas", () => {
  const kind: AcceleratorKind = { device: T4, node: nodeType("g4dn_12xlarge"), nodes: 4, perNode: 1 };
  const work = syntheticWork({ nodes: 12, batches: BATCHES, flops: 1e9, weightBytes: 1e7, valueBytes: 1e5, seed: 3 });
  for (const hints of [{ replicas: [{ low: 1, high: 2 }] }, { pipeline: 2, replicas: [{ low: 1, high: 1 }, { low: 1, high: 2 }] }]) {
    const { bestPeriodPs, boundPs } = placeModels({ towers: [tower(work)], kinds: [kind], hints });
    expect(boundPs).toBeLessThanOrEqual(bestPeriodPs);
    expect(bestPeriodPs / boundPs).toBeLessThan(1.2);
  }
});

test("gangs stay within machines and no device is given twice", () => {
  const kind: AcceleratorKind = { device: T4, node: nodeType("g4dn_12xlarge"), nodes: 3, perNode: 4 };
  const stage = (degree: number, replicas: number) => ({ kind: 0, parts: [], degree, replicas, workPs: 1, bytes: 1 });
  const gangs = assignDevices([kind], [stage(1, 4), stage(4, 1), stage(2, 2)]);
  const names = (gangs ?? []).flat(2);
  expect(new Set(names).size).toBe(12);
  for (const gang of (gangs ?? []).flat()) expect(new Set(gang.map((name) => name.split(":")[0])).size).toBe(1);
  const pairs: AcceleratorKind = { ...kind, node: { ...kind.node, linkDomain: 2 } };
  expect(degreesOf(pairs, {})).toEqual([1, 2]);
  expect(degreesOf(pairs, { tensor: 4 })).toEqual([]);
  expect(assignDevices([pairs], [stage(1, 1), stage(2, 1)])?.flat()).toEqual([["0:2"], ["0:0", "0:1"]]);
  expect(assignDevices([{ ...kind, perNode: 3 }], [stage(2, 4)])).toBeUndefined();
});
