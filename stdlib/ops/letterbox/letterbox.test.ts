import { expect, test } from "vitest";
import { letterbox } from "./kernel.ts";

test("keeps the aspect ratio, centres, and says how", () => {
  const x = { dtype: "u8" as const, shape: [2, 4, 1], data: new Uint8Array(8).fill(50) };
  const { image, geometry } = letterbox({ x, width: 2n, height: 3n, color: [9n] });
  expect([...image.data]).toEqual([9, 9, 50, 50, 9, 9]);
  expect([...geometry.data]).toEqual([0.5, 0, 1]);
});
