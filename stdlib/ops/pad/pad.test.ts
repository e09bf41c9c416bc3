import { expect, test } from "vitest";
import { pad } from "./kernel.ts";

test("surrounds with a colour", () => {
  const x = { dtype: "u8" as const, shape: [1, 1, 3], data: Uint8Array.of(1, 2, 3) };
  const result = pad({ x, top: 0n, left: 1n, bottom: 1n, right: 0n, color: [7n, 8n, 9n] });
  expect(result).toEqual({ dtype: "u8", shape: [2, 2, 3], data: Uint8Array.of(7, 8, 9, 1, 2, 3, 7, 8, 9, 7, 8, 9) });
  expect(() => pad({ x, top: 0n, left: 1n, bottom: 1n, right: 0n, color: [7n, 8n] })).toThrow("color has 2 values");
});
