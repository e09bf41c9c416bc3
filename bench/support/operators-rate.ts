/** Rows per second of the picture operators without an engine, on all cores; with `model`, of a plain loop into it. */
import { fork } from "node:child_process";
import { once } from "node:events";
import { availableParallelism } from "node:os";
import { join } from "node:path";
import { engineArguments, engineEnvironment } from "./engine-settings.ts";
import { repository, runTs } from "./fixtures.ts";

/** A process for each core, each with all the pictures: nothing is handed from one to another. */
export async function operatorsRate(folder: string, rows: number, model?: string): Promise<number> {
  const workers = Array.from({ length: availableParallelism() }, () =>
    fork(runTs, [join(repository, "bench", "support", "prepare-worker.ts"), folder, String(rows), ...(model === undefined ? [] : [model])], { env: engineEnvironment(), execArgv: [...engineArguments] }));
  await Promise.all(workers.map((worker) => once(worker, "message")));
  const seconds = await Promise.all(workers.map(async (worker): Promise<number> => {
    const done = once(worker, "message");
    worker.send("go");
    const [wall] = await done;
    return wall;
  }));
  for (const worker of workers) worker.disconnect();
  await Promise.all(workers.map((worker) => once(worker, "exit")));
  return seconds.reduce((sum, wall) => sum + rows / wall, 0);
}
