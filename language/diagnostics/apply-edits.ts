/** Carrying out a fix on the text of a file. */
import type { Edit } from "./diagnostic.ts";

/** The text after edits, which must all be of its file and must not overlap. */
export function applyEdits(text: string, edits: readonly Edit[]): string {
  let result = text;
  for (const { span, replacement } of edits.toSorted((a, b) => b.span.start - a.span.start)) {
    result = `${result.slice(0, span.start)}${replacement}${result.slice(span.end)}`;
  }
  return result;
}
