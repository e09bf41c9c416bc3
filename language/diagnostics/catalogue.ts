/** The one catalogue of diagnostic codes, gathered from the areas in `codes/`. */
import * as areas from "./codes/index.ts";
import type { Severity } from "./diagnostic.ts";

export interface CatalogueEntry {
  readonly code: string;
  readonly severity: Severity;
  readonly title: string;
}

/** Every code, ordered by number. */
export function allCodes(): readonly CatalogueEntry[] {
  const entries = Object.values(areas).flatMap((area): readonly CatalogueEntry[] => Object.values(area));
  return entries.sort((a, b) => (a.code < b.code ? -1 : a.code > b.code ? 1 : 0));
}
