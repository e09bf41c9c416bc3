import { expect, test } from "vitest";
import type { ModelSession } from "../../../runtime/contract/backend.ts";
import { jobError } from "../../../runtime/contract/failures.ts";
import type { ModelSpec } from "../../../runtime/contract/program.ts";
import type { Tensor } from "../../../runtime/contract/value.ts";
import { warmUp } from "../../../runtime/stage/warm-up.ts";

const model: ModelSpec = {
  name: "m", at: { file: "a.pipe", line: 1, column: 1 }, file: "m.onnx", outputs: [], batch: 4, fixedBatch: false, batched: true, pad: [{ dim: "T", multiple: 16 }], device: "cuda:0", intraOpThreads: 1,
  inputs: [{ port: "ids", dtype: "i64", rowShape: ["T", 2], batchAxis: 0 }, { port: "scale", dtype: "f32", rowShape: [3] }],
};

function session(run: ModelSession["run"]): ModelSession {
  return { run, close: async () => {} };
}

test("a device sees one full batch of zeros before rows come, a CPU nothing", async () => {
  const calls: ReadonlyMap<string, Tensor>[] = [];
  const watched = session(async (inputs) => {
    calls.push(inputs);
    return new Map();
  });
  await warmUp(model, watched);
  await warmUp({ ...model, device: "cpu" }, watched);
  expect(calls).toEqual([new Map<string, Tensor>([["ids", { dtype: "i64", shape: [4, 16, 2], data: new BigInt64Array(128) }], ["scale", { dtype: "f32", shape: [3], data: new Float32Array(3) }]])]);
});

test("a model may refuse zeros; a device that fails ends the run", async () => {
  await warmUp(model, session(() => Promise.reject(new Error("no such token"))));
  await expect(warmUp(model, session(() => Promise.reject(jobError("R0206", "gone"))))).rejects.toThrow("gone");
});
