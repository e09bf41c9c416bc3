/**
 * The twin-tower sample, its towers small: with each of its plans it writes the embeddings of the uncut program, within
 * the tolerance of reordered sums; bit for bit where models are cut only between nodes.
 */
import { appendFileSync, cpSync, existsSync, rmSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { beforeAll, describe, expect, test } from "vitest";
import { makeTowers } from "../../samples/twin-tower/make-models.ts";
import { compileIn } from "../support/compile-sample.ts";
import { readRows } from "../support/read-output.ts";
import { twinTowerFolder, twinTowerText } from "../support/twin-tower.ts";
import type { Variation } from "../support/twin-tower.ts";
import { makeWorkplace, node, pipec } from "../support/workplace.ts";

const gpus = "aws.g5_48xlarge";
const vectors = ["image", "text"] as const;

let folder = "";
const built = new Map<string, Promise<Embeddings>>();

type Embeddings = ReadonlyMap<string, Readonly<Record<(typeof vectors)[number], readonly number[]>>>;

beforeAll(() => {
  folder = makeWorkplace();
  cpSync(join(twinTowerFolder, "data"), join(folder, "data"), { recursive: true });
  makeTowers(join(folder, "models"), "small");
});

/** A folder with the program, its data and its models. */
function makePlace(text: string): string {
  const place = makeWorkplace({ "main.pipe": text });
  for (const below of ["data", "models"]) cpSync(join(folder, below), join(place, below), { recursive: true });
  return place;
}

/** Builds the variation in a folder of its own beside the towers and runs it on the processor. */
function embed(variation: Variation, ...args: readonly string[]): Promise<Embeddings> {
  const key = JSON.stringify([variation, args]);
  const known = built.get(key) ?? build(variation, `v${built.size}`, args);
  built.set(key, known);
  return known;
}

async function build(variation: Variation, name: string, args: readonly string[]): Promise<Embeddings> {
  const place = makePlace(twinTowerText(variation));
  const made = await pipec(place, "build");
  expect({ code: made.code, stderr: made.stderr.replaceAll(/^note [^]*?\n\n/gm, "") }).toEqual({ code: 0, stderr: "" });
  const ran = await node(place, "out.js", "--quiet", "--device", "cpu", "--output", name, ...args);
  expect({ code: ran.code, stderr: ran.stderr }).toEqual({ code: 0, stderr: "" });
  const rows = await readRows(join(place, name));
  rmSync(place, { recursive: true, force: true });
  return new Map(rows.map((row) => [String(row["id"]), { image: numbers(row["image"]), text: numbers(row["text"]) }]));
}

function numbers(value: unknown): readonly number[] {
  if (!Array.isArray(value) && !(value instanceof Float32Array)) throw new Error("no vector");
  return Array.from(value, Number);
}

/** Values that differ by more than rtol 1e-4 + atol 1e-5 * max(1, rms). */
function apart(whole: Embeddings, cut: Embeddings): number {
  expect([...cut.keys()].sort()).toEqual([...whole.keys()].sort());
  let count = 0;
  for (const [id, row] of whole) {
    for (const name of vectors) {
      const [wanted, given] = [row[name], cut.get(id)?.[name] ?? []];
      expect(given.length).toBe(512);
      const rms = Math.sqrt(wanted.reduce((sum, value) => sum + value * value, 0) / wanted.length);
      const atol = 1e-5 * Math.max(1, rms);
      wanted.forEach((value, at) => (count += Math.abs(value - (given[at] ?? Infinity)) <= 1e-4 * Math.abs(value) + atol ? 0 : 1));
    }
  }
  return count;
}

describe.each([1, 2])("with %i threads", (threads) => {
  const whole: Variation = { shard: null, threads };

  test("the uncut program embeds every pair", async () => {
    const rows = await embed(whole);
    expect(rows.size).toBe(48);
    const texts = new Set([...rows.values()].map(({ text }) => text.slice(0, 4).join()));
    expect(texts.size).toBe(15);
    expect(new Set([...rows.values()].map(({ image }) => image.slice(0, 4).join())).size).toBe(48);
    for (const { image } of rows.values()) expect(Math.hypot(...image)).toBeCloseTo(1, 5);
  });

  test.each<[string, Variation]>([
    ["auto", { shard: '"auto"', threads, hardware: gpus }],
    ["pipeline 3", { shard: "{ pipeline: 3 }", threads, hardware: gpus }],
    ["tensor 2", { shard: "{ tensor: 2 }", threads, hardware: gpus }],
    ["pipeline 3, tensor 2", { shard: "{ pipeline: 3, tensor: 2 }", threads, hardware: gpus }],
    ["tensor 2 without hardware", { shard: "{ tensor: 2 }", threads }],
  ])("%s gives the same embeddings", async (_name, variation) => {
    expect(apart(await embed(whole), await embed(variation))).toBe(0);
  });

  test("three stages give the same bits where graphs run as they are", async () => {
    const asIs = { threads, model: "optimize: false" };
    expect(await embed({ ...asIs, shard: "{ pipeline: 3 }" })).toEqual(await embed({ ...asIs, shard: null }));
  });
});

test("three stages give the same bits as the uncut program, each optimised by itself", async () => {
  expect(await embed({ shard: "{ pipeline: 3 }", threads: 2 })).toEqual(await embed({ shard: null, threads: 2 }));
});

test("the interpreter runs the parts in one thread, to the same bits", async () => {
  const hybrid: Variation = { shard: "{ pipeline: 3, tensor: 2 }", threads: 1, hardware: gpus };
  expect(await embed(hybrid, "--interpret")).toEqual(await embed(hybrid));
});

describe("a device with less memory than the models need", () => {
  const small = (shard: string): Variation => ({ shard, threads: 1, batch: 1, hardware: gpus, more: "memory: 4 MiB," });

  test("refuses them whole where no hardware is described, too; cut they are let through", async () => {
    const bare = (shard: string): Variation => ({ shard, threads: 1, batch: 1, more: "memory: 4 MiB," });
    const place = makePlace(twinTowerText(bare("{ pipeline: 1 }")));
    const { code, stderr } = await pipec(place, "build");
    expect(code).toBe(3);
    expect(stderr).toMatch(/P0811: a worker of .* needs [\d.]+ MiB for its models, and `memory` allows 4.0 MiB/);
    expect(stderr).toContain("shard: { pipeline: 2 }");
    expect(existsSync(join(place, "out.js"))).toBe(false);
    expect((await pipec(makePlace(twinTowerText(bare("{ pipeline: 3 }"))), "build")).code).toBe(0);
  });

  test("refuses them whole, and says what would fit", async () => {
    const place = makePlace(twinTowerText(small("{ pipeline: 1, tensor: 1 }")));
    const { code, stderr } = await pipec(place, "build");
    expect(code).toBe(3);
    expect(stderr).toMatch(/vit with albert does not fit: in one stage it needs [\d.]+ MiB, and a A10G can give 4.0 MiB, .* less/);
    expect(stderr).toContain("fix: write `shard: { pipeline: 2 }`");
    expect(existsSync(join(place, "out.js"))).toBe(false);
  });

  test.each(['"auto"', "{ pipeline: 2 }"])("runs them cut: %s", async (shard) => {
    expect(apart(await embed({ shard: null, threads: 1 }), await embed(small(shard)))).toBe(0);
  });
});

test.each(["{ pipeline: 2 }", null])("replicas that do not fit the memory allowed share weights: shard %s", async (shard) => {
  const variation: Variation = { shard, threads: 1, more: "replicas: 2," };
  const place = makePlace(twinTowerText({ ...variation, memory: "1 MiB" }));
  // Refused, with the least that the program can do with.
  const least = compileIn(place, "main.pipe", "plan").plan?.pipelines[0]?.memory.boundBytes ?? 0;
  const tight: Variation = { ...variation, memory: `${Math.ceil(least / 2 ** 20)} MiB` };
  const sharing = (text: string): readonly boolean[] => {
    writeFileSync(join(place, "main.pipe"), text);
    return compileIn(place, "main.pipe", "plan").plan?.pipelines[0]?.stages.flatMap((stage) => stage.models ?? []).map((model) => model.shareWeights) ?? [];
  };
  expect(new Set(sharing(twinTowerText(variation)))).toEqual(new Set([false]));
  expect(new Set(sharing(twinTowerText(tight)))).toEqual(new Set([true]));
  expect(apart(await embed({ shard: null, threads: 1 }), await embed(tight))).toBe(0);
});

test("building again writes only shards of what has changed", async () => {
  const place = makePlace(twinTowerText({ shard: "{ pipeline: 3 }" }));
  const written = async (): Promise<readonly bigint[]> => {
    expect((await pipec(place, "build")).code).toBe(0);
    return ["vit", "albert"].map((name) => statSync(join(place, "out/shards", name, "stage-2.onnx"), { bigint: true }).mtimeNs);
  };
  const first = await written();
  expect(await written()).toEqual(first);
  // An empty doc string: the same model, of other bytes.
  appendFileSync(join(place, "models/vit.onnx"), new Uint8Array([0x32, 0]));
  const [vit, albert] = await written();
  expect(vit).not.toBe(first[0]);
  expect(albert).toBe(first[1]);
  rmSync(join(place, "out/shards/albert/stage-3.onnx"));
  expect((await written())[1]).not.toBe(first[1]);
});
