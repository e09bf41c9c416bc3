/** Golden files that hold plain text. */
import { existsSync, readFileSync, writeFileSync } from "node:fs";
import { expect } from "vitest";
import { updateGoldens, updateHint } from "./literate.ts";

/** Holds `text` to the file at `path`; with UPDATE_GOLDENS=1 the file is written instead. */
export function expectGolden(path: string, text: string): void {
  if (updateGoldens) {
    writeFileSync(path, text);
    return;
  }
  expect(text, `${path}: ${updateHint}`).toBe(existsSync(path) ? readFileSync(path, "utf8") : "");
}
