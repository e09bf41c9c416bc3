import { expect, test } from "vitest";
import { ctcDecode } from "./kernel.ts";

function probs(...best: number[]) {
  const data = new Float32Array(best.length * 4);
  best.forEach((place, step) => (data[step * 4 + place] = 1));
  return { dtype: "f32" as const, shape: [best.length, 4], data };
}

test("merges repeats, drops blanks, keeps letters parted by a blank", () => {
  expect(ctcDecode({ probs: probs(1, 1, 0, 1, 2, 0, 3), alphabet: ["a", "b", "c"], blank: 0n })).toBe("aabc");
  expect(ctcDecode({ probs: probs(0, 1, 3), alphabet: ["a", "b", "c"], blank: 3n })).toBe("ab");
  expect(ctcDecode({ probs: probs(), alphabet: ["a"], blank: 0n })).toBe("");
});

test("a class without a letter is a row error", () => {
  expect(() => ctcDecode({ probs: probs(3), alphabet: ["a", "b"], blank: 0n })).toThrow("class 3 has no letter");
});
