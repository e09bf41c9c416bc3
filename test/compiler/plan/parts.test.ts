/** Plans of pipelines whose chunks move in parts: queues and memory are for parts, not for all children of a chunk. */
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { describe, expect, test } from "vitest";
import { lowerProgram } from "../../../compiler/plan/lower.ts";
import { planProgram } from "../../../compiler/plan/plan-program.ts";
import type { PipelinePlan } from "../../../compiler/plan/plan.ts";
import { printPlan } from "../../../compiler/plan/print-plan.ts";
import { verifyPlan } from "../../../compiler/plan/verify-plan.ts";
import { expectGolden } from "../../support/golden-text.ts";
import { checkText } from "../../support/stand-ins.ts";

const goldens = fileURLToPath(new URL("../../golden/plan/", import.meta.url));
const model = "input pixels: f32[batch, 3, 224, 224]\noutput scores: f32[batch, 10]\ninfer scores: [N, 10]\n";

function source(children: number): string {
  return `edition 1
record Film { path: string, frames: list<bytes> }
model m(pixels: tensor<f32>[N, 3, 224, 224]) -> (scores: tensor<f32>[N, 10]) { file: "m.onnx" }
pipeline films {
  with { row_max: 32 MiB, text_max: 1 KiB }
  let films = read jsonl("films") as Film
  let frames = films |> explode(frame: .frames) with { max: ${children} }
  let seen = frames |> { .path, pixels: resize(decode_image(.frame, mode: "RGB"), width: 224, height: 224, filter: "bilinear") |> to_tensor(scale: 1 / 255, layout: "CHW") }
    |> { .path, ..m(.pixels) }
  let films_seen = seen |> implode(n: count(), best: max(max(.scores)))
  write films_seen to jsonl("o")
}
`;
}

function plan(text: string): { readonly pipeline: PipelinePlan; readonly printed: string } {
  const { program, all } = checkText(text, { "m.onnx": model });
  if (program === undefined) throw new Error(all.map((diagnostic) => `${diagnostic.code} ${diagnostic.message}`).join("\n"));
  const lowered = lowerProgram(program);
  const made = planProgram(lowered);
  verifyPlan(made, lowered);
  const [pipeline] = made.pipelines;
  if (pipeline === undefined) throw new Error("no pipeline");
  return { pipeline, printed: printPlan(made) };
}

describe("a pipeline that explodes", () => {
  test("has queues of parts up to where they come together", () => {
    const text = source(1000);
    expectGolden(join(goldens, "explode.md"), `# A plan with parts\n\n\`\`\`pipe\n${text}\`\`\`\n\n\`\`\`\n${plan(text).printed}\`\`\`\n`);
  });

  test("takes no more memory between stages for more children, where they are taken part by part", () => {
    const queue = (children: number): number | undefined => plan(source(children)).pipeline.edges.find(({ byParts }) => byParts === true)?.queueBytesMax;
    expect(queue(1000)).toBe(queue(100));
  });
});
