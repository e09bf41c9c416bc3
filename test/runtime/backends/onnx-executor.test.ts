import { mkdtempSync, readFileSync, realpathSync, renameSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, describe, expect, test } from "vitest";
import { createModelBuilder } from "../../../compiler/onnx/build-model.ts";
import type { ModelBuilder } from "../../../compiler/onnx/build-model.ts";
import { ropeBytes } from "../../../compiler/onnx/rope.ts";
import { onnxBackend } from "../../../runtime/backends/onnx-executor.ts";
import { JobError } from "../../../runtime/contract/kernel.ts";
import type { ModelPortSpec, ModelSpec } from "../../../runtime/contract/program.ts";
import type { Dtype, Tensor, TensorData } from "../../../runtime/contract/value.ts";
import { builtBytes } from "../../support/onnx-models.ts";

// Stands in for Node 24 and later: the executor must keep f16 in Uint16Array there, too.
class FakeFloat16Array extends Uint16Array {}
Object.defineProperty(globalThis, "Float16Array", { value: FakeFloat16Array, configurable: true, writable: true });

const folder = mkdtempSync(join(tmpdir(), "pipec-onnx-"));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

let files = 0;
function saved(bytes: Uint8Array): string {
  const file = join(folder, `model-${files++}.onnx`);
  writeFileSync(file, bytes);
  return file;
}

const port = (name: string, dtype: Dtype, rowShape: ModelPortSpec["rowShape"]): ModelPortSpec => ({ port: name, dtype, rowShape, batchAxis: 0 });

function spec(inputs: readonly ModelPortSpec[], outputs: readonly ModelPortSpec[], device = "cpu"): ModelSpec {
  return { name: "m", at: { file: "a.pipe", line: 3, column: 1 }, file: "m.onnx", inputs, outputs, batch: 2, fixedBatch: false, batched: true, pad: [], device, intraOpThreads: 1 };
}

/** y = x * x over [N, 3]. */
function square(): ModelBuilder {
  const builder = createModelBuilder(17);
  const x = builder.input("x", "f32", ["N", 3]);
  builder.node("Mul", [x, x], {}, { outputs: ["y"] });
  builder.output("y", "f32", ["N", 3]);
  return builder;
}

async function fault(model: ModelSpec, file: string): Promise<JobError> {
  try {
    await (await onnxBackend.open(model, file)).close();
  } catch (error) {
    if (error instanceof JobError) return error;
    throw error;
  }
  throw new Error("opened");
}

describe("onnxruntime", () => {
  test("runs a model on views of larger buffers", async () => {
    const session = await onnxBackend.open(spec([port("x", "f32", [3])], [port("y", "f32", [3])]), saved(builtBytes(square())));
    const wide = Float32Array.from([9, 1, 2, 3, 4, 5, 6, 9]);
    const results = await session.run(new Map([["x", { dtype: "f32", shape: [2, 3], data: wide.subarray(1, 7) }]]));
    expect([...results]).toEqual([["y", { dtype: "f32", shape: [2, 3], data: Float32Array.from([1, 4, 9, 16, 25, 36]) }]]);
    await session.close();
  });

  const cases: readonly (readonly [Dtype, TensorData])[] = [
    ["f16", Uint16Array.from([0x3c00, 0xc000])],
    ["f32", Float32Array.from([1.5, -2])],
    ["f64", Float64Array.from([1.5, -2])],
    ["i8", Int8Array.from([-1, 2])],
    ["i16", Int16Array.from([-1, 2])],
    ["i32", Int32Array.from([-1, 2])],
    ["i64", BigInt64Array.from([-1n, 2n ** 62n])],
    ["u8", Uint8Array.from([1, 255])],
    ["u16", Uint16Array.from([1, 65535])],
    ["u32", Uint32Array.from([1, 4294967295])],
    ["u64", BigUint64Array.from([1n, 2n ** 63n])],
    ["bool", Uint8Array.from([0, 1])],
    ["string", ["", "grüße"]],
  ];

  test.each(cases)("takes and gives %s as rows carry it", async (dtype, data) => {
    const builder = createModelBuilder(17);
    builder.node("Identity", [builder.input("x", dtype, ["N"])], {}, { outputs: ["y"] });
    builder.output("y", dtype, ["N"]);
    const session = await onnxBackend.open(spec([port("x", dtype, [])], [port("y", dtype, [])]), saved(builtBytes(builder)));
    const tensor: Tensor = { dtype, shape: [2], data };
    const results = await session.run(new Map([["x", tensor]]));
    expect(results.get("y")).toEqual(tensor);
    expect(results.get("y")?.data.constructor).toBe(data.constructor);
    await session.close();
  });

  test("leaves the engine's Float16Array where it was", async () => {
    await (await onnxBackend.open(spec([port("x", "f32", [3])], []), saved(builtBytes(square())))).close();
    expect(Reflect.get(globalThis, "Float16Array")).toBe(FakeFloat16Array);
  });

  test("a call that fails says why and leaves the session usable", async () => {
    const session = await onnxBackend.open(spec([port("x", "f32", [3])], [port("y", "f32", [3])]), saved(builtBytes(square())));
    const run = (width: number) => session.run(new Map([["x", { dtype: "f32", shape: [1, width], data: new Float32Array(width) }]]));
    await expect(run(4)).rejects.toThrow(/invalid dimensions/);
    expect((await run(3)).get("y")?.shape).toEqual([1, 3]);
    await session.close();
  });
});

/** y = table[x] times a matrix, both large enough to be mapped. */
function lookup(scale = 1): ModelBuilder {
  const builder = createModelBuilder(17);
  const x = builder.input("x", "i64", ["N"]);
  const table = builder.floats("table", [400, 64], Array.from({ length: 400 * 64 }, (_, index) => scale * Math.sin(index)));
  const rows = builder.node("Gather", [table, x]);
  builder.node("MatMul", [rows, builder.weight("matrix", [64, 512], 0.1)], {}, { outputs: ["y"] });
  builder.output("y", "f32", ["N", 512]);
  return builder;
}

const [lookupX, lookupY] = [port("x", "i64", []), port("y", "f32", [512])];
const lookupInput = new Map<string, Tensor>([["x", { dtype: "i64", shape: [3], data: BigInt64Array.from([0n, 7n, 399n]) }]]);

describe("weights that are used where they lie in the file", () => {
  test("give the bits of weights beside the model, which are onnxruntime's own to find", async () => {
    const { model, external } = lookup().build({ external: { location: "beside.weights", bytesMin: 1024 } });
    writeFileSync(join(folder, "beside.weights"), ropeBytes(external));
    const results: unknown[] = [];
    for (const file of [saved(builtBytes(lookup())), saved(ropeBytes(model))]) {
      const session = await onnxBackend.open(spec([lookupX], [lookupY]), file);
      results.push((await session.run(lookupInput)).get("y"));
      await session.close();
    }
    expect(results[0]).toEqual(results[1]);
  });

  test.skipIf(process.platform !== "linux")("stay there, also through a link", async () => {
    const file = saved(builtBytes(lookup()));
    symlinkSync(file, `${file}.link`);
    const session = await onnxBackend.open(spec([lookupX], [lookupY]), `${file}.link`);
    expect(readFileSync("/proc/self/maps", "utf8")).toContain(realpathSync(file));
    await session.close();
  });

  test("a model that is renamed over the file leaves a session what it has", async () => {
    const file = saved(builtBytes(lookup()));
    const session = await onnxBackend.open(spec([lookupX], [lookupY]), file);
    const before = (await session.run(lookupInput)).get("y");
    renameSync(saved(builtBytes(lookup(2))), file);
    expect((await session.run(lookupInput)).get("y")).toEqual(before);
    await session.close();
  });
});

describe("faults before the first row", () => {
  const x = port("x", "f32", [3]);
  const y = port("y", "f32", [3]);

  test("a missing file", async () => {
    const error = await fault(spec([x], [y]), "models/none.onnx");
    expect(error.code).toBe("R0202");
    expect(error.message).toBe("model `m` (a.pipe:3): models/none.onnx does not exist");
  });

  test("a file that is no model, and one cut short", async () => {
    const whole = builtBytes(square());
    for (const bytes of [new TextEncoder().encode("version https://git-lfs"), whole.subarray(0, whole.length - 9)]) {
      const error = await fault(spec([x], [y]), saved(bytes));
      expect(error.code).toBe("R0202");
      expect(error.message).toMatch(/^model `m` \(a\.pipe:3\): onnxruntime cannot load .*model-\d+\.onnx: .+/);
      expect(error.message).not.toContain("\n");
    }
  });

  test.each([
    [spec([x, port("z", "f32", [3])], [y]), "has no input `z`; its inputs are `x`"],
    [spec([x], [port("z", "f32", [3])]), "has no output `z`; its outputs are `y`"],
    [spec([port("x", "f16", [3])], [y]), "has f32 at input `x`, the program was built for f16"],
    [spec([], [y]), "wants an input `x`, which the program does not give"],
  ])("ports that are not those of the build %#", async (model, words) => {
    const error = await fault(model, saved(builtBytes(square())));
    expect(error.code).toBe("R0203");
    expect(error.message).toContain(words);
  });

  test("a device that is not there is never replaced by another", async () => {
    for (const device of ["cuda:99", "tensorrt:99"]) {
      const error = await fault(spec([x], [y], device), saved(builtBytes(square())));
      expect(error.code).toBe("R0201");
      expect(error.message).toContain(`placed on ${device}, which onnxruntime cannot start here: `);
      expect(error.fix).toContain(device.split(":")[0]);
    }
  });

  test.each(["gpu", "cuda:x", "cuda:0:1", ""])("%j is no device", async (device) => {
    const error = await fault(spec([x], [y], device), saved(builtBytes(square())));
    expect(error).toMatchObject({ code: "R0201", fix: "devices are written cpu, cuda:0, tensorrt:0, webgpu:0" });
  });
});
