import { expect, test } from "vitest";
import { crop } from "./kernel.ts";

const x = { dtype: "u8" as const, shape: [2, 3, 1], data: Uint8Array.of(1, 2, 3, 4, 5, 6) };

test("takes a rectangle, refuses one that reaches outside", () => {
  expect([...crop({ x, top: 1n, left: 1n, height: 1n, width: 2n }).data]).toEqual([5, 6]);
  expect(() => crop({ x, top: 1n, left: 1n, height: 2n, width: 2n })).toThrow("reaches outside a picture of 2 x 3");
});
