/** Cutting small graphs, each with something that a careless cut would lose. */
import { Tensor } from "onnxruntime-node";
import { describe, expect, it } from "vitest";
import { createModelBuilder, type ModelBuilder } from "../../../compiler/onnx/build-model.ts";
import { bodyField, messageField, textField, varintField } from "../../../compiler/onnx/encode.ts";
import { inferShapes } from "../../../compiler/onnx/infer/infer-shapes.ts";
import type { ModelGraph } from "../../../compiler/onnx/model-graph.ts";
import { readModel } from "../../../compiler/onnx/read-model.ts";
import { bytesRope, joinRopes, rangeRope, ropeBytes, type Rope } from "../../../compiler/onnx/rope.ts";
import { ropeSource } from "../../../compiler/onnx/rope-source.ts";
import { writeModel } from "../../../compiler/onnx/write-model.ts";
import { cutAfter } from "../../../compiler/shard/choose-cuts.ts";
import { shardManifest } from "../../../compiler/shard/manifest.ts";
import { shardPipeline } from "../../../compiler/shard/shard-pipeline.ts";
import type { Cuts, ShardSet } from "../../../compiler/shard/shard-set.ts";
import { segmentFiles, writeStage } from "../../../compiler/shard/write-stage.ts";
import { bytesSource } from "../../../compiler/onnx/byte-source.ts";
import { createWireReader } from "../../../compiler/onnx/wire.ts";
import { builtBytes, builtModel, readSound } from "../../support/onnx-models.ts";
import { cutSoundly, differing, runBytes, runShards, type Values } from "../../support/shard-trial.ts";

/** Cuts after the nodes or values named, one list per cut. */
function cutsAfter(model: ModelGraph, ...names: readonly (readonly string[])[]): Cuts {
  const inferred = inferShapes(model);
  return names.reduce<Cuts>((cuts, list) => {
    const cut = cutAfter(model, inferred, list, cuts.at(-1) ?? new Set());
    if ("unknown" in cut) throw new Error(`no node ${cut.unknown}`);
    return [...cuts, cut];
  }, []);
}

function floats(dims: readonly number[], value = (i: number): number => Math.sin(i + 1)): Tensor {
  const count = dims.reduce((product, dim) => product * dim, 1);
  return new Tensor("float32", Float32Array.from({ length: count }, (_, i) => value(i)), dims);
}

/** Cuts, runs whole and cut, and expects the same bits. */
async function expectSame(bytes: Uint8Array, feeds: Values, ...names: readonly (readonly string[])[]): Promise<ShardSet> {
  const model = readSound("m", bytes);
  const set = cutSoundly(model, cutsAfter(model, ...names));
  expect(differing(await runBytes(bytes, feeds), await runShards(set, feeds))).toEqual([]);
  return set;
}

const portsOf = (set: ShardSet) =>
  set.stages.map(({ receives, inputs, outputs, sends }) => ({ receives, inputs: inputs.map((input) => input.name), outputs, sends }));

/** a = x w1, b = Exp(a), c = Neg(b), y = c + a: `a` is needed at the end. */
function skip(): ModelBuilder {
  const b = createModelBuilder(17, 3);
  const x = b.input("x", "f32", ["N", 4]);
  b.node("MatMul", [x, b.weight("w1", [4, 4], 0.5)], {}, { outputs: ["a"] });
  b.node("Exp", ["a"], {}, { outputs: ["b"] });
  b.node("MatMul", ["b", b.weight("w2", [4, 4], 0.5)], {}, { outputs: ["c"] });
  b.node("Add", ["c", "a"], {}, { outputs: ["y"] });
  b.output("y", "f32", ["N", 4]);
  return b;
}

describe("values needed later", () => {
  it("are forwarded through the stages between, and no further", async () => {
    const set = await expectSame(builtBytes(skip()), { x: floats([2, 4]) }, ["a"], ["b"], ["c"]);
    expect(portsOf(set)).toEqual([
      { receives: ["x"], inputs: ["x"], outputs: ["a"], sends: ["a"] },
      { receives: ["a"], inputs: ["a"], outputs: ["b"], sends: ["a", "b"] },
      { receives: ["a", "b"], inputs: ["b"], outputs: ["c"], sends: ["a", "c"] },
      { receives: ["a", "c"], inputs: ["a", "c"], outputs: ["y"], sends: ["y"] },
    ]);
    expect(set.stages[3]?.inputs).toEqual([{ name: "a", from: { kind: "stage", stage: 0 } }, { name: "c", from: { kind: "stage", stage: 2 } }]);
    expect(set.stages.map((stage) => stage.initializers.map((tensor) => tensor.name))).toEqual([["w1"], [], ["w2"], []]);
  });

  it("outputs of early stages come out at the end; inputs first used late are forwarded from the caller", async () => {
    const b = createModelBuilder(17);
    const x = b.input("x", "f32", ["N", 4]);
    const late = b.input("late", "f32", ["N", 4]);
    b.node("Exp", [x], {}, { outputs: ["early"] });
    b.node("Sqrt", ["early"], {}, { outputs: ["middle"] });
    b.node("Sigmoid", [b.node("Mul", ["middle", late])], {}, { outputs: ["y"] });
    for (const name of ["early", "y"]) b.output(name, "f32", ["N", 4]);
    const set = await expectSame(builtBytes(b), { x: floats([2, 4]), late: floats([2, 4]) }, ["early"], ["middle"]);
    expect(set.stages[2]?.sends).toEqual(["early", "y"]);
    expect(set.stages[1]?.sends).toEqual(["late", "early", "middle"]);
    expect(set.stages[2]?.inputs[0]).toEqual({ name: "late", from: { kind: "caller" } });
  });
});

describe("what every stage computes for itself", () => {
  it("constants: a weight is where it is used, also through constant nodes", async () => {
    const b = createModelBuilder(17, 5);
    const x = b.input("x", "f32", ["N", 4]);
    const shared = b.node("Transpose", [b.weight("w", [4, 4], 0.5)], {}, { outputs: ["wt"] });
    b.node("MatMul", [x, shared], {}, { outputs: ["a"] });
    b.node("Exp", ["a"], {}, { outputs: ["b"] });
    b.node("MatMul", ["b", shared], {}, { outputs: ["y"] });
    b.output("y", "f32", ["N", 4]);
    const set = await expectSame(builtBytes(b), { x: floats([3, 4]) }, ["a"], ["b"]);
    expect(set.stages.map((stage) => stage.initializers.map((tensor) => tensor.name))).toEqual([["w"], [], ["w"]]);
    expect(portsOf(set).map((ports) => ports.sends)).toEqual([["a"], ["b"], ["y"]]);
  });

  it("shape arithmetic and masks, from what arrives anyway", async () => {
    const b = createModelBuilder(17, 5);
    const x = b.input("x", "f32", ["N", "T"]);
    const hidden = b.node("Exp", [x], {}, { outputs: ["hidden"] });
    const shape = b.node("Shape", [hidden], {}, { outputs: ["shape"] });
    b.node("Sigmoid", [hidden], {}, { outputs: ["a"] });
    b.node("Reshape", [b.node("Sqrt", [b.node("Reshape", ["a", b.ints("flat", [1], [-1])])]), shape], {}, { outputs: ["b"] });
    b.node("Add", [b.node("Reshape", ["b", shape]), hidden], {}, { outputs: ["y"] });
    b.output("y", "f32", ["N", "T"]);
    const set = await expectSame(builtBytes(b), { x: floats([2, 5]) }, ["a"], ["b"]);
    // `hidden` is needed in the end, so that its shape costs nothing.
    expect(portsOf(set).map((ports) => ports.sends)).toEqual([["hidden", "a"], ["hidden", "b"], ["y"]]);
    expect(set.stages[1]?.clones.map((node) => node.op)).toContain("Shape");
  });

  it("but never random numbers", async () => {
    const b = createModelBuilder(17);
    const x = b.input("x", "f32", [4]);
    b.node("RandomUniform", [], { shape: [4], seed: { kind: "float", value: 3 } }, { outputs: ["noise"] });
    b.node("Exp", [b.node("Add", [x, "noise"])], {}, { outputs: ["a"] });
    b.node("Sqrt", [b.node("Add", ["a", "noise"])], {}, { outputs: ["y"] });
    b.output("y", "f32", [4]);
    const model = builtModel(b);
    const set = cutSoundly(model, cutsAfter(model, ["a"]));
    expect(set.stages.map((stage) => stage.nodes.filter((node) => node.op === "RandomUniform").length)).toEqual([1, 0]);
    expect(set.stages[0]?.sends).toContain("noise");
  });

  it("a node made again for one output gives the others too", async () => {
    const b = createModelBuilder(18);
    const x = b.input("x", "f32", ["N", 4]);
    b.node("Split", [b.input("mask", "f32", ["N", 2])], { axis: 1, num_outputs: 2 }, { outputs: ["m1", "m2"] });
    b.node("Exp", [b.node("Mul", [x, "m1"])], {}, { outputs: ["a"] });
    b.node("Sqrt", [b.node("Mul", ["a", "m2"])], {}, { outputs: ["b"] });
    b.node("Exp", [b.node("Mul", ["b", "m1"])], {}, { outputs: ["y"] });
    b.output("y", "f32", ["N", 4]);
    b.output("m2", "f32", ["N", 1]);
    await expectSame(builtBytes(b), { x: floats([3, 4]), mask: floats([3, 2]) }, ["a"], ["b"]);
  });

  it("a graph of nothing but light nodes is still cut where it is told", async () => {
    const b = createModelBuilder(17);
    const x = b.input("x", "f32", ["N"]);
    b.node("Add", [x, x], {}, { outputs: ["a"] });
    b.node("Neg", ["a"], {}, { outputs: ["b"] });
    b.node("Mul", ["b", "a"], {}, { outputs: ["y"] });
    b.output("y", "f32", ["N"]);
    const set = await expectSame(builtBytes(b), { x: floats([3]) }, ["a"], ["b"]);
    expect(set.stages.map((stage) => stage.nodes.map((node) => node.op))).toEqual([["Add"], ["Neg"], ["Mul"]]);
  });
});

describe("parts of a file that are easily lost", () => {
  it("what subgraphs capture", async () => {
    const b = createModelBuilder(17, 5);
    const x = b.input("x", "f32", [4]);
    const flag = b.input("flag", "bool", []);
    b.weight("w", [4], 1);
    b.node("Exp", [x], {}, { outputs: ["a"] });
    b.node("Sqrt", ["a"], {}, { outputs: ["b"] });
    const branch = (op: string, uses: readonly string[]) => ({
      kind: "graph" as const,
      value: { name: op, inputs: [], initializers: [], nodes: [{ kind: "new" as const, op, inputs: uses, outputs: [`${op}_out`] }], outputs: [{ kind: "new" as const, name: `${op}_out`, dtype: "f32" as const, dims: [4] }] },
    });
    b.node("If", [flag], { then_branch: branch("Add", ["a", "w"]), else_branch: branch("Mul", ["b", "w"]) }, { outputs: ["y"] });
    b.output("y", "f32", [4]);
    const bytes = builtBytes(b);
    for (const taken of [0, 1]) {
      const set = await expectSame(bytes, { x: floats([4]), flag: new Tensor("bool", Uint8Array.of(taken), []) }, ["a"], ["b"]);
      expect(set.stages[2]?.inputs.map((input) => input.name)).toEqual(["flag", "a", "b"]);
      expect(set.stages[2]?.initializers.map((tensor) => tensor.name)).toEqual(["w"]);
    }
  });

  it("initializers that are listed as inputs (before IR version 4)", async () => {
    const b = createModelBuilder(8, 5);
    const x = b.input("x", "f32", ["N", 4]);
    const w1 = b.weight(b.input("w1", "f32", [4, 4]), [4, 4], 0.5);
    const w2 = b.weight(b.input("w2", "f32", [4, 4]), [4, 4], 0.5);
    b.node("MatMul", [x, w1], {}, { outputs: ["a"] });
    b.node("MatMul", ["a", w2], {}, { outputs: ["y"] });
    b.output("y", "f32", ["N", 4]);
    const bytes = ropeBytes(writeModel({ ...b.draft(), irVersion: 3 }).model);
    const set = await expectSame(bytes, { x: floats([2, 4]) }, ["a"]);
    const second = set.stages[1] && readSound("second", ropeBytes(writeStage(set.stages[1]).model));
    expect(second?.graph.inputs.map((input) => input.name)).toEqual(["a", "w2"]);
  });

  it("local functions: each with the stages that call it, directly or not", async () => {
    const b = createModelBuilder(new Map([["", 17], ["local", 1]]), 5);
    const x = b.input("x", "f32", ["N"]);
    b.node("Twice", [x], {}, { domain: "local", outputs: ["a"] });
    b.node("Exp", ["a"], {}, { outputs: ["b"] });
    b.node("Fourfold", ["b"], {}, { domain: "local", outputs: ["y"] });
    b.output("y", "f32", ["N"]);
    const bytes = ropeBytes(joinRopes([bytesRope(builtBytes(b)), localFunction("Twice", [["Add", "", ["v", "v"], "out"]]), localFunction("Fourfold", [["Twice", "local", ["v"], "t"], ["Twice", "local", ["t"], "out"]])]));
    const set = await expectSame(bytes, { x: floats([3]) }, ["a"], ["b"]);
    const functions = set.stages.map((stage) => readSound("s", ropeBytes(writeStage(stage).model)).functions.map((fn) => fn.name));
    expect(functions).toEqual([["Twice"], [], ["Twice", "Fourfold"]]);
  });

  it("sparse initializers", async () => {
    const b = createModelBuilder(17, 5);
    const x = b.input("x", "f32", ["N", 2]);
    b.node("MatMul", [x, "s1"], {}, { outputs: ["a"] });
    b.node("MatMul", ["a", "s2"], {}, { outputs: ["y"] });
    b.output("y", "f32", ["N", 2]);
    const bytes = withGraphFields(b, [sparseField("s1", [1.5, -2]), sparseField("s2", [0.25, 3])]);
    const set = await expectSame(bytes, { x: floats([3, 2]) }, ["a"]);
    const held = set.stages.map((stage) => readSound("s", ropeBytes(writeStage(stage).model)).graph.sparseInitializers.map((sparse) => sparse.values.name));
    expect(held).toEqual([["s1"], ["s2"]]);
  });

  it("outputs that are inputs or weights", async () => {
    const b = createModelBuilder(17, 5);
    const x = b.input("x", "f32", ["N", 2]);
    const w = b.weight("w", [2, 2], 0.5);
    b.node("MatMul", [x, w], {}, { outputs: ["a"] });
    b.node("Exp", ["a"], {}, { outputs: ["y"] });
    for (const name of ["y", "x"]) b.output(name, "f32", ["N", 2]);
    b.output(w, "f32", [2, 2]);
    const model = builtModel(b);
    const set = cutSoundly(model, cutsAfter(model, ["a"]));
    const out = await runShards(set, { x: floats([3, 2]) });
    expect(Object.keys(out)).toEqual(["y", "x", "w"]);
    expect(set.stages.map((stage) => stage.initializers.length)).toEqual([1, 1]);
    expect(shardManifest(set, inferShapes(model)).outputs.map(({ name, stage }) => [name, stage])).toEqual([["y", 2], ["x", 0], ["w", 2]]);
  });

  it("weights of gigabytes go beside the model, at page boundaries, without being read", () => {
    const b = createModelBuilder(17, 5);
    let x = b.input("x", "f32", ["N", 8192]);
    for (let layer = 0; layer < 8; layer++) x = b.node("MatMul", [x, b.weight(`w${layer}`, [8192, 8192], 0.01)], {}, { outputs: [`h${layer}`] });
    b.output(x, "f32", ["N", 8192]);
    const { model: file, external } = b.build({ external: { location: "w.bin", bytesMin: 1024 } });
    const { model } = readModel({ name: "m", main: ropeSource(file), openExternal: () => ({ size: external.length, read: () => { throw new Error("a weight was read"); } }) });
    if (!model) throw new Error("the model should be sound");
    const set = cutSoundly(model, cutsAfter(model, ["h3"]));
    const [first, second] = set.stages;
    if (!first || !second) throw new Error("there should be two stages");
    expect(first.weightBytes).toBe(4 * 8192 * 8192 * 4);
    const written = writeStage(second);
    expect(written.external.length).toBe(second.weightBytes);
    const shard = readModel({ name: "s", main: ropeSource(written.model), openExternal: () => ropeSource(written.external) }).model;
    expect(shard?.graph.initializers.map(({ name, data }) => [name, data])).toEqual(
      [4, 5, 6, 7].map((layer, at) => [`w${layer}`, { kind: "external", location: segmentFiles(second, 0, 0).weights, offset: at * 2 ** 28, length: 2 ** 28 }]),
    );
  });
});

describe("what cannot be cut so", () => {
  const codesOf = (model: ModelGraph, cuts: Cuts): readonly string[] => {
    const result = shardPipeline(model, cuts);
    return result.ok ? [] : result.diagnostics.map(({ code, message }) => `${code}: ${message}`);
  };
  const nodeSet = (model: ModelGraph, ...outputs: readonly string[]) => new Set(model.graph.nodes.filter((node) => outputs.includes(node.outputs[0] ?? "")));

  it("a set that is not closed", () => {
    const model = builtModel(skip());
    expect(codesOf(model, [nodeSet(model, "b")])).toEqual(['P1151: node "Exp_1" is in stage 1 and uses "a", which stage 2 makes']);
  });

  it("a stage without work", () => {
    const model = builtModel(skip());
    expect(codesOf(model, [nodeSet(model, "a"), nodeSet(model, "a")])).toEqual(["P1153: stage 2 has no node that computes anything the outputs need"]);
  });

  it("a model that contradicts itself: with its own diagnostics", () => {
    const b = createModelBuilder(17);
    const x = b.node("Exp", [b.input("x", "f32", ["N", 4])], {}, { outputs: ["a"] });
    b.node("MatMul", [x, b.weight("w", [5, 2], 1)], {}, { outputs: ["y"] });
    b.output("y", "f32", ["N", 2]);
    const model = builtModel(b);
    expect(codesOf(model, cutsAfter(model, ["a"])).map((line) => line.slice(0, 5))).toEqual(["P1031"]);
  });

  it("a sequence across a cut", () => {
    const b = createModelBuilder(17);
    const x = b.input("x", "f32", ["N", 4]);
    b.node("SplitToSequence", [b.node("Exp", [x])], { axis: 1 }, { outputs: ["parts"] });
    b.node("ConcatFromSequence", ["parts"], { axis: 0 }, { outputs: ["y"] });
    b.output("y", "f32", [null, null]);
    const model = builtModel(b);
    expect(codesOf(model, cutsAfter(model, ["parts"]))).toEqual(['P1154: "parts" would be passed from stage 1 to stage 2, and it is no tensor']);
    expect(codesOf(model, cutsAfter(model, ["exp_0"]))).toEqual([]);
  });

  it("external data inside a node", () => {
    const tensor = joinRopes([varintField(1, 4), varintField(2, 1), textField(8, "t"), messageField(13, [textField(1, "location"), textField(2, "w.bin")]), varintField(14, 1)]);
    const attribute = joinRopes([textField(1, "value"), bodyField(5, tensor), varintField(20, 4)]);
    const constant = joinRopes([textField(2, "k"), textField(3, "const"), textField(4, "Constant"), bodyField(5, attribute)]);
    const b = skip();
    const bytes = withGraphFields(b, [bodyField(1, constant)]);
    const model = readSound("m", bytes, new Map([["w.bin", new Uint8Array(16)]]));
    expect(codesOf(model, cutsAfter(model, ["a"]))).toEqual(['P1155: tensor "t" inside node "const" lies in an external file, where only initializers may']);
  });
});

/** The built model with more fields in its graph. */
function withGraphFields(b: ModelBuilder, fields: readonly Rope[]): Uint8Array {
  const source = bytesSource(ropeBytes(b.build().model));
  let graph = bytesRope(new Uint8Array());
  createWireReader(source).fields({ offset: 0, length: source.size }, (field) => {
    if (field.number === 7) graph = rangeRope(source, field.offset, field.length);
  });
  return ropeBytes(joinRopes([varintField(1, 8), messageField(7, [graph, ...fields]), messageField(8, [varintField(2, 17)])]));
}

/** A 2x2 matrix with these values on its diagonal. */
function sparseField(name: string, diagonal: readonly [number, number]): Rope {
  const values = joinRopes([varintField(1, 2), varintField(2, 1), textField(8, name), bodyField(9, bytesRope(new Uint8Array(Float32Array.from(diagonal).buffer)))]);
  const indices = joinRopes([varintField(1, 2), varintField(2, 7), textField(8, `${name}_indices`), bodyField(9, bytesRope(new Uint8Array(BigInt64Array.of(0n, 3n).buffer)))]);
  return messageField(15, [bodyField(1, values), bodyField(2, indices), varintField(3, 2), varintField(3, 2)]);
}

/** A function of domain `local` from `v` to `out`. */
function localFunction(name: string, nodes: readonly (readonly [op: string, domain: string, inputs: readonly string[], output: string])[]): Rope {
  return messageField(25, [
    textField(1, name),
    textField(4, "v"),
    textField(5, "out"),
    ...nodes.map(([op, domain, inputs, output]) => messageField(7, [...inputs.map((input) => textField(1, input)), textField(2, output), textField(4, op), textField(7, domain)])),
    messageField(9, [varintField(2, 17)]),
    messageField(9, [textField(1, "local"), varintField(2, 1)]),
    textField(10, "local"),
  ]);
}
