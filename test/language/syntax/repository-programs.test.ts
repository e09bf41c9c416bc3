/** Every program of the repository survives the formatter: same tree, same comments, and nothing to do the second time. */
import { execFileSync } from "node:child_process";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { describe, expect, test } from "vitest";
import { createSourceFile } from "../../../language/source/source-file.ts";
import { formatFile } from "../../../language/syntax/format.ts";
import { parseFile } from "../../../language/syntax/parse.ts";
import { withoutSpans } from "../../support/syntax.ts";

const root = fileURLToPath(new URL("../../..", import.meta.url));
const paths = execFileSync("git", ["ls-files", "-co", "--exclude-standard", "*.pipe"], { cwd: root, encoding: "utf8" }).split("\n").filter((path) => path !== "");

test("there are programs to format", () => {
  expect(paths.length).toBeGreaterThanOrEqual(3);
});

describe.each(paths)("%s", (path) => {
  const text = readFileSync(join(root, path), "utf8");

  test("keeps its tree and its comments, and a second time changes nothing", () => {
    const once = formatFile(createSourceFile(path, text));
    expect(once.diagnostics).toEqual([]);
    const tree = (source: string) => withoutSpans(parseFile(createSourceFile(path, source)).ast);
    expect(tree(once.text)).toEqual(tree(text));
    expect(commentsOf(once.text)).toEqual(commentsOf(text));
    expect(formatFile(createSourceFile(path, once.text)).text).toBe(once.text);
  });

  test("is laid out as the formatter does", () => {
    expect(formatFile(createSourceFile(path, text)).text).toBe(text);
  });
});

function commentsOf(text: string): readonly string[] {
  return [...text.matchAll(/(?<!["\w:])\/\/.*$/gm)].map((match) => match[0].trim()).sort();
}
