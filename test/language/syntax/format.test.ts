import { describe, expect, test } from "vitest";
import { createSourceFile } from "../../../language/source/source-file.ts";
import { formatFile } from "../../../language/syntax/format.ts";
import { lex } from "../../../language/syntax/lexer.ts";
import { parseFile } from "../../../language/syntax/parse.ts";
import { describeWithShared } from "../../support/shared.ts";
import { literatePrograms, sharedPrograms, withoutSpans } from "../../support/syntax.ts";
import type { Program } from "../../support/syntax.ts";

function format(text: string): string {
  return formatFile(createSourceFile("main.pipe", text)).text;
}

/** Formatting again changes nothing; tree and comments stay; no line is long that could be shorter. */
function checkFormatting({ text }: Program): void {
  const formatted = format(text);
  expect(format(formatted)).toBe(formatted);
  const before = createSourceFile("main.pipe", text);
  const after = createSourceFile("main.pipe", formatted);
  expect(withoutSpans(parseFile(after).ast)).toEqual(withoutSpans(parseFile(before).ast));
  const comments = (source: typeof before) => lex(source).comments.map(({ image }) => image.trimEnd()).join("\n").split(/\s*\/\/+\s*/).sort();
  expect(comments(after)).toEqual(comments(before));
}

const cases = literatePrograms("test/golden/syntax").filter(({ text }) => parseFile(createSourceFile("main.pipe", text)).diagnostics.length === 0);

test.each(cases)("$name keeps its tree and comments", checkFormatting);

describeWithShared("the shared programs", "programs", () => {
  test.each(sharedPrograms())("$name keeps its tree and is formatted once", (program) => {
    checkFormatting(program);
    for (const line of format(program.text).split("\n")) expect(line.length).toBeLessThanOrEqual(100);
  });
});

describe("what the formatter leaves", () => {
  test("a broken file as it is", () => {
    const text = "const  a = f(1\n";
    const { text: formatted, diagnostics } = formatFile(createSourceFile("main.pipe", text));
    expect(formatted).toBe(text);
    expect(diagnostics.map(({ code }) => code)).toEqual(["P0102"]);
  });

  test("brackets that the user wrote", () => {
    expect(format("const a = ((1 + 2)) * 3")).toBe("const a = ((1 + 2)) * 3\n");
  });

  test("comments of tokens that come to share a line apart, in their order", () => {
    const text = "pipeline p {\n  write a // one\n    to // two\n    b() // three\n}\n";
    const formatted = "pipeline p {\n  // one\n  // two\n  write a to b() // three\n}\n";
    expect(format(text)).toBe(formatted);
    expect(format(formatted)).toBe(formatted);
  });

  test("comments inside one line in their order", () => {
    const text = "const a = f(\n  // one\n  x\n  // two\n  == 1)\n";
    expect(format(text)).toBe("const a = f(\n  // one\n  // two\n  x\n    == 1,\n)\n");
    expect(format(format(text))).toBe(format(text));
  });

  test("the result behind its parameters, even where those take lines", () => {
    expect(format("fn f(jpeg: bytes) -> tensor<f32>[3, 224, 224] = g(jpeg)")).toBe("fn f(jpeg: bytes) -> tensor<f32>[3, 224, 224] = g(jpeg)\n");
    expect(format("fn f(x: int, // x\n  y: int) -> int = x")).toBe("fn f(\n  x: int, // x\n  y: int,\n) -> int = x\n");
  });

  test("one empty line where there were some, and braces open where they were", () => {
    expect(format("\n\nparam a: int\n\n\n\nparam b: int\nrecord R {\na: int }\n\n")).toBe(
      "param a: int\n\nparam b: int\nrecord R {\n  a: int,\n}\n",
    );
  });

  test("line ends of other systems become \\n", () => {
    expect(format("param a: int // x\r\n\r\nparam b: int\r\n")).toBe("param a: int // x\n\nparam b: int\n");
  });

  test("an empty file empty", () => {
    expect(format(" \n\n")).toBe("");
    expect(format("// only\n\n// comments")).toBe("// only\n\n// comments\n");
  });
});
