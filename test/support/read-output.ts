/** Rows of a program's output folder: parquet and jsonl files in order of name, hidden files left out. */
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { parquetReadObjects } from "hyparquet";
import { compressors } from "hyparquet-compressors";
import { readTree } from "./workplace.ts";

export async function readRows(folder: string): Promise<readonly Readonly<Record<string, unknown>>[]> {
  const rows: Record<string, unknown>[] = [];
  for (const [name, bytes] of readTree(folder)) {
    if (name.split("/").some((part) => /^[._]/.test(part))) continue;
    if (name.endsWith(".parquet")) rows.push(...(await parquetReadObjects({ file: Uint8Array.from(bytes).buffer, compressors })));
    else if (name.endsWith(".jsonl")) rows.push(...bytes.toString("utf8").split("\n").filter((line) => line !== "").map((line) => JSON.parse(line) as Record<string, unknown>));
  }
  return rows;
}

/** One JSON object a line. */
export function readLines(file: string, ...folder: readonly string[]): readonly Readonly<Record<string, unknown>>[] {
  return readFileSync(join(...folder, file), "utf8").split("\n").filter((line) => line !== "").map((line) => JSON.parse(line) as Record<string, unknown>);
}
