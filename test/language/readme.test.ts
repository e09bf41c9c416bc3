import { readFileSync } from "node:fs";
import { expect, test } from "vitest";
import { formatFile } from "../../language/syntax/format.ts";
import { createSourceFile } from "../../language/source/source-file.ts";
import { diagnose } from "../diagnostics/front-end.ts";

const guide = readFileSync(new URL("../../language/README.md", import.meta.url), "utf8");
const programs = [...guide.matchAll(/^```pipe\n([^]*?)^```/gm)].map((match) => match[1]);

test("the guide's program is right: its only complaint is the model that is not there, and it is laid out as the formatter does", () => {
  expect(programs).toHaveLength(1);
  for (const text of programs) {
    const file = createSourceFile("guide.pipe", text);
    expect(diagnose([file]).map((diagnostic) => diagnostic.code)).toEqual(["P0501"]);
    expect(formatFile(file)).toEqual({ text, diagnostics: [] });
  }
});
