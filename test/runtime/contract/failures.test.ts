import { execFileSync } from "node:child_process";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { expect, test } from "vitest";
import { failureCatalogue, isFailureCode, isUsageFailure } from "../../../runtime/contract/failures.ts";

const root = fileURLToPath(new URL("../../../", import.meta.url));

test("every code that the engine and the kernels give has its words", () => {
  const files = execFileSync("git", ["ls-files", "runtime/*.ts", "stdlib/*.ts"], { cwd: root, encoding: "utf8" }).split("\n").filter((path) => path !== "" && !path.endsWith(".test.ts"));
  const used = files.flatMap((path) => [...readFileSync(join(root, path), "utf8").matchAll(/"(R0\d+)"/g)].map(([, code]) => ({ path, code })));
  expect(used.length).toBeGreaterThan(20);
  expect(used.filter(({ code }) => !isFailureCode(code))).toEqual([]);
});

test("titles are short, pages are whole sentences, codes ascend", () => {
  const entries = Object.entries(failureCatalogue);
  expect(entries.filter(([, { title, page }]) => title.length > 60 || /[.!]$/.test(title) || !page.endsWith("."))).toEqual([]);
  expect(entries.map(([code]) => code)).toEqual(entries.map(([code]) => code).toSorted());
});

test("only faults of the command line are faults of usage", () => {
  expect(Object.keys(failureCatalogue).filter(isUsageFailure)).toEqual(["R0101", "R0102", "R0103", "R0104", "R0105"]);
});
