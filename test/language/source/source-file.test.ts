import { expect, test } from "vitest";
import { createSourceFile, lineText, offsetAt, positionAt, textAt } from "../../../language/source/source-file.ts";

const source = createSourceFile("a.pipe", "one\r\ntwo\rthree\n\nfive");

test("lines end with \\n, \\r\\n or \\r", () => {
  expect(source.lineStarts).toEqual([0, 5, 9, 15, 16]);
  expect([1, 2, 3, 4, 5, 6].map((line) => lineText(source, line))).toEqual(["one", "two", "three", "", "five", ""]);
});

test("offsets and positions are inverse", () => {
  expect(positionAt(source, 6)).toEqual({ line: 2, column: 2 });
  for (const offset of [0, 2, 5, 8, 9, 14, 15, 16, 20]) expect(offsetAt(source, positionAt(source, offset))).toBe(offset);
});

test("places outside the text are moved into it", () => {
  expect(positionAt(source, 99)).toEqual({ line: 5, column: 5 });
  expect(positionAt(source, -1)).toEqual({ line: 1, column: 1 });
  expect(offsetAt(source, { line: 1, column: 99 })).toBe(3);
  expect(offsetAt(source, { line: 99, column: 99 })).toBe(20);
});

test("an empty text has one line", () => {
  const empty = createSourceFile("e.pipe", "");
  expect(positionAt(empty, 0)).toEqual({ line: 1, column: 1 });
  expect(textAt(source, { file: "a.pipe", start: 5, end: 8 })).toBe("two");
});
