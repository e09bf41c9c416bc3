/**
 * Shape inference on exported models against onnxruntime: every value of the graph is made an output and the model run
 * at two batch sizes and two sequence lengths. Dtypes, ranks and dimensions must equal those that inference gives once
 * for all sizes; values that it claims to know must be the values found.
 */
import { readFileSync } from "node:fs";
import { expect, test } from "vitest";
import { inferShapes } from "../../compiler/onnx/infer/infer-shapes.ts";
import type { InferredGraph } from "../../compiler/onnx/infer/infer-shapes.ts";
import { printInferredType, unknownType } from "../../compiler/onnx/infer/inferred-type.ts";
import type { KnownValue } from "../../compiler/onnx/infer/known-value.ts";
import { isInteger } from "../../compiler/onnx/infer/scalar.ts";
import { evaluateDim } from "../../language/tensor/evaluate-dim.ts";
import { readSound } from "../support/onnx-models.ts";
import { intermediateNames, optimized, runAll } from "../support/onnx-run.ts";
import type { RunTensor } from "../support/onnx-run.ts";
import { describeWithShared, sharedFolders, sharedPath } from "../support/shared.ts";

const sizes: readonly ReadonlyMap<string, number>[] = [
  new Map([["batch", 2], ["sequence", 7]]),
  new Map([["batch", 3], ["sequence", 19]]),
];

function typeProblem(name: string, found: RunTensor, inferred: InferredGraph, bindings: ReadonlyMap<string, number>): string | undefined {
  const type = inferred.types.get(name) ?? unknownType;
  const dims = type.kind === "tensor" ? type.shape?.map((dim) => evaluateDim(dim, bindings)) : undefined;
  const same = type.kind === "tensor" && type.dtype === found.dtype && JSON.stringify(dims) === JSON.stringify(found.dims);
  return same ? undefined : `${name}: ${printInferredType(type)} where onnxruntime has ${found.dtype}[${found.dims.join(", ")}]`;
}

/** Checks what is known of a value; counts the elements that were compared. */
function valueProblem(name: string, found: RunTensor, known: KnownValue, bindings: ReadonlyMap<string, number>, count: { elements: number }): string | undefined {
  for (const [i, element] of known.elements.entries()) {
    const expected = isInteger(element) ? evaluateDim(element, bindings) : typeof element === "number" ? element : typeof element === "boolean" ? Number(element) : undefined;
    if (expected === undefined) continue;
    count.elements++;
    if (Number(found.data[i]) !== expected) return `${name}[${i}]: ${expected} where onnxruntime has ${String(found.data[i])}`;
  }
  return undefined;
}

async function compare(name: string, bytes: Uint8Array): Promise<void> {
  const model = readSound(name, bytes);
  const inferred = inferShapes(model);
  expect(inferred.diagnostics).toEqual([]);
  expect([...inferred.freshDims.keys()], "dimensions left to data").toEqual([]);
  const problems: string[] = [];
  let values = 0;
  const count = { elements: 0 };
  for (const bindings of sizes) {
    const all = await runAll(bytes, model, bindings);
    expect(all.size).toBeGreaterThanOrEqual(intermediateNames(model).length);
    for (const [value, tensor] of all) {
      values++;
      const known = inferred.values.get(value);
      const found = [typeProblem(value, tensor, inferred, bindings), known && valueProblem(value, tensor, known, bindings, count)];
      problems.push(...found.filter((problem) => problem !== undefined));
    }
  }
  expect(problems).toEqual([]);
  console.log(`${name}: ${values} shapes and ${count.elements} known elements as onnxruntime has them`);
}

describeWithShared("values inside exported models", "models", () => {
  test.each(sharedFolders("models"))("%s", async (folder) => {
    await compare(folder, readFileSync(sharedPath("models", folder, "model.onnx")));
  });
});

describeWithShared("values inside models that onnxruntime optimised", "models", () => {
  test.each(sharedFolders("models"))("%s", async (folder) => {
    await compare(`${folder}, optimised`, await optimized(readFileSync(sharedPath("models", folder, "model.onnx"))));
  });
});
