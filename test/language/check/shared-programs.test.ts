/**
 * The eight shared programs: with stand-ins for their model files they check clean, save for operators that the
 * standard library does not have, which are complained of by name; without the files, only those are missed.
 */
import { readFileSync } from "node:fs";
import { expect, test } from "vitest";
import { createSourceFile } from "../../../language/source/source-file.ts";
import { describeWithShared, sharedPath } from "../../support/shared.ts";
import { sharedProgramModels } from "../../support/shared-program-models.ts";
import { checkFiles } from "../../support/stand-ins.ts";
import { sharedPrograms } from "../../support/syntax.ts";

/** Operators of the programs that pipec does not have; take one out when it is written. */
const missing: Readonly<Record<string, readonly string[]>> = { "5-audio.pipe": ["decode_audio", "resample", "frames", "log_mel"] };

describeWithShared("the shared programs", "programs", () => {
  test.each(sharedPrograms().map(({ name }) => name))("%s", (name) => {
    const main = createSourceFile(name, readFileSync(sharedPath("programs", name), "utf8"));
    const found = checkFiles([main, ...Object.entries(sharedProgramModels).map(([path, ports]) => createSourceFile(path, ports))]).all;
    const operators = missing[name] ?? [];
    expect(found.map(({ code, message }) => `${code} ${message}`)).toEqual(operators.map((operator) => `P0202 pipec has no operator \`${operator}\``));
    const without = checkFiles([main]).all.filter(({ code }) => code !== "P0501");
    expect(without.map(({ message }) => message)).toEqual(found.map(({ message }) => message));
  });
});
