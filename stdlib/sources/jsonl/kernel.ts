/**
 * JSON objects, one a line. An empty line is skipped; a line that is not an object, or whose fields do not fit,
 * is a bad row named by its line. Fields that the program does not ask for are ignored.
 */
import type { Column } from "../../../runtime/contract/column.ts";
import type { OpenSource, SourceItem, SourceKernel } from "../../../runtime/contract/kernel.ts";
import { listTables } from "../../support/list-input.ts";
import { toRow } from "../../support/plain-value.ts";
import { LINE_LENGTH_MAX, readLines } from "../../support/read-lines.ts";

export const jsonl: SourceKernel = {
  open: async (args, columns) => {
    const splits = await listTables(String(args.path), [".jsonl", ".ndjson", ".gz"]);
    let bytesRead = 0;
    const source: OpenSource = {
      splits,
      read: (split, firstRow) => readRows(splits[split].file, firstRow, columns, (bytes) => (bytesRead = bytes)),
      bytesRead: () => bytesRead,
      close: async () => {},
    };
    return source;
  },
};

async function* readRows(file: string, firstRow: number, columns: readonly Column[], onRead: (bytes: number) => void): AsyncGenerator<readonly SourceItem[]> {
  let line = 0;
  let row = 0;
  for await (const lines of readLines(file, onRead)) {
    const items: SourceItem[] = [];
    for (const text of lines) {
      line++;
      if (text?.trim() === "" || row++ < firstRow) continue;
      const place = `line ${line}`;
      items.push(text === undefined ? { kind: "bad", reason: `the line has more than ${LINE_LENGTH_MAX} characters`, place } : readRow(text, place, columns));
    }
    if (items.length > 0) yield items;
  }
}

function readRow(text: string, place: string, columns: readonly Column[]): SourceItem {
  try {
    const parsed: unknown = JSON.parse(text);
    if (typeof parsed !== "object" || parsed === null || Array.isArray(parsed)) return { kind: "bad", reason: "the line is not a JSON object", place };
    return { kind: "row", row: toRow(Object.fromEntries(Object.entries(parsed)), columns, "json"), place };
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    return { kind: "bad", reason: error instanceof SyntaxError ? `the line is not JSON: ${reason}` : reason, place };
  }
}
