/** Helpers for tests of the syntax: trees without their places, programs to try things on. */
import { existsSync, readFileSync, readdirSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { literateCases } from "./literate.ts";
import { sharedPath } from "./shared.ts";

/** A tree as plain data without spans, for comparing the trees of two texts. */
export function withoutSpans(node: unknown): unknown {
  return JSON.parse(JSON.stringify(node, (key, value: unknown) => (key === "span" ? undefined : value)));
}

export interface Program {
  readonly name: string;
  readonly text: string;
}

/** The shared programs; none where the shared folder is absent. */
export function sharedPrograms(): Program[] {
  const folder = sharedPath("programs");
  if (!existsSync(folder)) return [];
  return readdirSync(folder).filter((name) => name.endsWith(".pipe")).sort()
    .map((name) => ({ name, text: readFileSync(`${folder}/${name}`, "utf8") }));
}

/** The first source of every literate case in a folder of the repository, relative to its root. */
export function literatePrograms(folder: string): Program[] {
  const path = fileURLToPath(new URL(`../../${folder}/`, import.meta.url));
  return readdirSync(path).filter((name) => name.endsWith(".md")).sort().flatMap((name) =>
    literateCases(readFileSync(`${path}${name}`, "utf8")).map((found, index) => ({
      name: `${name} ${index + 1}`,
      text: found.files[0]?.text ?? "",
    })),
  );
}
