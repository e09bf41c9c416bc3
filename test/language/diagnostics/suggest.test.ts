import { expect, test } from "vitest";
import { editDistance, suggest } from "../../../language/diagnostics/suggest.ts";

test("a swap of neighbours is one edit", () => {
  expect(editDistance("raed", "read")).toBe(1);
  expect(editDistance("kitten", "sitting")).toBe(3);
  expect(editDistance("", "abc")).toBe(3);
});

test.each([
  ["resise", "resize"],
  ["Pipeline", "pipeline"],
  ["nromalise", "normalize"],
  ["az", "as"],
])("%s means %s", (name, meant) => {
  expect(suggest(name, ["as", "resize", "normalize", "pipeline"])).toBe(meant);
});

test.each(["x", "crop", "on", "zip"])("%s means none of them", (name) => {
  expect(suggest(name, ["as", "resize", "normalize", "pipeline"])).toBeUndefined();
});

test("ties go to the first candidate", () => {
  expect(suggest("cat", ["bat", "hat"])).toBe("bat");
});
