/** Golden cases of the syntax: sources with their tokens, trees, formatted texts and errors. */
import { readdirSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { test } from "vitest";
import { renderDiagnostics, sourcesOf } from "../../../language/diagnostics/render.ts";
import type { SourceFile } from "../../../language/source/source-file.ts";
import { formatFile } from "../../../language/syntax/format.ts";
import { parseFile } from "../../../language/syntax/parse.ts";
import { printAst } from "../../../language/syntax/print-ast.ts";
import { printTokens } from "../../../language/syntax/print-tokens.ts";
import { checkLiterate } from "../../support/literate.ts";

const folder = fileURLToPath(new URL("./", import.meta.url));

test.each(readdirSync(folder).filter((name) => name.endsWith(".md")))("%s", (name) => {
  checkLiterate(`${folder}${name}`, ({ files }, language) => files.map((file) => resultOf(file, language)).join(""));
});

function resultOf(file: SourceFile, language: string): string {
  switch (language) {
    case "ast":
      return printAst(file, parseFile(file).ast);
    case "tokens":
      return printTokens(file);
    case "formatted":
      return formatFile(file).text;
    case "error":
      return renderDiagnostics(parseFile(file).diagnostics, sourcesOf(file));
    default:
      throw new Error(`no result is called ${language}`);
  }
}
