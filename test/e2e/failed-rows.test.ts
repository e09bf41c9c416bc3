/**
 * Runs that end because of rows that failed, and go on when what made them fail is over (a service that was down): what
 * was committed before has none of the rows from there on, and nothing is lost.
 */
import { existsSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { makeWorkplace, node, pipec, readTree } from "../support/workplace.ts";

const programOf = (errors: string, every: number): string => `edition 1

param output: uri = "res"

record Item { id: int }

extern fn ask(id: int) -> int from "./ask.ts"

pipeline asked {
  with { ${errors}checkpoint: { at: "state", every: ${every} } }

  let items = read jsonl("items.jsonl") as Item

  let made = items |> { .id, answer: ask(.id) }

  write made to jsonl("{output}/made")
  write made |> filter(.id > 5) to jsonl("{output}/later")
  write items to jsonl("{output}/one.jsonl")
}
`;

/** Fails while a file is there, for the numbers from which it says to which. */
const ask = `import { existsSync, readFileSync } from "node:fs";

export function ask(id: bigint): bigint {
  const [first, last] = existsSync("down") ? readFileSync("down", "utf8").split(" ").map(Number) : [1, 0];
  if (id >= first && id <= last) throw new Error("the service is down");
  return id * 2n;
}
`;

async function makeItems(rows: number, errors: string, every: number): Promise<string> {
  const items = Array.from({ length: rows }, (_, id) => `${JSON.stringify({ id })}\n`).join("");
  const folder = makeWorkplace({ "main.pipe": programOf(errors, every), "ask.ts": ask, "items.jsonl": items });
  expect(await pipec(folder, "build")).toEqual({ code: 0, stderr: "", stdout: expect.any(String) });
  return folder;
}

const outputOf = (folder: string): readonly (readonly [string, string])[] =>
  [...readTree(join(folder, "res"))].filter(([name]) => !name.startsWith(".")).map(([name, bytes]) => [name, bytes.toString()]);

async function expectNothingLost(folder: string, down: readonly [first: number, last: number], code: string): Promise<void> {
  expect((await node(folder, "out.js", "--quiet")).code).toBe(0);
  const whole = outputOf(folder);
  rmSync(join(folder, "res"), { recursive: true });
  rmSync(join(folder, "state"), { recursive: true });
  writeFileSync(join(folder, "down"), down.join(" "));
  for (const _again of [1, 2]) {
    const stopped = await node(folder, "out.js", "--quiet");
    expect([stopped.code, stopped.stderr]).toEqual([5, expect.stringContaining(code)]);
    const made = join(folder, "res", "made");
    const committed = existsSync(made) ? readdirSync(made).map((name) => readFileSync(join(made, name), "utf8")).join("").split("\n").length - 1 : 0;
    expect(committed).toBeLessThanOrEqual(down[1]);
  }
  rmSync(join(folder, "down"));
  expect((await node(folder, "out.js", "--quiet")).code).toBe(0);
  expect(outputOf(folder)).toEqual(whole);
}

test.each([[1, 2], [4, 250], [60, 230]])("in groups of %i rows, the run ends at row %i", async (every, id) => {
  await expectNothingLost(await makeItems(300, "", every), [id, id], "R0160");
});

test("over the error budget, which later rows would fall below again", async () => {
  const folder = await makeItems(1600, 'errors: dead_letter("{output}/dead", max: 1%), ', 32);
  await expectNothingLost(folder, [1001, 1013], "R0161");
});
