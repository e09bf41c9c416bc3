import { expect, test } from "vitest";
import type { PipelineSpec, StepSpec } from "../../../runtime/contract/program.ts";
import { allocateDeviceLocks, openDeviceLocks } from "../../../runtime/topology/device-locks.ts";
import { buildPipeline, here } from "../../support/build-pipeline.ts";
import { createRandom } from "../../support/random.ts";

function pipelineOn(devices: readonly string[]): PipelineSpec {
  const model = { name: "m", at: here, file: "", inputs: [], outputs: [], batch: 1, fixedBatch: false, batched: true, pad: [], device: "cpu", intraOpThreads: 1 };
  const part = { call: "m", index: 0, count: 1, receives: [], sends: [], outputs: [], ranks: devices.map((device) => ({ device, segments: [] })) };
  const step: StepSpec = { id: 0, name: "m", at: here, columns: [], resources: [], kind: "modelPart", input: 0, model, bind: { inputs: [], constants: [], outputs: [], carried: [] }, part };
  return buildPipeline({ name: "p", steps: [step], stages: [], sinks: [] });
}

test("gangs that share a device take turns, others do not wait for each other", async () => {
  const names = ["cuda:2", "cuda:0", "cuda:1"];
  const pipeline = pipelineOn(names);
  const memory = allocateDeviceLocks(pipeline, undefined);
  const held = new Map<string, number>();
  const random = createRandom(3);
  let most = 0;
  let under = 0;
  // Each as a worker of its own would have it: own views of one memory.
  await Promise.all(Array.from({ length: 40 }, async () => {
    const locks = openDeviceLocks(pipeline, undefined, memory);
    const own = names.filter(() => random.integer(2) === 0);
    await locks.hold(own, async () => {
      for (const device of own) held.set(device, (held.get(device) ?? 0) + 1);
      most = Math.max(most, ...held.values());
      under++;
      await new Promise((resolve) => setImmediate(resolve));
      for (const device of own) held.set(device, (held.get(device) ?? 0) - 1);
    });
  }));
  expect(under).toBe(40);
  expect(most).toBe(1);
});

test("a gang that fails gives its devices back", async () => {
  const pipeline = pipelineOn(["cuda:0", "cuda:1"]);
  const locks = openDeviceLocks(pipeline, undefined, allocateDeviceLocks(pipeline, undefined));
  await expect(locks.hold(["cuda:1", "cuda:0"], () => Promise.reject(new Error("lost")))).rejects.toThrow("lost");
  expect(await locks.hold(["cuda:0"], async () => "held")).toBe("held");
});

test("cores are not locked, and the device of the command line stands for all", () => {
  expect(allocateDeviceLocks(pipelineOn(["cpu", "cpu"]), undefined).byteLength).toBe(0);
  expect(allocateDeviceLocks(pipelineOn(["cuda:0", "cuda:1"]), undefined).byteLength).toBe(8);
  expect(allocateDeviceLocks(pipelineOn(["cuda:0", "cuda:1"]), "cpu").byteLength).toBe(0);
  expect(allocateDeviceLocks(pipelineOn(["cpu", "cpu"]), "cuda:3").byteLength).toBe(4);
});
