/** How large chunks can be: columns that come from the source as they are, and those that are made. */
import { describe, expect, test } from "vitest";
import { lowerProgram } from "../../../compiler/plan/lower.ts";
import { chunkBudgetOf, chunkBytesOf } from "../../../compiler/plan/chunk-bytes.ts";
import { factsOf } from "../../../compiler/plan/plan-program.ts";
import { checkText } from "../../support/stand-ins.ts";

const MIB = 2 ** 20;
/** Row ids and the like, 64 bytes for each of 32 rows. */
const EXTRA = 32 * 64;

/** Bytes after the step that is written, of chunks of 32 rows; undefined as the budget where rows cannot pass it. */
function bytesAfter(body: string, settings = "row_max: 8 MiB, text_max: 1 MiB", record = "id: int, blob: bytes, note: string") {
  const { program, all } = checkText(`edition 1\nrecord Row { ${record} }\npipeline p {\n  with { ${settings} }\n  let rows = read jsonl("rows") as Row\n  let out = rows${body}\n  write out to jsonl("o")\n}\n`, {});
  if (program === undefined) throw new Error(all.map((diagnostic) => diagnostic.message).join("\n"));
  const lowered = lowerProgram(program);
  const [pipeline] = lowered.pipelines;
  if (pipeline === undefined) throw new Error("no pipeline");
  const facts = factsOf(lowered, pipeline);
  const chunkBytes = chunkBudgetOf(pipeline, 32, facts);
  return { budget: chunkBytes, bytes: chunkBytesOf({ pipeline, stages: [], chunkRows: 32, chunkBytes, facts }).ofChunk(pipeline.writes[0]?.step ?? -1) };
}

describe("a chunk", () => {
  test("of what the source gives takes the budget at most, whatever steps hand it on", () => {
    for (const body of ["", " |> filter(.id > 1)", " |> { .id, .blob, .note }", " |> { .id, content: .blob } |> limit(5)"]) expect(bytesAfter(body)).toEqual({ budget: 16 * MIB, bytes: 16 * MIB + EXTRA });
  });

  test("has a budget that one row fits always", () => expect(bytesAfter("", "text_max: 1 MiB, row_max: 40 MiB").budget).toBe(41 * MIB + 8));

  test("with the same column twice takes twice as much", () => expect(bytesAfter(" |> { .id, .blob, again: .blob }").bytes).toBe(32 * MIB + EXTRA));

  test("of what steps make takes as much as its rows may", () => expect(bytesAfter(' |> { .blob, text: .note ?? "" }', undefined, "blob: bytes, note: string?").bytes).toBe((16 + 32) * MIB + EXTRA));

  test("has no budget where its rows cannot pass one", () => expect(bytesAfter("", undefined, "id: int, x: tensor<f32>[64]").budget).toBeUndefined());
});
