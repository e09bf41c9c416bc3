/** What every pass makes of the samples: one file for each sample and pass, source and result together. */
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { describe, expect, test } from "vitest";
import { passNames, printAfter } from "../../../compiler/pipeline.ts";
import { renderDiagnostics } from "../../../language/diagnostics/render.ts";
import { compileSample, sampleFolder, sampleNames } from "../../support/compile-sample.ts";
import { expectGolden } from "../../support/golden-text.ts";

const here = fileURLToPath(new URL(".", import.meta.url));

describe.each(sampleNames)("%s", (name) => {
  const compilation = compileSample(name, "emit");
  const source = readFileSync(join(sampleFolder(name), `${name}.pipe`), "utf8");

  test("has no problems", () => {
    expect(renderDiagnostics(compilation.diagnostics, compilation.sources)).toBe("");
  });

  test.each(passNames)("after %s", (pass) => {
    const dump = printAfter(compilation, pass) ?? "";
    expectGolden(join(here, `${name}.${pass}.md`), `# ${name}, after ${pass}\n\n\`\`\`pipe\n${source}\`\`\`\n\n\`\`\`\n${dump}\`\`\`\n`);
  });

  test("is the same every time", () => {
    const again = compileSample(name, "emit");
    expect(again.emitted).toEqual(compilation.emitted);
    expect(again.plan).toEqual(compilation.plan);
  });
});
