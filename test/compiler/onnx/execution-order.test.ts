import { mkdtempSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { InferenceSession, Tensor } from "onnxruntime-node";
import { expect, it } from "vitest";
import { createModelBuilder } from "../../../compiler/onnx/build-model.ts";
import { executionOrder } from "../../../compiler/onnx/execution-order.ts";
import { builtBytes, builtModel, readFile } from "../../support/onnx-models.ts";
import { describeWithShared, sharedPath } from "../../support/shared.ts";

function isKernel(event: unknown): event is { readonly name: string } {
  return typeof event === "object" && event !== null && "cat" in event && event.cat === "Node" && "name" in event && typeof event.name === "string" && event.name.endsWith("_kernel_time");
}

/** The order of kernels that onnxruntime's own profile records, its optimisations off. */
async function profiledOrder(model: string | Uint8Array, symbols: Readonly<Record<string, number>>): Promise<readonly string[]> {
  const folder = mkdtempSync(join(tmpdir(), "pipec-order-"));
  try {
    const options = { graphOptimizationLevel: "disabled", enableProfiling: true, profileFilePrefix: join(folder, "p"), intraOpNumThreads: 1 } as const;
    const session = await (typeof model === "string" ? InferenceSession.create(model, options) : InferenceSession.create(model, options));
    const feeds = session.inputMetadata.flatMap((meta) => {
      if (!meta.isTensor) return [];
      const dims = meta.shape.map((dim) => (typeof dim === "number" ? dim : symbols[dim] ?? 1));
      const count = dims.reduce((a, b) => a * b, 1);
      return [[meta.name, meta.type === "int64" ? new Tensor("int64", new BigInt64Array(count).fill(1n), dims) : new Tensor("float32", new Float32Array(count), dims)] as const];
    });
    await session.run(Object.fromEntries(feeds));
    session.endProfiling();
    const [file = ""] = readdirSync(folder);
    const events: unknown = JSON.parse(readFileSync(join(folder, file), "utf8"));
    return (Array.isArray(events) ? events : []).filter(isKernel).map((event) => event.name.replace(/_kernel_time$/, ""));
  } finally {
    rmSync(folder, { recursive: true });
  }
}

/** A diamond whose branches are written in an order that a file-order walk would follow. */
function diamond() {
  const b = createModelBuilder(17);
  const x = b.input("x", "f32", [2]);
  const a = b.node("Neg", [x], {}, { name: "a" });
  const left = b.node("Abs", [a], {}, { name: "left" });
  const left2 = b.node("Exp", [left], {}, { name: "left2" });
  const right = b.node("Sqrt", [a], {}, { name: "right" });
  b.output(b.node("Add", [right, left2], {}, { name: "sum" }), "f32", [2]);
  b.output(b.node("Sin", [a], {}, { name: "aside" }), "f32", [2]);
  return b;
}

it("walks back from the last leaf, the latest producer first", async () => {
  const order = executionOrder(builtModel(diamond()).graph.nodes).map((node) => node.name);
  expect(order).toEqual(["a", "aside", "right", "left", "left2", "sum"]);
  expect(await profiledOrder(builtBytes(diamond()), {})).toEqual(order);
});

describeWithShared("execution order of exported models", "models", () => {
  // Left out: models with operators that onnxruntime rewrites even with its optimisations off (HardSwish, needless casts).
  it.each(["albert-torchscript", "bert-dynamo", "gpt2-torchscript", "vit-torchscript", "clip-text-torchscript", "resnet-dynamo", "efficientnet-torchscript", "unet-dynamo"])("%s runs in the order computed", async (name) => {
    const path = sharedPath("models", name, "model.onnx");
    const order = executionOrder(readFile(path).graph.nodes).map((node) => node.name);
    expect(await profiledOrder(path, { batch: 2, sequence: 19 })).toEqual(order);
  });
});
