/** The plans of the twin-tower sample at full size, for a machine of eight GPUs and for the processor alone. */
import { fileURLToPath } from "node:url";
import { describe, expect, test } from "vitest";
import { printPlan } from "../../../compiler/plan/print-plan.ts";
import { expectGolden } from "../../support/golden-text.ts";
import { compileFullSize } from "../../support/twin-tower.ts";

describe.each([["auto", '"auto"'], ["pipeline-3", "{ pipeline: 3 }"], ["tensor-2", "{ tensor: 2 }"], ["pipeline-3-tensor-2", "{ pipeline: 3, tensor: 2 }"]])("%s", (name, shard) => {
  test.each([["gpus", { shard, hardware: "aws.g5_48xlarge" }], ["cores", { shard }]])("on %s", (on, variation) => {
    const { plan, diagnostics } = compileFullSize(variation);
    expect(diagnostics.filter(({ severity }) => severity === "error")).toEqual([]);
    if (plan === undefined) throw new Error("there is no plan");
    expectGolden(fileURLToPath(new URL(`twin-tower-${name}-${on}.txt`, import.meta.url)), printPlan(plan));
  });
});
