import { expect, test } from "vitest";
import { truncate } from "./kernel.ts";

test("counts code points and cuts none in half", () => {
  expect(truncate({ text: "a😀b", max: 2n })).toBe("a😀");
  expect(truncate({ text: "ab", max: 5n })).toBe("ab");
  expect(truncate({ text: "ab", max: 0n })).toBe("");
  expect(() => truncate({ text: "ab", max: -1n })).toThrow("-1 characters");
});
