/** The ONNX backend cases of several nodes, cut at random places: operators of every kind on either side of a cut. */
import { readFileSync } from "node:fs";
import { expect, it } from "vitest";
import { readInputs } from "../../../compiler/cli/shards/model-inputs.ts";
import { bytesModel } from "../../../compiler/onnx/byte-source.ts";
import { inferShapes } from "../../../compiler/onnx/infer/infer-shapes.ts";
import { readModel } from "../../../compiler/onnx/read-model.ts";
import { indexGraph } from "../../../compiler/shard/graph-index.ts";
import { shardPipeline } from "../../../compiler/shard/shard-pipeline.ts";
import { createRandom } from "../../support/random.ts";
import { differing, randomCuts, runBytes, runShards } from "../../support/shard-trial.ts";
import { describeWithShared, sharedFolders, sharedPath } from "../../support/shared.ts";

type Verdict = "one node" | "not run here" | "refused" | "equal" | string;

async function tryCase(name: string): Promise<Verdict> {
  const folder = sharedPath("conformance/onnx-node", name);
  const bytes = readFileSync(`${folder}/model.onnx`);
  const { model } = readModel(bytesModel(name, bytes));
  if (!model) return "not run here";
  const inferred = inferShapes(model);
  const index = indexGraph(model, inferred);
  const nodes = index.order.filter((node) => index.kindOf.get(node) !== "constant");
  if (nodes.length < 2) return "one node";
  const feeds = readInputs(model, `${folder}/test_data_set_0`);
  // Random operators without a seed give something else each time; sequences cannot be fed here.
  if (!feeds.ok || nodes.some((node) => /^(Random|Bernoulli|Multinomial)/.test(node.op))) return "not run here";
  const whole = await runBytes(bytes, feeds.value).catch(() => undefined);
  if (!whole) return "not run here";
  const random = createRandom(nodes.length);
  let refused = 0;
  const cutsTried = 4;
  for (let trial = 0; trial < cutsTried; trial++) {
    const result = shardPipeline(model, randomCuts(model, inferred, Math.min(nodes.length, 2 + (trial % 2)), random), inferred);
    if (!result.ok) {
      if (result.diagnostics.some((diagnostic) => diagnostic.code !== "P1154")) return result.diagnostics.map((diagnostic) => diagnostic.message).join("; ");
      refused++;
      continue;
    }
    const other = differing(whole, await runShards(result.set, feeds.value));
    if (other.length > 0) return `${other.join(", ")} differ`;
  }
  return refused === cutsTried ? "refused" : "equal";
}

describeWithShared("backend cases, cut", "conformance/onnx-node", () => {
  it("give what the whole gives", async () => {
    const verdicts = new Map<Verdict, string[]>();
    for (const name of sharedFolders("conformance/onnx-node")) {
      const verdict = await tryCase(name).catch((error: unknown) => `${error instanceof Error ? error.message : error}`);
      verdicts.set(verdict, [...(verdicts.get(verdict) ?? []), name]);
    }
    const expected = new Set(["one node", "not run here", "refused", "equal"]);
    expect([...verdicts].filter(([verdict]) => !expected.has(verdict))).toEqual([]);
    expect(verdicts.get("equal")?.length).toBeGreaterThan(150);
  });
});
