import { expect, test } from "vitest";
import { splitColours } from "./split-colours.ts";

const tables = [1, 10, 100].map((factor) => Float32Array.from({ length: 256 }, (_, byte) => Math.fround(byte / factor - 0.5)));

// The last one does not fit the thread's memory, and goes the slow way.
test.each([[0], [1], [15], [1000], [4_200_000]])("%i pixels as three planes", (count) => {
  const pixels = Uint8Array.from({ length: count * 3 }, (_, index) => (index * 97) % 256);
  const result = new Float32Array(count * 3);
  splitColours(pixels, tables, result);
  const wrong = result.findIndex((value, index) => value !== tables[Math.floor(index / count)][pixels[(index % count) * 3 + Math.floor(index / count)]]);
  expect(wrong).toBe(-1);
});
