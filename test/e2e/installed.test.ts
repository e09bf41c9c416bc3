/** Programs far from the packages that they need: found where pipec is installed (linked, or strictly apart as pnpm has it), or said before anything is done. */
import { cpSync, mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import sharp from "sharp";
import { afterAll, beforeAll, expect, test } from "vitest";
import { createModelBuilder } from "../../compiler/onnx/build-model.ts";
import { root } from "../support/compile-sample.ts";
import { builtBytes } from "../support/onnx-models.ts";
import { readRows } from "../support/read-output.ts";
import { makeWorkplace, node, pipec } from "../support/workplace.ts";

const program = `edition 1

record Picture { path: string, bytes: bytes }

model brightness(x: tensor<f32>[N, 3, 4, 4]) -> (y: tensor<f32>[N, 3, 1, 1]) { file: "brightness.onnx" }

pipeline measure {
  let pictures = read images("pictures") as Picture
  let out = pictures
    |> { .path, x: decode_image(.bytes, mode: "RGB") |> resize(height: 4, width: 4, filter: "bilinear") |> to_tensor() }
    |> { .path, ..brightness(.x) }
  write out |> { .path, red: .y[0, 0, 0] } to jsonl("out/rows")
  write out |> { .path, y: .y[1, 0, 0] } to parquet("out/columns")
}
`;

const away = mkdtempSync(join(tmpdir(), "pipec-installed-"));
afterAll(() => rmSync(away, { recursive: true }));

beforeAll(async () => {
  const graph = createModelBuilder(17, 1);
  const x = graph.input("x", "f32", ["N", 3, 4, 4]);
  graph.node("GlobalAveragePool", [x], {}, { outputs: ["y"] });
  graph.output("y", "f32", ["N", 3, 1, 1]);
  const picture = sharp({ create: { width: 32, height: 24, channels: 3, background: { r: 255, g: 0, b: 0 } } });
  const folder = makeWorkplace({ "main.pipe": program, "brightness.onnx": builtBytes(graph), "pictures/a.jpg": await picture.jpeg().toBuffer(), "pictures/b.png": await picture.png().toBuffer() });
  expect(await pipec(folder, "build")).toMatchObject({ code: 0, stderr: "" });
  cpSync(folder, away, { recursive: true });
});

test("packages that lie where pipec does are found from there", async () => {
  mkdirSync(join(away, "node_modules"));
  symlinkSync(root, join(away, "node_modules", "pipec"));
  const ran = await node(away, "out.js", "--quiet");
  rmSync(join(away, "node_modules"), { recursive: true });
  expect(ran, ran.stderr).toMatchObject({ code: 0 });
  expect((await readRows(join(away, "out", "rows"))).map(({ path, red }) => [path, Math.round(Number(red) * 100)])).toEqual([["a.jpg", 100], ["b.png", 100]]);
});

test("a program whose packages are nowhere says so before it does anything", async () => {
  const ran = await node(away, "out.js", "--fresh", "--quiet");
  expect(ran.code).toBe(5);
  expect(ran.stderr).toMatch(/^this program needs the package \S+, which comes with pipec: run `npm install pipec` in its folder or above\n$/);
});

test.each([
  ["sharp", "error[R0147]: sharp, which decodes pictures, cannot be loaded: no binary for this system"],
  ["@cornerstonejs/codec-libjpeg-turbo-8bit", "error[R0147]: libjpeg-turbo, which decodes small pictures, cannot be loaded: no binary for this system"],
  ["onnxruntime-node", "error[R0147]: onnxruntime, which runs models, cannot be loaded: no binary for this system"],
  ["@bokuweb/zstd-wasm", "this program cannot load the package @bokuweb/zstd-wasm: no binary for this system\n"],
])("%s that is there and broken ends the run, and is no row's fault", async (name, words) => {
  const broken = join(away, "node_modules", name);
  mkdirSync(broken, { recursive: true });
  symlinkSync(root, join(away, "node_modules", "pipec"));
  writeFileSync(join(broken, "package.json"), JSON.stringify({ name, exports: { ".": "./index.js", "./*": "./index.js" } }));
  writeFileSync(join(broken, "index.js"), 'throw new Error("no binary for this system");\n');
  const ran = await node(away, "out.js", "--fresh", "--quiet");
  rmSync(join(away, "node_modules"), { recursive: true });
  expect(ran.code, ran.stderr).toBe(5);
  expect(ran.stderr).toContain(words);
});
