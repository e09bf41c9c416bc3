/** Plans of real jobs: goldens for people to read, and what must hold of them. */
import { fileURLToPath } from "node:url";
import { describe, expect, test } from "vitest";
import { loadCatalog } from "../../../../compiler/models/load-catalog.ts";
import { modelSignature } from "../../../../compiler/models/model-signature.ts";
import { compile } from "../../../../compiler/pipeline.ts";
import type { ClusterPipeline } from "../../../../compiler/plan/cluster/cluster-plan.ts";
import type { ClusterResult } from "../../../../compiler/plan/cluster/plan-cluster.ts";
import { printClusterPlan } from "../../../../compiler/plan/cluster/print-cluster-plan.ts";
import { expectGolden } from "../../../support/golden-text.ts";
import { albertTower, resnetTower, vitTower } from "../../../support/large-towers.ts";
import { planText } from "../../../support/plan-text.ts";

const golden = (name: string) => fileURLToPath(new URL(`../../../golden/plan/${name}.txt`, import.meta.url));

const models = new Map([["resnet50.onnx", resnetTower().graph], ["vit.onnx", vitTower().graph], ["albert.onnx", albertTower().graph]]);

const classify = (cluster: string, settings = "") => `edition 1
import { aws, generic } from "std/hw"
record Photo { id: string, jpeg: bytes }
model resnet50(pixels: tensor<f32>[N, 3, 224, 224]) -> (logits: tensor<f32>[N, 1000]) { file: "resnet50.onnx" }
fn eval_transform(jpeg: bytes) -> tensor<f32>[3, 224, 224] =
  jpeg
  |> decode_image(mode: "RGB")
  |> resize(shorter: 256, filter: "bilinear", antialias: true)
  |> center_crop(224)
  |> to_tensor(scale: 1 / 255, layout: "CHW")
  |> normalize(mean: [0.485, 0.456, 0.406], std: [0.229, 0.224, 0.225])
pipeline classify {
  with { hardware: ${cluster} }
  let preds = read parquet("photos.parquet") as Photo
    |> { .id, pixels: eval_transform(.jpeg) }
    |> { .id, ..resnet50(.pixels) } ${settings}
    |> { .id, label: argmax(.logits) }
  write preds to parquet("out")
}
`;

const twin = (settings: string) => `edition 1
import { aws } from "std/hw"
record Pair { id: string, pixels: tensor<f16>[3, 224, 224], ids: tensor<i64>[128] }
model vit(pixels: tensor<f16>[N, 3, 224, 224]) -> (image_vec: tensor<f16>[N, 5120] from "vec") { file: "vit.onnx" }
model albert(ids: tensor<i64>[N, T]) -> (text_vec: tensor<f16>[N, 8704] from "vec") where T <= 128 {
  file: "albert.onnx",
  pad: { T: { multiple: 32, ids: 0 } },
}
pipeline embed {
  with { hardware: 10 * aws.g4dn_12xlarge }
  let vectors = read parquet("pairs.parquet") as Pair
    |> { .id, ..vit(.pixels), ..albert(.ids) } ${settings}
  write vectors to parquet("out")
}
`;

function sound(result: ClusterResult): ClusterPipeline {
  const [pipeline] = result.plan?.pipelines ?? [];
  if (pipeline === undefined) throw new Error(result.diagnostics.map((diagnostic) => `${diagnostic.code} ${diagnostic.message}`).join("\n"));
  return pipeline;
}

const printed = (result: ClusterResult) =>
  `${result.plan === undefined ? "" : printClusterPlan(result.plan, { rows: 1_000_000_000 })}${result.diagnostics.map((diagnostic) => `\n${diagnostic.severity} ${diagnostic.code}: ${diagnostic.message}\n${diagnostic.fix === undefined ? "" : `  fix: ${diagnostic.fix.text}\n`}`).join("")}`;

describe("ResNet-50 on ten g4dn.12xlarge and ten m5.16xlarge", () => {
  const result = planText(classify("10 * aws.g4dn_12xlarge + 10 * aws.m5_16xlarge"), models);

  test("does more than the published 11,581 rows/s, limited by its T4s, which is proved the best", () => {
    const pipeline = sound(result);
    expect(pipeline.rowsPerSecond).toBeGreaterThan(11_581);
    expect(pipeline.bottleneck).toBe("resnet50 on T4");
    expect(pipeline.optimal).toBe(true);
  });

  test("golden", () => expectGolden(golden("resnet50"), printed(result)));
});

describe("the twin tower of 10 billion parameters on ten g4dn.12xlarge", () => {
  test.each([
    ["twin-pipeline-3", "with { shard: { pipeline: 3 }, colocate: true, replicas: [4..16, 4..16, 2..16] }"],
    ["twin-auto", ""],
  ])("%s fits cards of 16 GiB", (name, settings) => {
    const result = planText(twin(settings), models);
    const pipeline = sound(result);
    for (const lane of pipeline.lanes) for (const stage of lane.stages) expect(stage.bytes).toBeLessThanOrEqual(stage.usableBytes);
    if (settings !== "") {
      expect(pipeline.lanes.map((lane) => lane.stages.length)).toEqual([3]);
      for (const stage of pipeline.lanes[0]?.stages ?? []) expect(stage.parts.map((part) => part.model)).toEqual(["vit", "albert"]);
    }
    expect(pipeline.gap).toBeLessThan(0.1);
    expectGolden(golden(name), printed(result));
  });
});

describe("what a program demands", () => {
  test("is kept, and priced where it costs more than 5 %", () => {
    const result = planText(classify("2 * aws.g4dn_12xlarge", "with { replicas: 2, batch: 8, device: \"T4\" }"), models);
    const [stage] = sound(result).lanes[0]?.stages ?? [];
    expect([stage?.replicas, stage?.parts[0]?.batch]).toEqual([2, 8]);
    expect(result.diagnostics.map(({ code, message }) => `${code} ${message}`)).toEqual([expect.stringMatching(/^P1141 `replicas` costs 75 %: \d+ rows\/s, [\d,]+ without it$/)]);
  });

  test("of batches is priced too", () => {
    const { diagnostics } = planText(classify("2 * aws.g4dn_12xlarge", "with { batch: 1 }"), models);
    expect(diagnostics.map(({ code, message }) => `${code} ${message}`)).toEqual([expect.stringMatching(/^P1141 `batch` costs \d+ %: [\d,]+ rows\/s, [\d,]+ without it$/)]);
  });

  test("may be what no device has", () => {
    const result = planText(classify("2 * aws.g4dn_12xlarge", "with { device: \"H100\" }"), models);
    expect(result.diagnostics.map(({ code, message }) => `${code} ${message}`)).toEqual(['P1142 `device: "H100"` names no device of the hardware, which has T4']);
  });

  test("runs models on cores where it says so, or where there is nothing else", () => {
    for (const result of [planText(classify("2 * aws.g4dn_12xlarge", "with { device: \"cpu\" }"), models), planText(classify("2 * aws.m5_4xlarge"), models)]) {
      const pipeline = sound(result);
      expect([pipeline.lanes.length, pipeline.bottleneck]).toEqual([0, "cores"]);
      expect(pipeline.cpuStages.filter((stage) => stage.kind === "model").map((stage) => stage.model?.name)).toEqual(["resnet50"]);
    }
  });

  test("of two kinds of devices, both are used when both are needed", () => {
    const pipeline = sound(planText(classify("1 * aws.g4dn_12xlarge + 1 * aws.g5_12xlarge + 8 * aws.m5_24xlarge"), models));
    expect(pipeline.lanes.map((lane) => lane.device)).toEqual(["A10G", "T4"]);
    const rates = pipeline.lanes.reduce((sum, lane) => sum + lane.rowsPerSecond, 0);
    expect(rates).toBeGreaterThanOrEqual(pipeline.rowsPerSecond * (1 - 1e-9));
  });
});

test("rows of known lengths are faster than the longest, and need as much memory", () => {
  const lengths = [{ model: "albert", rows: [{ dims: { T: 20 }, share: 0.75 }, { dims: { T: 128 }, share: 0.25 }] }];
  const calibration = { version: 1 as const, machine: "", coreSpeed: 1, models: [], stages: [], lengths };
  const text = twin("with { batch: 4, replicas: 1 }").replace("..vit(.pixels), ", "");
  const [longest, known] = [planText(text, models, { compare: false }), planText(text, models, { compare: false, calibration })].map(sound);
  expect(known?.rowsPerSecond).toBeGreaterThan((longest?.rowsPerSecond ?? 0) * 1.5);
  expect(known?.lanes[0]?.stages[0]?.bytes).toBe(longest?.lanes[0]?.stages[0]?.bytes);
  expect(longest?.assumes).toContain("every row of albert is as long as it may be");
});

describe("the program's own plan", () => {
  const catalog = loadCatalog(({ file }) => {
    const model = models.get(file);
    return model === undefined ? { ok: false, code: "missing", reason: "there is no such file" } : { ok: true, signature: modelSignature(model) };
  });
  const built = (text: string) => compile({ file: "main.pipe", text, loadFile: () => undefined, catalog, buildParams: {}, toMain: "", toCwd: "", readGraph: (model) => models.get(model.file) }, "plan");
  const batches = (text: string) => built(text).plan?.pipelines[0]?.stages.flatMap((stage) => (stage.models ?? []).map((model) => model.batch));

  test("takes the batch that was solved for its hardware, unless the program says one", () => {
    const solved = sound(planText(classify("2 * aws.g4dn_12xlarge"), models)).lanes[0]?.stages[0]?.parts[0]?.batch;
    expect(batches(classify("2 * aws.g4dn_12xlarge"))).toEqual([solved]);
    expect(batches(classify("2 * aws.g4dn_12xlarge", "with { shard: \"auto\", batch: \"auto\" }"))).toEqual([solved]);
    expect(batches(classify("2 * aws.g4dn_12xlarge", "with { batch: 12 }"))).toEqual([12]);
  });

  test("is refused where the hardware cannot hold it", () => {
    const { diagnostics } = built(twin("").replace("10 * aws.g4dn_12xlarge", "aws.g4dn_xlarge"));
    expect(diagnostics.map((diagnostic) => diagnostic.code)).toContain("P1140");
  });
});

describe("what does not fit", () => {
  test("says what is short, by how much, and what would fit", () => {
    const result = planText(twin("with { shard: { pipeline: 1, tensor: 1 } }").replace("10 * aws.g4dn_12xlarge", "aws.g4dn_xlarge"), models);
    expect([result.doesNotFit, result.plan]).toEqual([true, undefined]);
    expectGolden(golden("does-not-fit"), printed(result));
  });
});
