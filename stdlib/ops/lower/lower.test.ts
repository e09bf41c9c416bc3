import { expect, test } from "vitest";
import { lower } from "./kernel.ts";

test("maps by Unicode, not by locale", () => {
  expect(lower({ text: "STRASSE İ ÄÖ" })).toBe("strasse i̇ äö");
});
