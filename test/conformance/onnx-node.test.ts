/**
 * Shape inference against the recorded outputs of the ONNX backend suite. What the models declare of their outputs is not
 * looked at. Dimensions that only data decides are excepted by name; which cases have any, and from which operators, is a
 * golden file. Cases that fail are listed with a reason in `onnx-node-exceptions.json`; one that passes must leave it.
 */
import { readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { expect, test } from "vitest";
import { expectGolden } from "../support/golden-text.ts";
import { runCase } from "../support/onnx-suite.ts";
import type { CaseResult } from "../support/onnx-suite.ts";
import { describeWithShared, sharedFolders, sharedPath } from "../support/shared.ts";

const suite = "conformance/onnx-node";
const here = (name: string): string => fileURLToPath(new URL(name, import.meta.url));
const exceptions: Readonly<Record<string, string>> = JSON.parse(readFileSync(here("onnx-node-exceptions.json"), "utf8"));

function runSuite(withValues: boolean): ReadonlyMap<string, CaseResult> {
  return new Map(sharedFolders(suite).map((name) => [name, runCase(sharedPath(suite, name), withValues)]));
}

function failures(results: ReadonlyMap<string, CaseResult>): readonly string[] {
  return [...results].filter(([, { problems }]) => problems.length > 0).map(([name, { problems }]) => `${name}: ${problems.join("; ")}`);
}

describeWithShared("ONNX backend suite", suite, () => {
  test("inferred types are those recorded", () => {
    const results = runSuite(false);
    const failed = failures(results).filter((line) => exceptions[line.split(":")[0]] === undefined);
    const passed = [...results].filter(([, { problems }]) => problems.length === 0).map(([name]) => name);
    const withFresh = [...results.values()].filter(({ dataDependent }) => dataDependent.length > 0).length;
    console.log(`onnx-node: ${passed.length} of ${results.size} cases as recorded, ${withFresh} of them with dimensions that data decides`);
    expect(failed).toEqual([]);
    expect(passed.filter((name) => exceptions[name] !== undefined), "exceptions that pass").toEqual([]);
    expect(Object.keys(exceptions).filter((name) => !results.has(name)), "exceptions of no case").toEqual([]);
    expect(passed.length / results.size).toBeGreaterThanOrEqual(0.99);
    const lines = [...results].filter(([, { dataDependent }]) => dataDependent.length > 0).map(([name, { dataDependent }]) => `${name}: ${dataDependent.join(", ")}`);
    expectGolden(here("onnx-node-data-dependent.txt"), `${lines.join("\n")}\n`);
  });

  // Most of those dimensions come from inputs such as axes or sizes: given their recorded values, few are left.
  test("little is left for data to decide once the inputs' values are known", () => {
    const results = runSuite(true);
    expect(failures(results)).toEqual([]);
    const left = new Set([...results.values()].flatMap(({ dataDependent }) => dataDependent));
    expect([...left].sort()).toEqual(["Loop", "NonMaxSuppression", "NonZero", "Slice", "StringNormalizer", "StringSplit", "Unique"]);
    const cases = [...results.values()].filter(({ dataDependent }) => dataDependent.length > 0).length;
    console.log(`onnx-node with input values: ${cases} of ${results.size} cases with dimensions that data decides`);
    expect(cases).toBeLessThanOrEqual(results.size / 50);
  });
});
