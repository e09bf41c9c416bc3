import { utimesSync, writeFileSync } from "node:fs";
import { basename, join } from "node:path";
import { expect, test } from "vitest";
import { createModelBuilder } from "../../../compiler/onnx/build-model.ts";
import type { WriteOptions } from "../../../compiler/onnx/write-model.ts";
import { ropeBytes } from "../../../compiler/onnx/rope.ts";
import { digestModel } from "../../../runtime/backends/digest-model.ts";
import { makeTemporaryFolder } from "../../support/temporary-folder.ts";

interface Trained {
  readonly body: number;
  readonly head: number;
  readonly alpha: number;
}

const first: Trained = { body: 0.1, head: 0.2, alpha: 0.5 };

/** A large body that is seldom trained again, a small head, and an attribute. */
function trained({ body, head, alpha }: Trained, options?: WriteOptions): { readonly model: Uint8Array; readonly beside: Uint8Array } {
  const builder = createModelBuilder(17);
  const wide = Array.from({ length: 2 }, (_, layer) => builder.floats(`body${layer}`, [256, 256], Array.from({ length: 256 * 256 }, (_, at) => body * Math.sin(at + layer))));
  let x = builder.input("x", "f32", ["N", 256]);
  for (const weight of wide) x = builder.node("LeakyRelu", [builder.node("MatMul", [x, weight])], { alpha });
  const last = builder.floats("head", [256, 8], Array.from({ length: 256 * 8 }, (_, at) => head * Math.cos(at)));
  builder.node("MatMul", [x, last], {}, { outputs: ["y"] });
  builder.output("y", "f32", ["N", 8]);
  const { model, external } = builder.build(options);
  return { model: ropeBytes(model), beside: ropeBytes(external) };
}

function save(folder: string, what: Trained): string {
  const file = join(folder, "m.onnx");
  writeFileSync(file, trained(what).model);
  return file;
}

test.each<[string, Trained]>([
  ["the body", { ...first, body: 0.3 }],
  ["the head alone", { ...first, head: 0.3 }],
  ["an attribute", { ...first, alpha: 0.25 }],
])("a model of the same size in which %s is another has another digest", (_what, other) => {
  const folder = makeTemporaryFolder();
  const before = digestModel(save(folder, first));
  expect(digestModel(save(folder, first))).toBe(before);
  expect(digestModel(save(folder, other))).not.toBe(before);
});

test("weights beside the file count, files that are none of its do not, nor do times", () => {
  const folder = makeTemporaryFolder();
  const [file, weights] = [join(folder, "m.onnx"), join(folder, "some.bits")];
  const options = { external: { location: basename(weights), bytesMin: 1024 } };
  const saveBoth = (what: Trained): void => {
    const { model, beside } = trained(what, options);
    writeFileSync(file, model);
    writeFileSync(weights, beside);
  };
  saveBoth(first);
  const before = digestModel(file);
  writeFileSync(`${file}.old`, "another");
  for (const path of [file, weights]) utimesSync(path, 1, 1);
  expect(digestModel(file)).toBe(before);
  saveBoth({ ...first, head: 0.3 });
  expect(digestModel(file)).not.toBe(before);
});

test("weights that are not there are not those that are empty", () => {
  const folder = makeTemporaryFolder();
  const file = join(folder, "m.onnx");
  writeFileSync(file, trained(first, { external: { location: "gone", bytesMin: 1024 } }).model);
  const before = digestModel(file);
  writeFileSync(join(folder, "gone"), "");
  expect(digestModel(file)).not.toBe(before);
  expect(() => digestModel(join(folder, "none.onnx"))).toThrow();
});
