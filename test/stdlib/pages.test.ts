/** The pages of the standard library are true to the descriptors: every parameter is explained, every default is stated. */
import { readFileSync } from "node:fs";
import { expect, test } from "vitest";
import { printConstant } from "../../language/check/print-type.ts";
import { parseSignature } from "../../language/syntax/parse.ts";
import type { ConstantValue } from "../../language/catalog/constant-value.ts";
import { operators, sinks, sources } from "../../stdlib/registry.ts";

interface Entry {
  readonly page: string;
  readonly signatures: readonly string[];
  readonly defaults: Readonly<Record<string, ConstantValue>>;
}

const entries: readonly Entry[] = [
  // What the steps over streams take is syntax of their own, not named parameters.
  ...operators.filter((one) => one.kind === "operator").map((one) => ({ page: `ops/${one.name}`, signatures: one.signatures, defaults: one.defaults ?? {} })),
  ...sources.map((one) => ({ page: `sources/${one.name}`, signatures: [one.signature], defaults: one.defaults ?? {} })),
  ...sinks.map((one) => ({ page: `sinks/${one.name}`, signatures: [one.signature], defaults: one.defaults ?? {} })),
];

test.each(entries)("$page", ({ page, signatures, defaults }) => {
  const text = readFileSync(new URL(`../../stdlib/${page}/page.md`, import.meta.url), "utf8");
  const names = signatures.flatMap((signature) => {
    const parsed = parseSignature(signature.slice(signature.indexOf("(")));
    // The first is what the operator works on, or where: it stands in every example without its name.
    return parsed.signature.params.slice(1).map((param) => param.key.name);
  });
  expect(names.filter((name) => !new RegExp(`\`${name}\\b|\\b${name}:`).test(text)), "parameters the page leaves out").toEqual([]);
  const stated = Object.entries(defaults).filter(([, value]) => value.kind !== "null").map(([name, value]) => `\`${name}: ${printConstant(value)}\``);
  const line = stated.length === 0 ? undefined : `Defaults: ${stated.join(", ")}.`;
  expect(/^Defaults: .*$/m.exec(text)?.[0], "what the page says of defaults").toBe(line);
});
