/** A few trials of `bench/kill-trials.ts`: killed at random moments, resumed until done. */
import { expect, test } from "vitest";
import { runReference, runTrial, writeTrialProgram } from "../support/kill-trial.ts";
import { makeWorkplace, pipec } from "../support/workplace.ts";

test("what is killed and resumed until it is done writes what an uninterrupted run writes", async () => {
  const folder = makeWorkplace();
  writeTrialProgram(folder);
  expect(await pipec(folder, "build")).toMatchObject({ code: 0, stderr: "" });
  const reference = await runReference(folder);
  expect([...reference.files.keys()].filter((name) => !name.startsWith("open/kind="))).toEqual(expect.arrayContaining(["dead/_SUCCESS", "few/_SUCCESS", "fresh/_SUCCESS", "open/_SUCCESS", "scored.jsonl"]));
  for (const seed of [11, 12]) expect(await runTrial(folder, seed, reference)).toMatchObject({ violations: [] });
});
