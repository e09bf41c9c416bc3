import { describe, expect, test } from "vitest";
import { defineCode, report } from "../../../language/diagnostics/diagnostic.ts";
import { diagnosticToJson } from "../../../language/diagnostics/json.ts";
import { renderDiagnostic, sourcesOf } from "../../../language/diagnostics/render.ts";
import { createSourceFile } from "../../../language/source/source-file.ts";

const mismatch = defineCode({
  code: "P9999",
  severity: "warning",
  title: "mismatch",
  message: (p: { left: string; right: string }) => `${p.left} is not ${p.right}`,
});

/** The span of the n-th occurrence of a text. */
function spanOf(source: { path: string; text: string }, text: string, from = 0) {
  const start = source.text.indexOf(text, from);
  return { file: source.path, start, end: start + text.length };
}

const main = createSourceFile("main.pipe", "const a = 1\n\nconst b = a\nconst c = 3\nconst d = b\nconst e = 5\nconst f = 6\nconst g = d\n");
const other = createSourceFile("lib/other.pipe", "export record Photo { id: string }\n");
const sources = sourcesOf(main, other);

describe("rendering", () => {
  test("shows labels of two files, lines between, reason and fix", () => {
    const diagnostic = report(mismatch, { left: "a", right: "b" }, {
      at: spanOf(main, "b = a"),
      label: "here",
      others: [
        { span: spanOf(main, "d = b"), text: "one line between" },
        { span: spanOf(main, "g = d"), text: "two lines between" },
        { span: spanOf(other, "Photo"), text: "declared here" },
      ],
      reason: "two lines\nof reason",
      fix: { text: "do that", edits: [] },
    });
    expect(renderDiagnostic(diagnostic, sources)).toMatchInlineSnapshot(`
      "warning P9999: a is not b
       --> main.pipe:3:7
        |
      3 | const b = a
        |       ^^^^^ here
      4 | const c = 3
      5 | const d = b
        |       ----- one line between
        ...
      8 | const g = d
        |       ----- two lines between
        |
       ::: lib/other.pipe:1:15
        |
      1 | export record Photo { id: string }
        |               ----- declared here
        |
        = because: two lines
          of reason
        = fix: do that
      "
    `);
  });

  test("escapes control characters and keeps carets below what they mark", () => {
    const evil = createSourceFile("e\u001b[31m.pipe", "\tconst \u202e漢字 = \u001b[2J x\n");
    const diagnostic = report(mismatch, { left: "\u001b]0;title\u0007", right: "漢字" }, { at: spanOf(evil, "x"), label: "l\u0000" });
    const text = renderDiagnostic(diagnostic, sourcesOf(evil));
    expect(text).not.toMatch(/[\u0000-\u0009\u000b-\u001f\u202e]/);
    expect(text).toMatchInlineSnapshot(`
      "warning P9999: \\u{1b}]0;title\\u{7} is not 漢字
       --> e\\u{1b}[31m.pipe:1:19
        |
      1 |   const \\u{202e}漢字 = \\u{1b}[2J x
        |                                  ^ l\\u{0}
        |
      "
    `);
  });

  test("cuts long lines and marks spans over several lines", () => {
    const long = createSourceFile("l.pipe", `${"a".repeat(300)}X${"b".repeat(300)}\nsecond\n`);
    const text = renderDiagnostic(report(mismatch, { left: "a", right: "b" }, { at: { file: "l.pipe", start: 300, end: 605 } }), sourcesOf(long));
    const [, , , line = "", mark = ""] = text.split("\n");
    expect(line).toBe(`1 | ...${"a".repeat(40)}X${"b".repeat(119)}...`);
    expect(mark).toBe(`  | ${" ".repeat(43)}${"^".repeat(120)} (to line 2)`);
  });

  test("does without the text of a file", () => {
    const diagnostic = report(mismatch, { left: "a", right: "b" }, { at: { file: "gone", start: 3, end: 4 }, label: "here" });
    expect(renderDiagnostic(diagnostic, sources)).toBe("warning P9999: a is not b\n --> gone\n  | here\n");
  });

  test("colours only when asked", () => {
    const diagnostic = report(mismatch, { left: "a", right: "b" }, { at: spanOf(main, "a") });
    expect(renderDiagnostic(diagnostic, sources, { color: true })).toContain("\u001b[1;33mwarning P9999\u001b[0m");
    expect(renderDiagnostic(diagnostic, sources)).not.toContain("\u001b");
  });
});

test("JSON has places beside the offsets, in labels and edits", () => {
  const at = spanOf(main, "b = a");
  const diagnostic = report(mismatch, { left: "a", right: "b" }, { at, fix: { text: "x", edits: [{ span: at, replacement: "y" }] } });
  const json = diagnosticToJson(diagnostic, sources);
  const place = { file: "main.pipe", start: 19, end: 24, line: 3, column: 7, endLine: 3, endColumn: 12 };
  expect(json.labels).toEqual([{ span: place, text: "", primary: true }]);
  expect(json.fix).toEqual({ text: "x", edits: [{ span: place, replacement: "y" }] });
  expect(JSON.parse(JSON.stringify(json))).toEqual(json);
});

test("a code's parameters are asked for", () => {
  // @ts-expect-error a missing parameter must not compile
  expect(report(mismatch, { left: "a" }, { at: spanOf(main, "a") }).message).toBe("a is not undefined");
});
