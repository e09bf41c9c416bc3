/** The page of each diagnostic code: it exists, is titled as the catalogue says, and its cases give what it shows. */
import { execFileSync } from "node:child_process";
import { existsSync, readFileSync, readdirSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { describe, expect, test } from "vitest";
import * as areas from "../../language/diagnostics/codes/index.ts";
import { allCodes } from "../../language/diagnostics/catalogue.ts";
import { renderDiagnostics, sourcesOf } from "../../language/diagnostics/render.ts";
import { checkLiterate, literateCases } from "../support/literate.ts";
import { diagnose } from "./front-end.ts";

const folder = fileURLToPath(new URL("../../language/diagnostics/pages/", import.meta.url));
const root = fileURLToPath(new URL("../../", import.meta.url));
const pages = readdirSync(folder).sort();
const codes = allCodes();

/** Areas whose problems show in a source text alone; the others are tested where they arise. */
const frontEndAreas = /^P0[1-7]|^P09/;

test("every code is told apart and well-formed", () => {
  for (const { code, title } of codes) {
    expect(code).toMatch(/^P\d{4}$/);
    expect(title).toMatch(/^\S.*[^.\s]$/);
  }
  expect(new Set(codes.map(({ code }) => code)).size).toBe(codes.length);
});

test("every page explains a code of the catalogue", () => {
  const known = new Set(codes.map(({ code }) => `${code}.md`));
  expect(pages.filter((page) => !known.has(page))).toEqual([]);
});

describe.each(codes)("$code: $title", ({ code, title }) => {
  const path = `${folder}${code}.md`;

  test("has a page with its title", () => {
    expect(readFileSync(path, "utf8").split("\n")[0]).toBe(`# ${code}: ${title}`);
  });

  test("gives what its page shows", () => {
    checkLiterate(path, (found, language) =>
      language === "error" ? renderDiagnostics(diagnose(found.files), sourcesOf(...found.files)) : undefined,
    );
  });
});

describe.each(codes.filter(({ code }) => frontEndAreas.test(code)))("$code", ({ code }) => {
  test("is given by every case of its page", () => {
    const cases = literateCases(readFileSync(`${folder}${code}.md`, "utf8"));
    expect(cases.length).toBeGreaterThan(0);
    for (const found of cases) expect(diagnose(found.files).map((diagnostic) => diagnostic.code)).toContain(code);
  });
});

test("every other code is asked for by a test of the pass that gives it", () => {
  const tests = execFileSync("git", ["ls-files", "-co", "--exclude-standard", "test"], { cwd: root, encoding: "utf8" })
    .split("\n")
    .filter((file) => file !== "" && file !== "test/diagnostics/pages.test.ts" && existsSync(`${root}${file}`))
    .map((file) => readFileSync(`${root}${file}`, "utf8"));
  const elsewhere = Object.values(areas).flatMap((area) => Object.entries(area)).filter(([, { code }]) => !frontEndAreas.test(code));
  const untested = elsewhere.filter(([name, { code }]) => !tests.some((text) => text.includes(code) || text.includes(`Codes.${name}`)));
  expect(untested.map(([name, { code }]) => `${code} ${name}`)).toEqual([]);
});
