/** Goldens of the checker: a program, and under it the typed dump of what was checked. */
import { readdirSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { expect, test } from "vitest";
import { printCheckedProgram } from "../../../language/check/print-checked-program.ts";
import { renderDiagnostics, sourcesOf } from "../../../language/diagnostics/render.ts";
import { checkLiterate } from "../../support/literate.ts";
import { checkFiles } from "../../support/stand-ins.ts";

const folder = fileURLToPath(new URL(".", import.meta.url));

test.each(readdirSync(folder).filter((name) => name.endsWith(".md")))("%s", (name) => {
  checkLiterate(`${folder}${name}`, (found, language) => {
    if (language !== "checked") return undefined;
    const { program, all } = checkFiles(found.files);
    expect(renderDiagnostics(all, sourcesOf(...found.files))).toBe("");
    return program === undefined ? undefined : printCheckedProgram(program);
  });
});
