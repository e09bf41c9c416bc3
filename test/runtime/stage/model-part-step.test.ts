/** Models cut into parts give what the whole gives, bit for bit; faults are judged row by row wherever they show. */
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, describe, expect, test } from "vitest";
import { createModelBuilder } from "../../../compiler/onnx/build-model.ts";
import { onnxBackend } from "../../../runtime/backends/onnx-executor.ts";
import { decodeChunk, encodeChunk, postChunk } from "../../../runtime/channel/chunk-codec.ts";
import type { EdgeSchema } from "../../../runtime/channel/chunk-codec.ts";
import { fromWire } from "../../../runtime/channel/wire-chunk.ts";
import type { WireChunk } from "../../../runtime/channel/wire-chunk.ts";
import type { ModelSession } from "../../../runtime/contract/backend.ts";
import type { Chunk } from "../../../runtime/contract/chunk.ts";
import type { Column } from "../../../runtime/contract/column.ts";
import { setProgramFolder } from "../../../runtime/contract/program-folder.ts";
import type { ModelBinding, ModelPart, ModelPortSpec, ModelSpec, StepSpec } from "../../../runtime/contract/program.ts";
import type { Row, Tensor } from "../../../runtime/contract/value.ts";
import { openLocalPart } from "../../../runtime/stage/local-part.ts";
import { openSteps } from "../../../runtime/stage/open-steps.ts";
import { createChunkLog } from "../../../runtime/stage/step-context.ts";
import { cutModel, put } from "../../support/cut-model.ts";
import { makeChunk, stepContext } from "../../support/make-chunk.ts";
import { builtBytes } from "../../support/onnx-models.ts";

const folder = mkdtempSync(join(tmpdir(), "pipec-parts-"));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const at = { file: "a.pipe", line: 7, column: 1 };
const port = (name: string, rowShape: ModelPortSpec["rowShape"], more: Partial<ModelPortSpec> = {}): ModelPortSpec => ({ port: name, dtype: "f32", rowShape, batchAxis: 0, ...more });
const id: Column = { name: "id", type: { kind: "scalar", dtype: "f64" }, bytesMax: 8 };
const tensorColumn = (name: string): Column => ({ name, type: { kind: "tensor", dtype: "f32", shape: [null, null] }, bytesMax: 10_000 });

/** Residual layers over tokens: the input is needed again at the end, so that it is passed on through every part. */
function tokens(layers: number): Uint8Array {
  const builder = createModelBuilder(17, 5);
  const x = builder.input("x", "f32", ["N", "T", 8]);
  let value = x;
  for (let layer = 0; layer < layers; layer++) {
    const hidden = builder.node("Tanh", [builder.node("MatMul", [value, builder.weight(`w${layer}`, [8, 8], 0.5)])]);
    value = builder.node("Add", [value, hidden]);
  }
  builder.node("Add", [value, x], {}, { outputs: ["y"] });
  builder.output("y", "f32", ["N", "T", 8]);
  return builtBytes(builder);
}

const spec = (more: Partial<ModelSpec> = {}): ModelSpec => ({
  name: "m", at, file: "whole.onnx", inputs: [port("x", ["T", 8], { padValue: 0 })], outputs: [port("y", ["T", 8])],
  batch: 2, fixedBatch: false, batched: true, pad: [{ dim: "T", multiple: 4 }], device: "cpu", intraOpThreads: 1, session: { optimize: false, shareWeights: false }, ...more,
});

const bindOf = (model: ModelSpec, carried: readonly string[]): ModelBinding => ({
  inputs: model.inputs.map((input) => ({ port: input.port, column: input.port })), constants: [], outputs: model.outputs.map((output) => ({ port: output.port, column: output.port })), carried,
});

const base = { at, resources: [] };
const whole = (model: ModelSpec): StepSpec => ({ ...base, id: 1, name: "m", columns: [id, tensorColumn("y")], kind: "model", input: 0, model, bind: bindOf(model, ["id"]) });
const parts = (model: ModelSpec, cut: readonly ModelPart[]): readonly StepSpec[] =>
  cut.map((part, index): StepSpec => ({ ...base, id: index + 1, name: `m ${index}`, columns: index === cut.length - 1 ? [id, tensorColumn("y")] : [id], kind: "modelPart", input: index, model, bind: bindOf(model, ["id"]), part }));

interface Ran {
  readonly chunk: Chunk;
  readonly failures: readonly string[];
}

/** Runs each step as a stage of its own: between them the chunk is encoded and transferred. */
async function run(steps: readonly StepSpec[], chunk: Chunk): Promise<Ran> {
  setProgramFolder(folder);
  const log = createChunkLog();
  let current = chunk;
  for (const step of steps) {
    const opened = await openSteps([step], { ...stepContext(), openModel: (model) => onnxBackend.open(model, join(folder, model.file)), openPart: ({ model, part }) => openLocalPart(onnxBackend, model, part) });
    const made = await opened.run(new Map([[step.id - 1, current]]), log);
    await opened.close();
    current = move(made.get(step.id) ?? chunk, { columns: step.columns, levels: [] });
  }
  return { chunk: current, failures: log.failures.map(({ row, message }) => `${row}: ${message}`) };
}

/** As a worker sends and another takes it. */
function move(chunk: Chunk, schema: EdgeSchema): Chunk {
  const sent = encodeChunk(0, schema, chunk);
  let arrived: WireChunk | undefined;
  postChunk({ postMessage: (message: unknown, transfer?: unknown) => { arrived = structuredClone(message as WireChunk, { transfer: transfer as ArrayBuffer[] }); } }, sent);
  if (arrived === undefined) throw new Error("nothing was sent");
  return decodeChunk(schema, fromWire(arrived));
}

const tensor = (shape: readonly number[], value: (index: number) => number): Tensor => ({ dtype: "f32", shape, data: Float32Array.from({ length: shape.reduce((a, b) => a * b, 1) }, (_, index) => value(index)) });
const ragged = (lengths: readonly number[]): readonly Row[] => lengths.map((length, row) => ({ id: row, x: tensor([length, 8], (index) => Math.sin(index * 7 + row)) }));

describe("parts of a model", () => {
  test.each([2, 3])("%i parts give the bits of the whole, with what is passed on through all of them", async (count) => {
    put(folder, "whole.onnx", tokens(6));
    const cut = cutModel(folder, `p${count}`, tokens(6), count);
    expect(cut).toHaveLength(count);
    expect(cut[0].outputs.some(({ from }) => from.kind === "stage")).toBe(true);
    const expected = await run([whole(spec())], makeChunk(ragged([3, 9, 4, 4, 1, 8, 12])));
    const actual = await run(parts(spec(), cut), makeChunk(ragged([3, 9, 4, 4, 1, 8, 12])));
    expect(expected.chunk.rows).toHaveLength(7);
    expect(actual).toEqual(expected);
    expect(actual.chunk.batches).toBeUndefined();
  });

  test("two cut models take turns on the same stages", async () => {
    const cut = cutModel(folder, "left", tokens(6), 2);
    const other = cutModel(folder, "right", tokens(4), 2);
    put(folder, "whole.onnx", tokens(6));
    put(folder, "other.onnx", tokens(4));
    const left = spec();
    const right = spec({ name: "r", file: "other.onnx", batch: 3, inputs: [port("x", ["T", 8], { padValue: 0 })] });
    const step = (number: number, model: ModelSpec, from: string, to: string, carried: readonly string[], part: ModelPart | undefined, columns: readonly Column[]): StepSpec => {
      const bind = { inputs: [{ port: "x", column: from }], constants: [], outputs: [{ port: "y", column: to }], carried };
      return part === undefined ? { ...base, id: number, name: to, columns, kind: "model", input: number - 1, model, bind } : { ...base, id: number, name: to, columns, kind: "modelPart", input: number - 1, model, bind, part };
    };
    const columns = [id, tensorColumn("a"), tensorColumn("b")];
    const one = await run([step(1, left, "x", "a", ["id", "z"], undefined, [id, tensorColumn("z"), tensorColumn("a")]), step(2, right, "z", "b", ["id", "a"], undefined, columns)], twin());
    const both = await run([
      step(1, left, "x", "a", ["id", "z"], cut[0], [id, tensorColumn("z")]), step(2, right, "z", "b", ["id"], other[0], [id]),
      step(3, left, "x", "a", ["id"], cut[1], [id, tensorColumn("a")]), step(4, right, "z", "b", ["id", "a"], other[1], columns),
    ], twin());
    expect(both).toEqual(one);
  });

  test("a fixed batch stays filled through all parts", async () => {
    put(folder, "whole.onnx", tokens(4));
    const model = spec({ batch: 4, fixedBatch: true, pad: [] });
    const expected = await run([whole(model)], makeChunk(ragged([4, 4, 4, 4, 4])));
    expect(await run(parts(model, cutModel(folder, "fixed", tokens(4), 2)), makeChunk(ragged([4, 4, 4, 4, 4])))).toEqual(expected);
  });

  test("a part passes the rows' own tensors on without taking them from the rows", async () => {
    const cut = cutModel(folder, "kept", tokens(6), 2);
    const chunk = makeChunk(ragged([4]));
    const model = spec();
    const [first] = parts(model, cut);
    await run([{ ...first, columns: [id] }], chunk);
    expect(chunk.rows[0]["x"]).toMatchObject({ shape: [4, 8], data: { length: 32 } });
  });
});

/** Blocks of two linear layers with whole numbers, whose sums are exact in any order. */
function blocks(count: number): Uint8Array {
  const builder = createModelBuilder(17, 5);
  const whole = (length: number, salt: number): readonly number[] => Array.from({ length }, (_, index) => ((index * 7 + salt) % 3) - 1);
  let value = builder.input("x", "f32", ["N", "T", 8]);
  for (let block = 0; block < count; block++) {
    const up = builder.node("Add", [builder.node("MatMul", [value, builder.floats(`up${block}`, [8, 16], whole(128, block))]), builder.floats(`bias${block}`, [16], whole(16, block))]);
    const down = builder.node("MatMul", [builder.node("Relu", [up]), builder.floats(`down${block}`, [16, 8], whole(128, block + 1))]);
    value = builder.node("Add", [down, value], {}, block === count - 1 ? { outputs: ["y"] } : {});
  }
  builder.output("y", "f32", ["N", "T", 8]);
  return builtBytes(builder);
}

describe("ranks of a part", () => {
  test.each([[1, 2], [1, 4], [3, 2]])("%i parts of %i ranks give the bits of the whole where sums are exact", async (pipeline, tensorRanks) => {
    put(folder, "whole.onnx", blocks(3));
    const cut = cutModel(folder, `b${pipeline}${tensorRanks}`, blocks(3), pipeline, tensorRanks);
    expect(cut.map(({ ranks }) => ranks.length)).toEqual(Array.from({ length: pipeline }, () => tensorRanks));
    expect(cut[0].ranks[0].segments.length).toBeGreaterThan(1);
    const chunk = (): Chunk => makeChunk(ragged([3, 9, 4, 4, 1]).map((row) => ({ ...row, x: tensor([Number(row["id"]) + 2, 8], (index) => (index % 5) - 2) })));
    const expected = await run([whole(spec())], chunk());
    expect(await run(parts(spec(), cut), chunk())).toEqual(expected);
  });
});

function twin(): Chunk {
  return makeChunk(ragged([3, 9, 4, 4, 1]).map((row, index) => ({ ...row, z: tensor([index + 2, 8], (at) => Math.cos(at + index)) })));
}

/** `y` is the row of a table that `x` names, one layer further on: a number beyond the table fails the second part. */
function lookup(): Uint8Array {
  const builder = createModelBuilder(17, 3);
  const x = builder.input("x", "f32", ["N", 1]);
  const index = builder.node("Cast", [builder.node("Mul", [x, builder.floats("two", [1], [2])])], { to: 7 }, { outputs: ["h"] });
  builder.node("Gather", [builder.floats("table", [8, 2], Array.from({ length: 16 }, (_, at) => at)), index], { axis: 0 }, { outputs: ["y"] });
  builder.output("y", "f32", ["N", 1, 2]);
  return builtBytes(builder);
}

describe("faults in a later part", () => {
  const model = spec({ inputs: [port("x", [1])], outputs: [port("y", [1, 2])], batch: 4, pad: [] });
  const rows = (values: readonly number[]): Chunk => makeChunk(values.map((value, row) => ({ id: row, x: tensor([1], () => value) })));
  const idsOf = (ran: Ran): readonly unknown[] => ran.chunk.rows.map((row) => row["id"]);
  const cut = (batchAxes?: ModelPart["batchAxes"]): readonly ModelPart[] => cutModel(folder, "lookup", lookup(), 2, 1, batchAxes);

  test("only the row to blame fails; its mates are run again", async () => {
    put(folder, "whole.onnx", lookup());
    const expected = await run([whole(model)], rows([0, 1, 9, 3, 2, 2]));
    const actual = await run(parts(model, cut({ h: 0 })), rows([0, 1, 9, 3, 2, 2]));
    expect(idsOf(actual)).toEqual([0, 1, 3, 4, 5]);
    expect(actual.chunk.rows).toEqual(expected.chunk.rows);
    expect(actual.failures).toHaveLength(1);
    expect(actual.failures[0]).toMatch(/^2: .*(out of|range|bounds)/);
  });

  test("a batch of one row names it, though nothing is known of its tensors", async () => {
    const actual = await run(parts({ ...model, batch: 1 }, cut()), rows([0, 9, 3]));
    expect(idsOf(actual)).toEqual([0, 2]);
    expect(actual.failures).toHaveLength(1);
  });

  test("where the batch cannot be cut, the job fails and says why", async () => {
    await expect(run(parts(model, cut()), rows([0, 9]))).rejects.toMatchObject({ code: "R0205", message: expect.stringContaining("model m (a.pipe:7), part 2 of 2, failed on 2 rows, and which of them is to blame cannot be told (tensor h cannot be cut into rows)") });
  });

  test.each<readonly [string, ModelPart["batchAxes"], readonly string[]]>([
    ["is cut out of its batch", { h: 0 }, ["1,2"]], ["stays in its batch where that cannot be cut, and is not reported again", undefined, ["1,4,2"]],
  ])("a row that another step dropped %s", async (_, batchAxes, expected) => {
    const calls: string[] = [];
    const session: ModelSession = {
      run: async (inputs) => {
        const values = [...(inputs.get("h")?.data ?? [])].map(Number);
        calls.push(values.join());
        return new Map([["y", tensor([values.length, 1, 2], () => 1)]]);
      },
      close: async () => {},
    };
    const last = parts(model, cut(batchAxes))[1];
    const opened = await openSteps([last], { ...stepContext(), openPart: async () => session });
    const log = createChunkLog();
    const dims = { own: [{}, {}, {}], padded: {} };
    const chunk = { ...makeChunk([{ id: 0 }, { id: 2 }]), batches: [{ call: "lookup", batches: [{ rows: [0, -1, 1], ...dims, tensors: new Map([["h", tensor([3, 1], (index) => [1, 4, 2][index])]]) }] }] };
    const made = await opened.run(new Map([[1, chunk]]), log);
    expect(calls).toEqual(expected);
    expect(made.get(2)?.rows.map((row) => row["id"])).toEqual([0, 2]);
    expect(log.failures).toEqual([]);
  });
});
