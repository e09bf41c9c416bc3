/** Places of emitted text: the innermost one wins, and the map says so in the format that debuggers read. */
import { SourceMap } from "node:module";
import { expect, test } from "vitest";
import { at, lines, renderCode } from "../../../compiler/emit/code.ts";
import { encodeVlq, makeSourceMap } from "../../../compiler/emit/source-map.ts";
import { createSourceFile } from "../../../language/source/source-file.ts";

const source = createSourceFile("a.pipe", "one two\nthree four\n");
const spanOf = (word: string) => ({ file: "a.pipe", start: source.text.indexOf(word), end: source.text.indexOf(word) + word.length });

test("VLQ digits are those of the specification", () => {
  expect([0, 1, -1, 15, 16, -16, 1024].map(encodeVlq)).toEqual(["A", "C", "D", "e", "gB", "hB", "ggC"]);
});

test("every piece maps to its own place, the rest to the piece around it", () => {
  const code = ["head;\n", at(spanOf("one"), "f(", at(spanOf("four"), "x"), ", y)"), ";\n", lines([at(spanOf("three"), "a(\nb)")], 1)];
  const { text, mappings } = renderCode(code);
  expect(text).toBe("head;\nf(x, y);\n  a(\n  b)\n");
  // Node's own reader of source maps is the judge.
  const map = new SourceMap({ ...makeSourceMap("out.ts", mappings, [source], () => "a.pipe"), sourcesContent: [source.text], sources: ["a.pipe"], names: [], sourceRoot: "" });
  const originOf = (line: number, column: number) => {
    const entry = map.findEntry(line, column);
    return "originalLine" in entry && entry.originalSource === "a.pipe" ? `${entry.originalLine}:${entry.originalColumn}` : "none";
  };
  expect(originOf(1, 0)).toBe("0:0");
  expect(originOf(1, 2)).toBe("1:6");
  expect(originOf(1, 3)).toBe("0:0");
  expect(originOf(2, 2)).toBe("1:0");
  expect(originOf(3, 2)).toBe("1:0");
});
