/** `pipec shard` and `pipec verify`: what they write, print and end with. */
import { existsSync, readFileSync, readdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { createModelBuilder } from "../../../compiler/onnx/build-model.ts";
import { bodyField, textField, varintField } from "../../../compiler/onnx/encode.ts";
import { bytesRope, joinRopes, ropeBytes } from "../../../compiler/onnx/rope.ts";
import { builtBytes } from "../../support/onnx-models.ts";
import { makeWorkplace, pipec } from "../../support/workplace.ts";

/** Three layers; the first one's result is needed again at the end. */
function model(): Uint8Array {
  const b = createModelBuilder(17, 9);
  const x = b.input("x", "f32", ["N", 8]);
  b.node("MatMul", [x, b.weight("w0", [8, 8], 0.3)], {}, { name: "first", outputs: ["a"] });
  b.node("MatMul", [b.node("Sigmoid", ["a"], {}, { outputs: ["s"] }), b.weight("w1", [8, 8], 0.3)], {}, { name: "second", outputs: ["b"] });
  b.node("Add", [b.node("Exp", ["b"]), "a"], {}, { outputs: ["y"] });
  b.output("y", "f32", ["N", 8]);
  return builtBytes(b);
}

/** Sums of values near `level` that almost cancel, so that their rounding outweighs that of the outputs. */
function amplifying(level: number): Uint8Array {
  const wide = 24;
  const b = createModelBuilder(17, 11);
  const large = b.node("Add", [b.node("MatMul", [b.input("x", "f32", ["N", 8]), b.weight("w0", [8, wide], 0.3)]), b.floats("level", [wide], new Array<number>(wide).fill(level))]);
  const values = Array.from({ length: wide * 6 }, (_, i) => (Math.floor(i / 6) % 2 === 0 ? 1 : -1) * (0.5 + ((Math.floor(i / 12) * 7 + (i % 6) * 5) % 11) / 13));
  b.node("MatMul", [b.node("Relu", [large]), b.floats("w1", [wide, 6], values)], {}, { outputs: ["y"] });
  b.output("y", "f32", ["N", 6]);
  return builtBytes(b);
}

/** A TensorProto file of f32 values. */
function tensorFile(name: string, dims: readonly number[]): Uint8Array {
  const values = Float32Array.from({ length: dims.reduce((product, dim) => product * dim, 1) }, (_, i) => i / 7);
  return ropeBytes(joinRopes([...dims.map((dim) => varintField(1, dim)), varintField(2, 1), textField(8, name), bodyField(9, bytesRope(new Uint8Array(values.buffer)))]));
}

describe("shard", () => {
  test("writes a model per stage and a manifest that says where values come from", async () => {
    const folder = makeWorkplace({ "m.onnx": model() });
    const { code, stdout, stderr } = await pipec(folder, "shard", "m.onnx", "--cut", "first", "--cut", "b", "-o", "cut");
    expect({ code, stderr }).toEqual({ code: 0, stderr: "" });
    expect(stdout).toBe(`m.onnx in 3 stages, written to cut
  stage-1.onnx: 1 nodes, 256 B of weights
    in   x: f32[N, 8], given
    out  a: f32[N, 8]
  stage-2.onnx: 2 nodes, 256 B of weights
    in   a: f32[N, 8], from stage 1
    out  b: f32[N, 8]
    past a
  stage-3.onnx: 2 nodes, 0 B of weights
    in   a: f32[N, 8], from stage 1
    in   b: f32[N, 8], from stage 2
    out  y: f32[N, 8]
`);
    expect(readdirSync(join(folder, "cut")).sort()).toEqual(["manifest.json", "stage-1.onnx", "stage-2.onnx", "stage-3.onnx"]);
    const manifest: unknown = JSON.parse(readFileSync(join(folder, "cut", "manifest.json"), "utf8"));
    expect(manifest).toMatchObject({
      model: "m.onnx",
      inputs: [{ name: "x", type: "f32[N, 8]" }],
      outputs: [{ name: "y", type: "f32[N, 8]", stage: 3 }],
      stages: [
        { stage: 1, nodes: 1, ranks: [{ rank: 0, weights: null, segments: [{ segment: 0, file: "stage-1.onnx", inputs: [{ port: "x", from: { kind: "stage", value: "x" } }], outputs: ["a"] }] }], leaves: [{ value: "a", from: { kind: "self", segment: 0, port: "a" } }], inputs: [{ name: "x", stage: 0 }], outputs: [{ name: "a" }], forwards: [], sends: ["a"] },
        { stage: 2, inputs: [{ name: "a", stage: 1 }], outputs: [{ name: "b" }], forwards: ["a"], sends: ["a", "b"] },
        { stage: 3, inputs: [{ name: "a", stage: 1 }, { name: "b", stage: 2 }], outputs: [{ name: "y" }], forwards: [], sends: ["y"] },
      ],
    });
  });

  test("--json prints the manifest", async () => {
    const folder = makeWorkplace({ "m.onnx": model() });
    const { code, stdout } = await pipec(folder, "shard", "m.onnx", "--pipeline", "2", "--json");
    expect(code).toBe(0);
    expect(stdout).toBe(readFileSync(join(folder, "shards", "manifest.json"), "utf8"));
  });

  test.each([
    [["m.onnx"], 2, "P1156: say into how many stages or ranks: --pipeline 2, --tensor 2"],
    [["m.onnx", "--pipeline", "two"], 2, 'P1156: --pipeline takes a whole number of at least 1, not "two"'],
    [["m.onnx", "--tensor", "0"], 2, 'P1156: --tensor takes a whole number of at least 1, not "0"'],
    [["m.onnx", "--tensor", "65"], 2, "P1156: --tensor takes at most 64, not 65"],
    [["m.onnx", "--pipeline", "2", "--cut", "a", "--cut", "b"], 2, "P1156: 2 stages have 1 cuts, and --cut is given 2 times"],
    [["m.onnx", "--pipeline", "40"], 1, "P1150: m.onnx cannot be cut into 40 stages: it has parts for 5"],
    [["m.onnx", "--cut", "nowhere"], 1, 'P1152: the model has no node or value "nowhere" to cut after'],
    [["m.onnx", "--cut", "b", "--cut", "s"], 1, "P1153: stage 2 has no node that computes anything the outputs need"],
    [["none.onnx", "--pipeline", "2"], 1, "there is no such file"],
  ])("%j: exit %i", async (argv, expected, message) => {
    const folder = makeWorkplace({ "m.onnx": model() });
    const { code, stderr } = await pipec(folder, "shard", ...argv);
    expect(code).toBe(expected);
    expect(stderr).toContain(message);
    expect(existsSync(join(folder, "shards"))).toBe(false);
  });
});

describe("shard among ranks", () => {
  test("writes a model for every segment of every rank, and says what stays whole and why", async () => {
    const folder = makeWorkplace({ "m.onnx": model() });
    const { code, stdout, stderr } = await pipec(folder, "shard", "m.onnx", "--tensor", "2", "-o", "cut");
    expect({ code, stderr }).toEqual({ code: 0, stderr: "" });
    expect(stdout).toBe(`m.onnx in 1 stage of 2 ranks, written to cut
  stage 1: 5 nodes, 512 B of weights
    in   x: f32[N, 8], given
    out  y: f32[N, 8]
    rank 0: 3 segments, 256 B of weights
    rank 1: 3 segments, 256 B of weights
    exchanged: 0 sums, 2 put together from shares
`);
    expect(readdirSync(join(folder, "cut"))).toContain("stage-1-rank-1-segment-2.onnx");
    const manifest: unknown = JSON.parse(readFileSync(join(folder, "cut", "manifest.json"), "utf8"));
    expect(manifest).toMatchObject({
      stages: [{
        leaves: [{ value: "y", from: { kind: "self", segment: 2, port: "y" } }],
        collectives: [{ value: "s", op: "concat", axis: 1, segment: 1 }, { value: "y", op: "concat", axis: 1, segment: 2 }],
        replicated: [],
        ranks: [{ rank: 0, segments: [{ inputs: [{ port: "x", from: { kind: "stage", value: "x" } }] }, { inputs: [{ from: { kind: "self" } }, { from: { kind: "peer", rank: 1, segment: 0 } }, { from: { kind: "self" } }] }, {}] }, { rank: 1 }],
      }],
    });
  });

  test("a number of ranks that divides little is warned of", async () => {
    const folder = makeWorkplace({ "m.onnx": model() });
    const { code, stderr } = await pipec(folder, "shard", "m.onnx", "--tensor", "3", "-o", "cut");
    expect(code).toBe(0);
    expect(stderr).toContain("warning P1160: m.onnx: of 512 B of weights, each of 3 ranks holds 512 B whole");
    expect(stderr).toContain("no axis of [8, 8] can be divided by 3");
    expect((await pipec(folder, "verify", "m.onnx", "--tensor", "2")).stderr).toBe("");
  });

  test("verify runs the ranks and counts their segments", async () => {
    const folder = makeWorkplace({ "m.onnx": model() });
    const { code, stdout } = await pipec(folder, "verify", "m.onnx", "--pipeline", "2", "--tensor", "2", "--json");
    expect(code).toBe(0);
    expect(JSON.parse(stdout)).toMatchObject({ stages: 2, segments: 4 });
    const told = await pipec(folder, "verify", "m.onnx", "--tensor", "4");
    expect(told.code).toBe(0);
    expect(told.stdout).toMatch(/^m.onnx in 1 stage of 4 ranks, 2 sets of inputs: /);
  });

  test("--optimize-first cuts what onnxruntime makes of the model: bit for bit its optimised self", async () => {
    const folder = makeWorkplace({ "m.onnx": model() });
    const { code, stdout } = await pipec(folder, "verify", "m.onnx", "--pipeline", "2", "--optimize-first");
    expect({ code, stdout }).toEqual({ code: 0, stdout: "m.onnx in 2 stages, 2 sets of inputs: equal bit for bit\n" });
    expect((await pipec(folder, "shard", "m.onnx", "--pipeline", "2", "--tensor", "2", "--optimize-first", "-o", "cut")).code).toBe(0);
    const unreadable = await pipec(makeWorkplace({ "n.onnx": Uint8Array.of(1, 2, 3) }), "shard", "n.onnx", "--tensor", "2", "--optimize-first");
    expect(unreadable.code).toBe(1);
    expect(unreadable.stderr).toContain("P1159");
  });
});

describe("verify", () => {
  test("random inputs: equal bit for bit, exit 0", async () => {
    const folder = makeWorkplace({ "m.onnx": model() });
    const { code, stdout, stderr } = await pipec(folder, "verify", "m.onnx", "--pipeline", "3");
    expect({ code, stdout, stderr }).toEqual({ code: 0, stdout: "m.onnx in 3 stages, 2 sets of inputs: equal bit for bit\n", stderr: "" });
  });

  test("--json on recorded inputs beside the model", async () => {
    const folder = makeWorkplace({ "m.onnx": model(), "test_data_set_0/input_0.pb": tensorFile("x", [2, 8]), "test_data_set_1/input_0.pb": tensorFile("", [5, 8]) });
    const { code, stdout } = await pipec(folder, "verify", "m.onnx", "--pipeline", "2", "--json");
    expect(code).toBe(0);
    expect(JSON.parse(stdout)).toEqual({ equal: true, maxAbs: 0, maxRel: 0, stages: 2, segments: 2 });
  });

  test("--data names the folder; --optimize stays within the tolerance", async () => {
    const folder = makeWorkplace({ "m.onnx": model(), "data/input_0.pb": tensorFile("x", [2, 8]) });
    const { code, stdout } = await pipec(folder, "verify", "m.onnx", "--pipeline", "2", "--data", "data", "--optimize");
    expect(code).toBe(0);
    expect(stdout).toContain("1 set of inputs");
  });

  test.each([
    [{ "data/input_0.pb": tensorFile("z", [2, 8]) }, 'P1158: data/input_0.pb cannot be used as inputs: the model has no input "z"'],
    [{ "data/input_1.pb": tensorFile("", [2, 8]) }, "P1158: data/input_1.pb cannot be used as inputs: the model has 1 inputs"],
    [{ "data/other.txt": "" }, 'P1158: data cannot be used as inputs: there is none for input "x"'],
    [{ "data/input_0.pb": Uint8Array.of(8, 255) }, "P1158: data/input_0.pb cannot be used as inputs"],
    [{ "data/input_0.pb": tensorFile("x", [2, 9]) }, "P1159: onnxruntime does not run the whole model"],
  ])("unusable recorded inputs", async (files, message) => {
    const folder = makeWorkplace({ "m.onnx": model(), ...files });
    const { code, stderr } = await pipec(folder, "verify", "m.onnx", "--pipeline", "2", "--data", "data");
    expect(code).toBe(1);
    expect(stderr).toContain(message);
  });

  test("a model that draws random numbers differs: exit 1", async () => {
    const b = createModelBuilder(17);
    b.node("Exp", [b.input("x", "f32", [4])], {}, { outputs: ["a"] });
    b.node("Sqrt", [b.node("Add", ["a", b.node("RandomUniform", [], { shape: [4] })])], {}, { outputs: ["y"] });
    b.output("y", "f32", [4]);
    const folder = makeWorkplace();
    writeFileSync(join(folder, "r.onnx"), builtBytes(b));
    const { code, stderr } = await pipec(folder, "verify", "r.onnx", "--cut", "a");
    expect(code).toBe(1);
    expect(stderr).toMatch(/P1157: output "y" of the shards differs from the whole model's by up to /);
    const json = await pipec(folder, "verify", "r.onnx", "--cut", "a", "--json");
    expect(json.code).toBe(1);
    expect(JSON.parse(json.stdout)).toMatchObject({ equal: false, stages: 2 });
  });

  test("a model that amplifies rounding: judged by how far rounding alone moves it", async () => {
    const folder = makeWorkplace({ "m.onnx": amplifying(2000) });
    const { code, stdout, stderr } = await pipec(folder, "verify", "m.onnx", "--tensor", "2");
    expect({ code, stderr }).toEqual({ code: 0, stderr: "" });
    expect(stdout).toMatch(/: apart by at most \S+ \(.* of the value\); rounding alone moves the whole by up to \S+\n$/);
    const verdict: unknown = JSON.parse((await pipec(folder, "verify", "m.onnx", "--tensor", "2", "--json")).stdout);
    expect(verdict).toEqual({ equal: false, maxAbs: expect.toSatisfy((apart: number) => apart > 3e-5), maxRel: expect.any(Number), stages: 1, segments: expect.any(Number), rounding: expect.toSatisfy((moved: number) => moved > 3e-5) });
  });

  test("a model whose outputs are mostly rounding cannot be judged", async () => {
    const folder = makeWorkplace({ "m.onnx": amplifying(2e6) });
    const { code, stdout, stderr } = await pipec(folder, "verify", "m.onnx", "--tensor", "2");
    expect(stdout).toContain("rounding alone moves the whole by up to ");
    expect(code).toBe(1);
    expect(stderr).toContain("P1157");
  });

  test("--dim gives open sizes", async () => {
    const folder = makeWorkplace({ "m.onnx": model() });
    expect((await pipec(folder, "verify", "m.onnx", "--pipeline", "2", "--dim", "N=7")).code).toBe(0);
    const { code, stderr } = await pipec(folder, "verify", "m.onnx", "--pipeline", "2", "--dim", "N=0");
    expect(code).toBe(2);
    expect(stderr).toContain("P1156");
  });
});
