/** Plans programs given as text for hardware, over models in memory. */
import { loadCatalog } from "../../compiler/models/load-catalog.ts";
import { modelSignature } from "../../compiler/models/model-signature.ts";
import type { ModelGraph } from "../../compiler/onnx/model-graph.ts";
import { compile } from "../../compiler/pipeline.ts";
import { planCluster, statedHardware } from "../../compiler/plan/cluster/plan-cluster.ts";
import type { ClusterRequest, ClusterResult } from "../../compiler/plan/cluster/plan-cluster.ts";
import type { Hardware } from "../../stdlib/hw/hardware.ts";

/** `models` by the path that the program gives. */
export function planText(text: string, models: ReadonlyMap<string, ModelGraph>, more: Omit<ClusterRequest, "readGraph"> & { readonly hardware?: Hardware } = {}): ClusterResult {
  const catalog = loadCatalog(({ file }) => {
    const model = models.get(file);
    return model === undefined ? { ok: false, code: "missing", reason: "there is no such file" } : { ok: true, signature: modelSignature(model) };
  });
  const { lowered, plan, diagnostics } = compile({ file: "main.pipe", text, loadFile: () => undefined, catalog, buildParams: {}, toMain: "", toCwd: "" }, "plan");
  if (lowered === undefined || plan === undefined) throw new Error(diagnostics.map((diagnostic) => `${diagnostic.code} ${diagnostic.message}`).join("\n"));
  const hardware = more.hardware ?? statedHardware(lowered);
  if (hardware === undefined) throw new Error("the program states no hardware");
  return planCluster(lowered, plan, hardware, { ...more, readGraph: (model) => models.get(model.file) });
}
