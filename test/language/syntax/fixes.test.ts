/** The fixes that diagnostics offer: carrying one out removes its problem. */
import { readFileSync, readdirSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { describe, expect, test } from "vitest";
import { createSourceFile } from "../../../language/source/source-file.ts";
import { parseFile } from "../../../language/syntax/parse.ts";
import { applyEdits } from "../../../language/diagnostics/apply-edits.ts";
import { literateCases } from "../../support/literate.ts";

const folder = fileURLToPath(new URL("../../../language/diagnostics/pages/", import.meta.url));
const pages = readdirSync(folder).filter((name) => name.startsWith("P01")).sort();

describe.each(pages)("the fixes of %s", (page) => {
  const cases = literateCases(readFileSync(`${folder}${page}`, "utf8"));
  test.each(cases.map(({ files }, index) => ({ index, file: files[0] })))("case $index", ({ file }) => {
    if (file === undefined) throw new Error("a case has a source");
    for (const diagnostic of parseFile(file).diagnostics) {
      if (diagnostic.fix === undefined || diagnostic.fix.edits.length === 0) continue;
      const fixed = createSourceFile(file.path, applyEdits(file.text, diagnostic.fix.edits));
      const same = parseFile(fixed).diagnostics.filter(({ code, message, labels }) =>
        code === diagnostic.code && message === diagnostic.message && labels[0]?.span.start === diagnostic.labels[0]?.span.start);
      expect(same).toEqual([]);
    }
  });
});
