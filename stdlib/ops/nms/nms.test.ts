import { expect, test } from "vitest";
import { nms } from "./kernel.ts";

const boxes = { dtype: "f32" as const, shape: [4, 4], data: Float32Array.of(10, 10, 10, 10, 11, 10, 10, 10, 50, 50, 10, 10, 11, 10, 10, 10) };
const scores = { dtype: "f32" as const, shape: [4, 2], data: Float32Array.of(0.8, 0, 0.9, 0, 0.1, 0, 0, 0.7) };

test("keeps the stronger of one class, leaves other classes alone, drops the weak", () => {
  const result = nms({ boxes, scores, iou: 0.5, score: 0.25, max: 10n });
  expect([...result.scores.data]).toEqual([0.9, 0.7].map(Math.fround));
  expect([...result.classes.data]).toEqual([0n, 1n]);
  expect([...result.boxes.data.slice(0, 4)]).toEqual([11, 10, 10, 10]);
});

test("no box at all is an empty result", () => {
  expect(nms({ boxes, scores, iou: 0.5, score: 0.99, max: 10n }).boxes.shape).toEqual([0, 4]);
  expect(nms({ boxes, scores, iou: 0.5, score: 0.25, max: 1n }).classes.shape).toEqual([1]);
});
