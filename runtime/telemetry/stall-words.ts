/** A worker that does not get on, in the words that all views of a run use. */
import { formatDuration } from "./format.ts";
import type { RunEvent } from "./run-event.ts";

/** "`pixels` (ocr.pipe:12) stands on row 12 of data/a.jsonl, for 60.0 s" */
export function describeStall({ step, at, what, stillMs, isOver }: Omit<Extract<RunEvent, { readonly kind: "stall" }>, "atMs">): string {
  const who = `\`${step}\` (${at.file}:${at.line})`;
  return isOver ? `${who} gets on again, after ${formatDuration(stillMs)}` : `${who} ${what}, for ${formatDuration(stillMs)}`;
}
