import { expect, test } from "vitest";
import { createWorkerCounts } from "../../../runtime/telemetry/worker-counts.ts";

test("workers that come and go are counted as they were seen, and the end of a stage says nothing", () => {
  const counts = createWorkerCounts([1, 3]);
  const seen = (stage: number): readonly number[] => [counts.now(stage), counts.mean(stage), counts.most(stage)];
  expect([seen(0), seen(1)]).toEqual([[1, 1, 1], [3, 3, 3]]);
  for (const active of [[1, 2], [4, 2], [1, 0], [0, 0]]) counts.look(active);
  expect([seen(0), seen(1)]).toEqual([[1, 2, 4], [2, 2, 2]]);
});
