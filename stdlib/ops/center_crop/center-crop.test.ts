import { expect, test } from "vitest";
import { centerCrop } from "./kernel.ts";

const x = { dtype: "u8" as const, shape: [3, 4, 1], data: Uint8Array.from({ length: 12 }, (_, index) => index + 1) };

test("takes the middle", () => {
  expect(centerCrop({ x, height: 1n, width: 2n })).toEqual({ dtype: "u8", shape: [1, 2, 1], data: Uint8Array.of(6, 7) });
});

test("surrounds a smaller picture with zeros", () => {
  expect([...centerCrop({ x, height: 5n, width: 2n }).data]).toEqual([0, 0, 2, 3, 6, 7, 10, 11, 0, 0]);
});
