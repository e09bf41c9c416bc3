/**
 * Random sound graphs of products, views and elementwise operators on 2 and 3 ranks: the ranks compute what the whole
 * computes, and every set that comes out holds its invariants. Run more with PIPEC_FUZZ_RUNS.
 */
import { expect, test } from "vitest";
import { randomInputs } from "../../compiler/cli/shards/model-inputs.ts";
import { createModelBuilder, type ModelBuilder } from "../../compiler/onnx/build-model.ts";
import { builtBytes, readSound } from "../support/onnx-models.ts";
import { createRandom, type Random } from "../support/random.ts";
import { beyondTolerance, rankSoundly, runRanks } from "../support/rank-trial.ts";
import { runBytes } from "../support/shard-trial.ts";

/** A value of shape [N, 6, width]. */
interface Value {
  readonly name: string;
  readonly width: number;
}

const widths = [6, 8, 12, 24];

type Grow = (b: ModelBuilder, random: Random, values: readonly Value[], at: number) => Value;

function choose<T>(random: Random, list: readonly T[]): T {
  const found = list[random.integer(list.length)];
  if (found === undefined) throw new Error("there is something to choose from");
  return found;
}

const pick = (random: Random, values: readonly Value[]): Value => choose(random, values.slice(-3));

const steps: readonly Grow[] = [
  (b, random, values, at) => {
    const from = pick(random, values);
    const width = choose(random, widths);
    const product = b.node("MatMul", [from.name, b.weight(`w${at}`, [from.width, width], 1 / Math.sqrt(from.width))]);
    return { name: random.integer(2) === 0 ? product : b.node("Add", [product, b.weight(`b${at}`, [width], 0.3)]), width };
  },
  (b, random, values) => {
    const from = pick(random, values);
    return { ...from, name: b.node(choose(random, ["Tanh", "Sigmoid", "Erf", "Neg", "Relu", "Identity"]), [from.name]) };
  },
  (b, random, values) => {
    const from = pick(random, values);
    const other = choose(random, values.filter(({ width }) => width === from.width));
    return { ...from, name: b.node(choose(random, ["Add", "Sub", "Mul", "Max"]), [from.name, other.name]) };
  },
  // Heads apart, attention over them, together again.
  (b, random, values, at) => {
    const from = pick(random, values);
    const heads = choose(random, [1, 2, 3].filter((count) => from.width % count === 0));
    const apart = b.node("Transpose", [b.node("Reshape", [from.name, b.ints(`heads${at}`, [4], [0, 0, random.integer(2) === 0 ? heads : -1, from.width / heads])])], { perm: [0, 2, 1, 3] });
    const scores = b.node("Softmax", [b.node("MatMul", [apart, b.node("Transpose", [apart], { perm: [0, 1, 3, 2] })])], { axis: choose(random, [-1, 1]) });
    const mixed = b.node("Transpose", [b.node("MatMul", [scores, apart])], { perm: [0, 2, 1, 3] });
    return { ...from, name: b.node("Reshape", [mixed, b.ints(`back${at}`, [3], [0, 0, from.width])]) };
  },
  (b, random, values, at) => {
    const from = pick(random, values);
    const outputs = [0, 1, 2].map((part) => `part${at}_${part}`);
    if (from.width % 3 !== 0) return from;
    b.node("Split", [from.name, b.ints(`sizes${at}`, [3], outputs.map(() => from.width / 3))], { axis: 2 }, { outputs });
    const joined = b.node("Concat", [...outputs].reverse(), { axis: 2 });
    return random.integer(2) === 0 ? { name: joined, width: from.width } : { name: b.node("Concat", [joined, from.name], { axis: 2 }), width: 2 * from.width };
  },
  (b, random, values, at) => {
    const from = pick(random, values);
    const [start, end] = choose(random, [[0, from.width / 2], [from.width / 2, from.width]]);
    return { name: b.node("Slice", [from.name, b.ints(`from${at}`, [1], [start ?? 0]), b.ints(`till${at}`, [1], [end ?? 0]), b.ints(`axis${at}`, [1], [2])]), width: from.width / 2 };
  },
  (b, random, values, at) => {
    const from = pick(random, values);
    const norm = b.weight(`n${at}`, [from.width], 1);
    return { ...from, name: random.integer(2) === 0 ? b.node("LayerNormalization", [from.name, norm, norm], { axis: -1 }) : b.node("Sub", [from.name, b.node("ReduceMean", [from.name], { axes: [choose(random, [1, 2])] })]) };
  },
];

function randomGraph(seed: number): Uint8Array {
  const random = createRandom(seed);
  const b = createModelBuilder(17, seed + 1);
  const values: Value[] = [{ name: b.input("x", "f32", ["N", 6, 12]), width: 12 }];
  const length = 4 + random.integer(10);
  for (let at = 0; at < length; at++) {
    const made = choose(random, steps)(b, random, values, at);
    if (made.width % 2 === 0 && made.width <= 48) values.push(made);
  }
  const last = values.at(-1);
  b.node("Mul", [last?.name ?? "x", b.floats("half", [], [0.5])], {}, { outputs: ["y"] });
  b.output("y", "f32", ["N", 6, last?.width ?? 12]);
  return builtBytes(b);
}

test("random graphs on ranks compute what the whole computes", async () => {
  const runs = Number(process.env["PIPEC_FUZZ_RUNS"] ?? 60);
  let shared = 0;
  for (let seed = 0; seed < runs; seed++) {
    const bytes = randomGraph(seed);
    const model = readSound("random.onnx", bytes);
    const feeds = randomInputs(model, new Map([["N", 2]]), seed + 1);
    if (!feeds.ok) throw new Error("the inputs can be made");
    const whole = await runBytes(bytes, feeds.value);
    for (const ranks of [2, 3]) {
      const set = rankSoundly(model, 1, ranks);
      expect(beyondTolerance(whole, await runRanks(set, feeds.value)), `seed ${seed} on ${ranks}`).toEqual([]);
      if ((set.stages[0]?.tensors?.sliced.length ?? 0) > 0) shared++;
    }
  }
  expect(shared).toBeGreaterThan(runs / 2);
});
