import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, describe, expect, test } from "vitest";
import { createModelBuilder } from "../../../compiler/onnx/build-model.ts";
import { onnxBackend } from "../../../runtime/backends/onnx-executor.ts";
import type { ModelSession } from "../../../runtime/contract/backend.ts";
import type { Column, ColumnType } from "../../../runtime/contract/column.ts";
import type { Chunk } from "../../../runtime/contract/chunk.ts";
import { JobError } from "../../../runtime/contract/kernel.ts";
import type { DimFormula, ModelBinding, ModelPortSpec, ModelSpec, StepSpec } from "../../../runtime/contract/program.ts";
import type { Dtype, Row, Tensor, Value } from "../../../runtime/contract/value.ts";
import { openModelStep } from "../../../runtime/stage/model-step.ts";
import { createChunkLog } from "../../../runtime/stage/step-context.ts";
import { stepContext } from "../../support/make-chunk.ts";
import { builtBytes } from "../../support/onnx-models.ts";

const at = { file: "a.pipe", line: 7, column: 1 };

type Run = (inputs: ReadonlyMap<string, Tensor>) => Record<string, Tensor>;

interface Case {
  readonly model?: Partial<ModelSpec>;
  readonly bind?: Partial<ModelBinding>;
  readonly columns?: readonly Column[];
  readonly run: Run;
}

/** What a model step makes of rows, and the calls it made. */
async function runStep({ model = {}, bind = {}, columns = [], run }: Case, rows: readonly Row[]) {
  const calls: ReadonlyMap<string, Tensor>[] = [];
  const session: ModelSession = {
    async run(inputs) {
      calls.push(inputs);
      return new Map(Object.entries(run(inputs)));
    },
    async close() {},
  };
  return { ...(await runOn(session, model, bind, columns, rows)), calls };
}

async function runOn(session: ModelSession, model: Partial<ModelSpec>, bind: Partial<ModelBinding>, columns: readonly Column[], rows: readonly Row[]) {
  const spec: ModelSpec = { name: "m", at, file: "m.onnx", inputs: [], outputs: [], batch: 2, fixedBatch: false, batched: true, pad: [], device: "cpu", intraOpThreads: 1, ...model };
  const binding: ModelBinding = {
    inputs: spec.inputs.filter((input) => input.batchAxis !== undefined || !spec.batched).map(({ port }) => ({ port, column: port })),
    constants: [], outputs: spec.outputs.map(({ port }) => ({ port, column: port })), carried: ["id"], ...bind,
  };
  const step: Extract<StepSpec, { kind: "model" }> = { id: 1, name: "m", at, columns, resources: [], kind: "model", input: 0, model: spec, bind: binding };
  const chunk: Chunk = {
    id: { ordinal: 0, split: 0, firstRow: 0 }, rows, parents: rows.map(() => 0), children: rows.map((_, index) => index), levels: [], places: rows.map((_, index) => `row ${index}`),
  };
  const open = await openModelStep(step, { ...stepContext(), openModel: async () => session });
  const log = createChunkLog();
  const out = await open.run([chunk], log);
  return { rows: out.rows, failures: log.failures.map(({ row, message }) => `${row}: ${message}`) };
}

const port = (name: string, rowShape: ModelPortSpec["rowShape"], more: Partial<ModelPortSpec> = {}): ModelPortSpec => ({ port: name, dtype: "f32", rowShape, batchAxis: 0, ...more });
const f32 = (shape: readonly number[], values: readonly number[]): Tensor => ({ dtype: "f32", shape, data: Float32Array.from(values) });
const iota = (shape: readonly number[], from = 0): Tensor => f32(shape, Array.from({ length: shape.reduce((a, b) => a * b, 1) }, (_, index) => from + index));
const shapes = (calls: readonly ReadonlyMap<string, Tensor>[], name = "x") => calls.map((call) => call.get(name)?.shape.join("x"));
const numbers = (value: Value | undefined): readonly number[] => (typeof value === "object" && value !== null && "data" in value && value.data instanceof Float32Array ? [...value.data] : []);
const formula = (text: string, evaluate: DimFormula["evaluate"]): DimFormula => ({ text, evaluate });

function input(inputs: ReadonlyMap<string, Tensor>, name = "x"): Tensor {
  const tensor = inputs.get(name);
  if (tensor === undefined) throw new Error(`no ${name}`);
  return tensor;
}

/** y is x plus 100. */
const addHundred: Run = (inputs) => {
  const x = input(inputs);
  return { y: f32(x.shape, [...x.data].map((value) => Number(value) + 100)) };
};

describe("batches", () => {
  test("runs of the plan's size, the tail short, columns carried", async () => {
    const { rows, calls } = await runStep({ model: { inputs: [port("x", [2])], outputs: [port("y", [2])] }, run: addHundred }, [0, 1, 2].map((id) => ({ id, x: iota([2], id), unused: 1 })));
    expect(shapes(calls)).toEqual(["2x2", "1x2"]);
    expect(rows).toEqual([0, 1, 2].map((id) => ({ id, y: iota([2], 100 + id) })));
  });

  test("scalars in and out, in each dtype's own way", async () => {
    const cases: readonly (readonly [Dtype, readonly Value[]])[] = [
      ["f32", [1.5, 2]], ["i64", [1n, -2n]], ["bool", [true, false]], ["string", ["a", "b"]], ["f16", [0.5, -1]], ["u64", [2n ** 63n, 0n]],
    ];
    for (const [dtype, values] of cases) {
      const model = { inputs: [port("x", [], { dtype })], outputs: [port("y", [], { dtype })] };
      const { rows } = await runStep({ model, run: (inputs) => ({ y: input(inputs) }) }, values.map((x, id) => ({ id, x })));
      expect(rows).toEqual(values.map((y, id) => ({ id, y })));
    }
  });

  test.each([0, 1, 2])("the batch axis at position %i", async (batchAxis) => {
    const model = { batch: 3, inputs: [port("x", [2, 3], { batchAxis })], outputs: [port("y", [2, 3], { batchAxis })] };
    const given = [0, 1, 2].map((id) => ({ id, x: iota([2, 3], id * 10) }));
    const { rows, calls } = await runStep({ model, run: addHundred }, given);
    expect(shapes(calls)).toEqual([[2, 3].toSpliced(batchAxis, 0, 3).join("x")]);
    expect(rows).toEqual(given.map(({ id }) => ({ id, y: iota([2, 3], 100 + id * 10) })));
  });

  test("a fixed batch is filled with its last row and cut again", async () => {
    const model = { batch: 4, fixedBatch: true, inputs: [port("x", [1])], outputs: [port("y", [1])] };
    const { rows, calls } = await runStep({ model, run: addHundred }, [0, 1, 2, 3, 4].map((id) => ({ id, x: f32([1], [id]) })));
    expect(calls.map((call) => numbers(call.get("x")))).toEqual([[0, 1, 2, 3], [4, 4, 4, 4]]);
    expect(rows.map((row) => numbers(row["y"]))).toEqual([[100], [101], [102], [103], [104]]);
  });

  test("a model without a batch axis is called row by row", async () => {
    const model = { batch: 1, batched: false, inputs: [port("x", ["T"], { batchAxis: undefined })], outputs: [port("y", ["T"], { batchAxis: undefined })] };
    const { rows, calls } = await runStep({ model, run: addHundred }, [2, 2, 3].map((size, id) => ({ id, x: iota([size]) })));
    expect(shapes(calls)).toEqual(["2", "2", "3"]);
    expect(rows.map((row) => numbers(row["y"]).length)).toEqual([2, 2, 3]);
  });

  test("inputs without the batch axis take constants, outputs without it belong to the only row", async () => {
    const model = { batch: 1, inputs: [port("x", [1]), port("sr", [], { dtype: "i64", batchAxis: undefined })], outputs: [port("y", [1]), port("state", [2], { batchAxis: undefined })] };
    const bind = { constants: [{ port: "sr", value: () => 16000n }] };
    const { rows, calls } = await runStep({ model, bind, run: (inputs) => ({ ...addHundred(inputs), state: iota([2]) }) }, [0, 1].map((id) => ({ id, x: f32([1], [id]) })));
    expect(calls.map((call) => call.get("sr"))).toEqual([0, 1].map(() => ({ dtype: "i64", shape: [], data: BigInt64Array.from([16000n]) })));
    expect(rows[1]).toEqual({ id: 1, y: f32([1], [101]), state: iota([2]) });
  });
});

describe("ragged inputs", () => {
  const model = { batch: 2, pad: [{ dim: "T", multiple: 4 }], inputs: [port("x", ["T"], { padValue: -1 })], outputs: [port("y", ["T"])] };

  test("share a batch if padded alike, are padded to their own multiple and cut back", async () => {
    const { rows, calls } = await runStep({ model, run: addHundred }, [1, 5, 4, 3, 8, 6].map((size, id) => ({ id, x: iota([size]) })));
    expect(shapes(calls)).toEqual(["2x4", "1x4", "2x8", "1x8"]);
    expect(calls.map((call) => numbers(call.get("x")))).toEqual([[0, -1, -1, -1, 0, 1, 2, 3], [0, 1, 2, -1], [0, 1, 2, 3, 4, -1, -1, -1, 0, 1, 2, 3, 4, 5, 6, 7], [0, 1, 2, 3, 4, 5, -1, -1]]);
    expect(rows.map((row) => row["id"])).toEqual([0, 1, 2, 3, 4, 5]);
    expect(rows.map((row) => numbers(row["y"]))).toEqual([1, 5, 4, 3, 8, 6].map((size) => numbers(iota([size], 100))));
  });

  test("an empty row takes one multiple and gives an empty result", async () => {
    const { rows, calls } = await runStep({ model, run: addHundred }, [{ id: 0, x: iota([0]) }]);
    expect(shapes(calls)).toEqual(["1x4"]);
    expect(rows).toEqual([{ id: 0, y: f32([0], []) }]);
  });

  test("outputs are cut by their formulas, on any axis", async () => {
    const half = formula("floor(T/2)", ({ T = NaN }) => Math.floor(T / 2));
    const wide = { ...model, inputs: [port("x", [2, "T"])], outputs: [port("y", [2, half], { batchAxis: 1 })] };
    const run: Run = (inputs) => {
      const [rows = 0, , width = 0] = input(inputs).shape;
      return { y: iota([2, rows, Math.floor(width / 2)]) };
    };
    const { rows } = await runStep({ model: wide, run }, [3, 4].map((size, id) => ({ id, x: iota([2, size]) })));
    expect(rows.map((row) => row["y"])).toEqual([f32([2, 1], [0, 4]), f32([2, 2], [2, 3, 6, 7])]);
  });

  test("a name under a factor is solved for; disagreement is the row's fault", async () => {
    const double = formula("2*T + 1", ({ T = NaN }) => 2 * T + 1);
    const two = { ...model, pad: [], inputs: [port("x", [double]), port("z", ["U", "U"])], outputs: [port("y", ["T"])] };
    const run: Run = (inputs) => ({ y: iota([input(inputs).shape[0] ?? 0, ((input(inputs).shape[1] ?? 0) - 1) / 2]) });
    const { rows, failures } = await runStep({ model: two, run }, [
      { id: 0, x: iota([7]), z: iota([1, 1]) },
      { id: 1, x: iota([6]), z: iota([1, 1]) },
      { id: 2, x: iota([7]), z: iota([1, 2]) },
      { id: 3, x: iota([7, 1]), z: iota([1, 1]) },
    ]);
    expect(rows).toEqual([{ id: 0, y: iota([3]) }]);
    expect(failures).toEqual([
      "1: model input `x` has 6 on axis 0, expected 2*T + 1",
      "2: model input `z` has 2 on axis 1, but U is 1 in this row",
      "3: model input `x` wants rank 1, the row's value has rank 2",
    ]);
  });

  test("a size that only the model knows is taken as it is, up to the column's bound", async () => {
    const type: ColumnType = { kind: "tensor", dtype: "f32", shape: [null] };
    const free = { batch: 1, inputs: [port("x", [1])], outputs: [port("y", ["K"])] };
    const run: Run = (inputs) => ({ y: iota([1, Number(input(inputs).data[0])]) });
    const { rows, failures } = await runStep({ model: free, run, columns: [{ name: "y", type, bytesMax: 12 }] }, [2, 4, 3].map((k, id) => ({ id, x: f32([1], [k]) })));
    expect(rows.map((row) => numbers(row["y"]).length)).toEqual([2, 3]);
    expect(failures).toEqual(["1: field `y` takes 16 bytes, at most 12 are allowed"]);
  });
});

describe("faults", () => {
  const model = { batch: 3, inputs: [port("x", [1])], outputs: [port("y", [1])] };
  const rowsOf = (values: readonly number[]) => values.map((value, id) => ({ id, x: f32([1], [value]) }));
  const rejectNegative: Run = (inputs) => {
    if (numbers(input(inputs)).some((value) => value < 0)) throw new Error("negative\n  at native code");
    return addHundred(inputs);
  };

  test("rows that fail alone are dead, the others are cut anew as if those had been filtered", async () => {
    const { rows, failures, calls } = await runStep({ model, run: rejectNegative }, rowsOf([1, 2, 3, -4, 5, -6, 7, 8]));
    expect(rows.map((row) => numbers(row["y"])[0])).toEqual([101, 102, 103, 105, 107, 108]);
    expect(failures).toEqual(["3: negative", "5: negative"]);
    expect(calls.map((call) => numbers(call.get("x")))).toEqual([[1, 2, 3], [-4, 5, -6], [-4], [5], [-6], [5, 7, 8]]);
  });

  test("a call of one row is not repeated", async () => {
    const { failures, calls } = await runStep({ model: { ...model, batch: 1 }, run: rejectNegative }, rowsOf([-1, 1]));
    expect(failures).toEqual(["0: negative"]);
    expect(calls).toHaveLength(2);
  });

  test("a batch that fails though its rows do not is the job's fault", async () => {
    const run: Run = (inputs) => {
      if ((input(inputs).shape[0] ?? 0) > 1) throw new Error("bad_alloc");
      return addHundred(inputs);
    };
    await expect(runStep({ model, run }, rowsOf([1, 2]))).rejects.toMatchObject({ code: "R0205", message: expect.stringContaining("bad_alloc") });
  });

  test.each<readonly [string, Tensor]>([
    ["rows", iota([2, 1])], ["a size", iota([3, 2])], ["the rank", iota([3])], ["the dtype", { dtype: "f64", shape: [3, 1], data: new Float64Array(3) }],
  ])("an output that differs in %s is the declaration's fault", async (_, y) => {
    const failed = runStep({ model, run: () => ({ y }) }, rowsOf([1, 2, 3]));
    await expect(failed).rejects.toBeInstanceOf(JobError);
    await expect(failed).rejects.toMatchObject({
      code: "R0204", message: `model m, output \`y\`: declared f32[3, 1] for this batch, the model gave ${y.dtype}[${y.shape.join(", ")}] (a.pipe:7)`,
    });
  });
});

describe("with onnxruntime", () => {
  const folder = mkdtempSync(join(tmpdir(), "pipec-model-step-"));
  afterAll(() => rmSync(folder, { recursive: true, force: true }));

  test("a row's result does not depend on its batch mates", async () => {
    const builder = createModelBuilder(17, 7);
    const x = builder.input("x", "f32", ["N", "T", 8]);
    const hidden = builder.node("Relu", [builder.node("MatMul", [x, builder.weight("w", [8, 8], 0.5)])]);
    builder.node("Softmax", [hidden], { axis: -1 }, { outputs: ["y"] });
    builder.output("y", "f32", ["N", "T", 8]);
    const file = join(folder, "tokens.onnx");
    writeFileSync(file, builtBytes(builder));
    const rows = [3, 9, 4, 4, 1, 8].map((size, id) => ({ id, x: f32([size, 8], Array.from({ length: size * 8 }, (_, index) => Math.sin(index + id))) }));
    const outputs = [];
    for (const batch of [1, 4]) {
      const model: Partial<ModelSpec> = { batch, pad: [{ dim: "T", multiple: 4 }], inputs: [port("x", ["T", 8], { padValue: 0 })], outputs: [port("y", ["T", 8])] };
      const spec: ModelSpec = { name: "m", at, file, inputs: [], outputs: [], batch, fixedBatch: false, batched: true, pad: [], device: "cpu", intraOpThreads: 1, ...model };
      const session = await onnxBackend.open(spec, file);
      const result = await runOn(session, model, {}, [], rows);
      await session.close();
      expect(result.failures).toEqual([]);
      outputs.push(result.rows);
    }
    expect(outputs[1]).toEqual(outputs[0]);
    expect(outputs[0]?.map((row) => numbers(row["y"]).length / 8)).toEqual([3, 9, 4, 4, 1, 8]);
  });
});
