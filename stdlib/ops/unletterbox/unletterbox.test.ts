import { expect, test } from "vitest";
import { unletterbox } from "./kernel.ts";

test("undoes scale and offset", () => {
  const boxes = { dtype: "f32" as const, shape: [1, 4], data: Float32Array.of(60, 40, 10, 20) };
  const geometry = { dtype: "f32" as const, shape: [3], data: Float32Array.of(0.5, 10, 0) };
  expect([...unletterbox({ boxes, geometry }).data]).toEqual([100, 80, 20, 40]);
});
