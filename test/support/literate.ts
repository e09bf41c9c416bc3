/**
 * Literate cases: a Markdown file in which blocks of source are followed by blocks of what they must give. Reviewers
 * see source and result together; `UPDATE_GOLDENS=1` writes the results anew.
 */
import { readFileSync, writeFileSync } from "node:fs";
import { expect } from "vitest";
import { createSourceFile } from "../../language/source/source-file.ts";
import type { SourceFile } from "../../language/source/source-file.ts";

export interface FencedBlock {
  readonly language: string;
  /** The `name=` after the language. */
  readonly name: string | undefined;
  readonly body: string;
  /** Where the body lies in the file. */
  readonly start: number;
  readonly end: number;
}

/** Sources and the results that follow them. */
export interface LiterateCase {
  readonly files: readonly SourceFile[];
  readonly results: readonly FencedBlock[];
}

/** The fenced blocks of a Markdown text, in order. */
export function fencedBlocks(text: string): FencedBlock[] {
  const blocks: FencedBlock[] = [];
  for (const match of text.matchAll(/^```(\w+)(?: name=(\S+))?\n([^]*?)^```$/gm)) {
    const [whole, language = "", name, body = ""] = match;
    const end = match.index + whole.length - 3;
    blocks.push({ language, name, body, start: end - body.length, end });
  }
  return blocks;
}

/** The cases of a text: `pipe` blocks (the first is `main.pipe` unless named) up to the results after them. */
export function literateCases(text: string): LiterateCase[] {
  const cases: { files: SourceFile[]; results: FencedBlock[] }[] = [];
  for (const block of fencedBlocks(text)) {
    let current = cases.at(-1);
    if (block.language === "pipe") {
      if (current === undefined || current.results.length > 0) cases.push((current = { files: [], results: [] }));
      current.files.push(createSourceFile(block.name ?? "main.pipe", block.body));
    } else current?.results.push(block);
  }
  return cases;
}

export const updateGoldens = process.env["UPDATE_GOLDENS"] === "1";
export const updateHint = "run the test with UPDATE_GOLDENS=1 to write the results anew, then review the difference";

/** Checks each result block of a file against `run(case, language)`; undefined means the block is no result. */
export function checkLiterate(path: string, run: (found: LiterateCase, language: string) => string | undefined): void {
  const text = readFileSync(path, "utf8");
  let updated = text;
  for (const found of literateCases(text).reverse()) {
    for (const block of found.results.toReversed()) {
      const result = run(found, block.language);
      if (result !== undefined) updated = `${updated.slice(0, block.start)}${result}${updated.slice(block.end)}`;
    }
  }
  if (updateGoldens) {
    if (updated !== text) writeFileSync(path, updated);
  } else expect(updated, updateHint).toBe(text);
}
