/** The shared programs, with stand-ins for their models, go through every pass, and `tsc` accepts what comes out. */
import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { emitProgram } from "../../../compiler/emit/emit-program.ts";
import { loadCatalog } from "../../../compiler/models/load-catalog.ts";
import { pathNames } from "../../../compiler/pipeline.ts";
import { lowerProgram } from "../../../compiler/plan/lower.ts";
import { planProgram } from "../../../compiler/plan/plan-program.ts";
import { verifyPlan } from "../../../compiler/plan/verify-plan.ts";
import { createSourceFile } from "../../../language/source/source-file.ts";
import { sharedProgramModels } from "../../support/shared-program-models.ts";
import { describeWithShared } from "../../support/shared.ts";
import { checkFiles } from "../../support/stand-ins.ts";
import { sharedPrograms } from "../../support/syntax.ts";
import { typeCheck } from "../../support/type-check.ts";
import { makeWorkplace } from "../../support/workplace.ts";

const catalog = loadCatalog(() => ({ ok: false, code: "missing", reason: "not asked for" }));
const models = Object.entries(sharedProgramModels).map(([path, ports]) => createSourceFile(path, ports));
/** What 7-text.pipe takes from TypeScript. */
const externs = {
  "clean.ts": "export const clean = (text: string): { text: string; lang: string } => ({ text, lang: \"en\" });\n",
  "crops.ts": "import type { Tensor } from \"pipec/runtime\";\nexport const crops = (img: Tensor): readonly Tensor[] => [img];\n",
};

describeWithShared("the shared programs", "programs", () => {
  test("are planned and written out", async () => {
    const folder = makeWorkplace();
    let emittedPrograms = 0;
    for (const { name, text } of sharedPrograms()) {
      const checked = checkFiles([createSourceFile(name, text), ...models]).program;
      // Programs with operators that pipec does not have stop at the checker (its own test names them).
      if (checked === undefined) continue;
      const lowered = lowerProgram(checked);
      const plan = planProgram(lowered);
      verifyPlan(plan, lowered);
      const emitted = emitProgram(lowered, plan, { catalog, paths: pathNames({ file: name, toMain: "", toCwd: "" }) });
      mkdirSync(join(folder, name, "out"), { recursive: true });
      writeFileSync(join(folder, name, "out", "program.ts"), emitted.text);
      for (const [module, source] of Object.entries(externs)) writeFileSync(join(folder, name, module), source);
      emittedPrograms++;
    }
    expect(emittedPrograms).toBeGreaterThanOrEqual(7);
    expect(await typeCheck(folder)).toBe("");
  });
});
