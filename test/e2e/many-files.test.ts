/** Inputs of more files than a process may have open at once. */
import { execFile } from "node:child_process";
import { linkSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { promisify } from "node:util";
import { parquetWriteBuffer } from "hyparquet-writer";
import { expect, test } from "vitest";
import { makeWorkplace, pipec } from "../support/workplace.ts";

const program = (format: string): string => `edition 1

record Item { id: i64, text: string }

pipeline items {
  let made = read ${format}("data") as Item |> { .id, text: lower(.text) }
  write made to jsonl("out.jsonl")
}
`;

const files: readonly (readonly [format: string, bytes: string | Uint8Array])[] = [
  ["csv", "id,text\n1,ONE\n2,TWO\n"],
  ["jsonl", '{"id":1,"text":"ONE"}\n{"id":2,"text":"TWO"}\n'],
  ["parquet", new Uint8Array(parquetWriteBuffer({ columnData: [{ name: "id", data: [1n, 2n], type: "INT64" }, { name: "text", data: ["ONE", "TWO"], type: "STRING" }] }))],
];

const FILES = 600;
/** Enough for the program and its threads. */
const OPEN_MAX = 200;

test.skipIf(process.platform === "win32").each(files)("%s: each is read (Windows has no such limit)", async (format, bytes) => {
  const folder = makeWorkplace({ "main.pipe": program(format), [`data/0.${format}`]: bytes });
  for (let index = 1; index < FILES; index++) linkSync(join(folder, "data", `0.${format}`), join(folder, "data", `${index}.${format}`));
  expect(await pipec(folder, "build")).toMatchObject({ code: 0 });
  await promisify(execFile)("sh", ["-c", `ulimit -n ${OPEN_MAX} && exec "$0" out.js --quiet`, process.execPath], { cwd: folder });
  const lines = readFileSync(join(folder, "out.jsonl"), "utf8").trim().split("\n");
  expect(lines.length).toBe(FILES * 2);
  expect(new Set(lines)).toEqual(new Set(['{"id":1,"text":"one"}', '{"id":2,"text":"two"}']));
});
