/** Fake time stands still until all promises that could go on have gone on, wherever it is run from. */
import { expect, it } from "vitest";
import { createAgenda } from "./agenda.ts";

/** Kept only after several turns of the queue of promises. */
async function afterTurns(turns: number, act: () => void): Promise<void> {
  for (let turn = 0; turn < turns; turn++) await undefined;
  act();
}

function runAgenda(): Promise<readonly string[]> {
  const agenda = createAgenda(0);
  const done: string[] = [];
  void afterTurns(20, () => agenda.at(2, () => {
    done.push("second");
    agenda.stir();
    void afterTurns(20, () => agenda.at(3, () => done.push("third")));
  }));
  agenda.at(1, () => done.push("first"));
  return agenda.run(() => false).then(() => done);
}

it("goes on after promises, run from a promise", async () => {
  await undefined;
  expect(await runAgenda()).toEqual(["first", "second", "third"]);
});

it("goes on after promises, run from a tick, as on a message of another process", async () => {
  const done = await new Promise((resolve) => process.nextTick(() => resolve(runAgenda())));
  expect(done).toEqual(["first", "second", "third"]);
});
