/** The twin-tower sample in variations: other cuts, other threads, hardware to plan for. */
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { loadCatalog } from "../../compiler/models/load-catalog.ts";
import { modelSignature } from "../../compiler/models/model-signature.ts";
import { modelUnderInputs } from "../../compiler/models/model-under-inputs.ts";
import type { ModelGraph } from "../../compiler/onnx/model-graph.ts";
import { readModel } from "../../compiler/onnx/read-model.ts";
import { ropeSource } from "../../compiler/onnx/rope-source.ts";
import { compile } from "../../compiler/pipeline.ts";
import type { Compilation } from "../../compiler/pipeline.ts";
import { towerFiles } from "../../samples/twin-tower/make-models.ts";
import { root } from "./compile-sample.ts";

export const twinTowerFolder = join(root, "samples", "twin-tower");

export interface Variation {
  /** In place of the sample's `shard`; null: none. */
  readonly shard: string | null;
  readonly threads?: number;
  readonly batch?: number;
  /** As an expression over `std/hw`. */
  readonly hardware?: string;
  /** What the run may take. */
  readonly memory?: string;
  /** More settings of the models' step. */
  readonly more?: string;
  /** Settings of both models. */
  readonly model?: string;
}

const stated = "shard: { pipeline: 3 },";

/** The sample's program with other settings. */
export function twinTowerText({ shard, threads, batch = 8, hardware, memory, more = "", model }: Variation): string {
  const text = readFileSync(join(twinTowerFolder, "twin-tower.pipe"), "utf8");
  if (!text.includes(stated)) throw new Error(`the sample does not say ${stated}`);
  const step = [shard === null ? "" : `shard: ${shard},`, threads === undefined ? "" : `threads: ${threads},`, more].join(" ");
  const settings = [hardware === undefined ? "" : `hardware: ${hardware},`, memory === undefined ? "" : `memory: ${memory},`].join(" ");
  const changed = text.replace(stated, step).replace("batch: 8", `batch: ${batch}`).replace("with { errors", `with { ${settings} errors`).replaceAll(/( {2}file: "models\/)/g, `${model === undefined ? "" : `  ${model},\n`}$1`);
  if (hardware === undefined) return changed;
  return changed.replace("edition 1\n", 'edition 1\n\nimport { aws } from "std/hw"\n');
}

/** Compiles a variation over the towers of full size; their weights are never made. */
export function compileFullSize(variation: Variation): Compilation {
  const graphs = new Map<string, ModelGraph>();
  for (const [name, rope] of Object.entries(towerFiles("full"))) {
    const { model } = readModel({ name, main: ropeSource(rope), openExternal: () => ({ refused: "there is none" }) });
    if (model === undefined) throw new Error(`${name} cannot be read`);
    graphs.set(`models/${name}`, model);
  }
  const catalog = loadCatalog(({ file }) => {
    const graph = graphs.get(file);
    if (graph === undefined) return { ok: false, code: "missing", reason: "there is no such file" };
    return { ok: true, signature: { ...modelSignature(graph), inferOutputs: (inputs) => modelUnderInputs(graph, inputs).outputs, activationBytes: (inputs) => modelUnderInputs(graph, inputs).activationBytes } };
  });
  return compile({ file: "twin-tower.pipe", text: twinTowerText(variation), loadFile: () => undefined, catalog, buildParams: {}, toMain: "", toCwd: "", readGraph: ({ file }) => graphs.get(file) }, "plan");
}
