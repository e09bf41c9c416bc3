/** What the plan promises, beside what a run measures. */
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { makeWorkplace, node, pipec } from "../support/workplace.ts";

const program = `edition 1

record Note { id: int, text: string }

pipeline notes {
  let rows = read jsonl("notes.jsonl") as Note
  write rows |> { .id, .text, twice: .id * 2 } to jsonl("made")
}
`;

test("a program built for hardware shows predicted against measured", async () => {
  const lines = Array.from({ length: 500 }, (_, id) => `${JSON.stringify({ id, text: "a note" })}\n`).join("");
  const folder = makeWorkplace({ "main.pipe": program, "notes.jsonl": lines });
  expect(await pipec(folder, "build", "--hw", "aws.m5_large")).toMatchObject({ code: 0, stderr: "" });
  const { code, stdout, stderr } = await node(folder, "out.js", "--json", "--report", "report.html");
  expect([code, stderr]).toEqual([0, ""]);
  const summary = JSON.parse(stdout.trim().split("\n").at(-1) ?? "") as { readonly predicted?: { readonly rowsPerSecond: number; readonly machine: string } };
  expect(summary.predicted).toMatchObject({ machine: "m5.large", rowsPerSecond: expect.any(Number) });
  const report = readFileSync(join(folder, "report.html"), "utf8");
  expect(report).toMatch(/<td>the whole run, start to end<\/td><td class="number">[\d,.]+ rows\/s<\/td><td class="number">[\d,.]+ rows\/s<\/td><td class="number">\d+ %<\/td>/);
  expect(report.match(/<td class="number">\d+ %<\/td>/g)?.length).toBeGreaterThan(2);
  expect((await node(folder, "out.js")).stderr).toMatch(/ {2}predicted {2}[\d,]+ rows\/s on m5.large, limited by .+; this run did \d+ % of that/);
});
