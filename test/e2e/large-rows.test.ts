/** Rows so large that chunks end before they have the plan's number of rows. */
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { makeWorkplace, node, pipec } from "../support/workplace.ts";

const program = `edition 1

record Note { id: int, text: string }

pipeline notes {
  let rows = read jsonl("notes.jsonl") as Note
  let marked = rows |> { .id, .text, even: .id / 2 * 2 == .id }
  write marked to jsonl("out/all.jsonl")
  write marked |> filter(.even) |> { .id } to jsonl("out/even.jsonl")
}
`;

/** More than a chunk may take, of rows of very different sizes. */
const lines = Array.from({ length: 60 }, (_, id) => `${JSON.stringify({ id, text: String.fromCharCode(97 + (id % 26)).repeat(id % 3 === 0 ? 20 : 900_000) })}\n`).join("");

test("every row comes out once, in order, compiled and interpreted", async () => {
  const folder = makeWorkplace({ "main.pipe": program, "notes.jsonl": lines });
  expect(await pipec(folder, "build")).toMatchObject({ code: 0, stderr: "" });
  expect(readFileSync(join(folder, "out/plan.txt"), "utf8")).toMatch(/chunks of \d+ rows \(16.0 MiB at most\)/);
  const outputs = async (...words: readonly string[]): Promise<readonly string[]> => {
    expect(await node(folder, "out.js", "--quiet", ...words)).toMatchObject({ code: 0, stderr: "" });
    return ["all", "even"].map((name) => readFileSync(join(folder, `out/${name}.jsonl`), "utf8"));
  };
  const compiled = await outputs();
  expect(compiled[0]?.trim().split("\n").map((line) => (JSON.parse(line) as { readonly id: number }).id)).toEqual(Array.from({ length: 60 }, (_, id) => id));
  expect(await outputs("--interpret")).toEqual(compiled);
});
