/**
 * What the benchmarks of the engine read: pictures in Parquet files, and models. Seeded, made at first use and kept in
 * `.cache/bench` of the repository (or the folder that PIPEC_BENCH_FOLDER names).
 */
import { existsSync, linkSync, mkdirSync, readdirSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { execFileSync } from "node:child_process";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { parquetWriteFile } from "hyparquet-writer";
import sharp from "sharp";
import { createModelBuilder } from "../../compiler/onnx/build-model.ts";
import { ropeBytes } from "../../compiler/onnx/rope.ts";
import { createSeries } from "./random.ts";

export const repository = fileURLToPath(new URL("../../", import.meta.url));
export const runTs = join(repository, "scripts", "run-ts.mjs");

/** A folder for what benchmarks make and keep. */
export function benchFolder(): string {
  const folder = process.env["PIPEC_BENCH_FOLDER"] ?? join(repository, ".cache", "bench");
  mkdirSync(folder, { recursive: true });
  return folder;
}

/** The file, made by `make` unless it is there. A file half made is never seen. */
async function once(name: string, make: (file: string) => Promise<void> | void): Promise<string> {
  const file = join(benchFolder(), name);
  if (existsSync(file)) return file;
  mkdirSync(dirname(file), { recursive: true });
  const part = `${file}.part`;
  rmSync(part, { recursive: true, force: true });
  await make(part);
  renameSync(part, file);
  return file;
}

const WIDTH = 500;
const HEIGHT = 375;

/** A smooth drawing with noise upon it, which compresses like a photograph (about 130 kB at quality 90). */
export async function drawJpeg(random: () => number): Promise<Uint8Array> {
  const base = Uint8Array.from({ length: 16 * 12 * 3 }, () => Math.floor(random() * 256));
  const { data } = await sharp(base, { raw: { width: 16, height: 12, channels: 3 } }).resize(WIDTH, HEIGHT, { kernel: "cubic", fit: "fill" }).raw().toBuffer({ resolveWithObject: true });
  for (let index = 0; index < data.length; index++) data[index] = Math.max(0, Math.min(255, data[index] + Math.floor(random() * 24) - 12));
  return sharp(data, { raw: { width: WIDTH, height: HEIGHT, channels: 3 } }).jpeg({ quality: 90 }).toBuffer();
}

/** A folder of four Parquet files with `rows` pictures in all: columns `id` (int64) and `image` (JPEG bytes). */
export function pictures(rows: number): Promise<string> {
  return once(`pictures-${rows}`, async (folder) => {
    mkdirSync(folder);
    const random = createSeries(384);
    const each = Math.ceil(rows / 4);
    for (let file = 0; file < 4; file++) {
      const ids = Array.from({ length: Math.min(each, rows - file * each) }, (_, row) => file * each + row);
      const images: Uint8Array[] = [];
      for (const _ of ids) images.push(await drawJpeg(random));
      parquetWriteFile({
        filename: join(folder, `part-${file}.parquet`),
        columnData: [{ name: "id", data: ids.map(BigInt), type: "INT64", nullable: false }, { name: "image", data: images, type: "BYTE_ARRAY", nullable: false }],
        rowGroupSize: 64,
        codec: "UNCOMPRESSED",
      });
    }
  });
}

/** The same pictures several times over: a folder of links. */
export function repeatedPictures(rows: number, times: number): Promise<string> {
  return once(`pictures-${rows}-x${times}`, async (folder) => {
    const of = await pictures(rows);
    mkdirSync(folder);
    for (let time = 0; time < times; time++) for (const name of readdirSync(of)) linkSync(join(of, name), join(folder, `${time}-${name}`));
  });
}

/** ResNet-50 with seeded random weights: `pixels [N, 3, 224, 224]` in, `logits [N, 1000]` out. */
export function resnetModel(): Promise<string> {
  return once("resnet50.onnx", (file) => {
    execFileSync(process.execPath, [runTs, join(repository, "samples", "resnet50", "make-model.ts"), file], { stdio: "inherit" });
  });
}

/** The same ports as ResNet-50 with next to no work: pictures are averaged 32 by 32, and one matrix makes logits. */
export function tinyModel(): Promise<string> {
  return once("tiny.onnx", (file) => {
    const graph = createModelBuilder(17, 7);
    const pixels = graph.input("pixels", "f32", ["N", 3, 224, 224]);
    const pooled = graph.node("AveragePool", [pixels], { kernel_shape: [32, 32], strides: [32, 32] });
    const flat = graph.node("Flatten", [pooled], { axis: 1 });
    graph.node("Gemm", [flat, graph.weight("weight", [1000, 147], 0.1), graph.weight("bias", [1000], 0.01)], { transB: 1 }, { outputs: ["logits"] });
    graph.output("logits", "f32", ["N", 1000]);
    writeFileSync(file, ropeBytes(graph.build().model));
  });
}
