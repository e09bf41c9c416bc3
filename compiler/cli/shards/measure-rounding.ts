/** How far rounding alone moves what a model puts out: the model against itself with its weights shaken. */
import { join } from "node:path";
import type { Diagnostic } from "../../../language/diagnostics/diagnostic.ts";
import { writeModel } from "../../onnx/write-model.ts";
import { shakenModel } from "../../shard/shaken-model.ts";
import { writeRopeFile } from "../write-rope-file.ts";
import { compareTensors } from "./compare-values.ts";
import type { CutModel } from "./cut-model.ts";
import { runWhole, type RunOptions, type Values } from "./run-models.ts";

/** The largest change of an output for each of the feeds. */
export type Rounding = ReadonlyMap<string, readonly number[]>;

const trials = 2;
/** Smaller tensors stay in the model. */
const externalBytesMin = 4096;

/** `whole` are the outputs of the model itself. Writes to `folder`. */
export async function measureRounding(cut: CutModel, folder: string, feeds: readonly Values[], whole: readonly Values[], options: RunOptions): Promise<Rounding | { readonly problem: Diagnostic }> {
  const most = new Map(cut.set.outputs.map((name) => [name, whole.map(() => 0)]));
  const [model, weights] = ["shaken.onnx", "shaken.weights"];
  for (let trial = 1; trial <= trials; trial++) {
    const written = writeModel(shakenModel(cut.set.model, cut.inferred, trial), { external: { location: weights, bytesMin: externalBytesMin } });
    const problem = writeRopeFile(join(folder, weights), weights, written.external) ?? writeRopeFile(join(folder, model), model, written.model);
    if (problem) return { problem };
    const shaken = await runWhole(join(folder, model), feeds, cut.set.outputs, options);
    for (const [name, seen] of most) most.set(name, seen.map((known, at) => Math.max(known, compareTensors(whole[at]?.[name], shaken[at]?.[name]).maxAbs)));
  }
  return most;
}
