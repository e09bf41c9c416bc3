/**
 * Steps of a worker that run in a process of their own, because one like them has taken an engine down or hung. The
 * worker keeps the chunk while it is away: when the process dies the rows to blame are found, set aside as rows that
 * failed, and the others are computed as usual.
 */
import { failParents, selectRows } from "../contract/chunk.ts";
import type { Chunk } from "../contract/chunk.ts";
import { jobError } from "../contract/failures.ts";
import type { JobError } from "../contract/kernel.ts";
import type { StepSpec } from "../contract/program.ts";
import { canBeCut } from "../stage/model-part-step.ts";
import { logFailure } from "../stage/step-context.ts";
import type { OpenStep } from "../stage/step-context.ts";
import { runAroundDeadlyRows } from "./deadly-rows.ts";
import type { Attempt } from "./deadly-rows.ts";
import type { FromIsolated } from "./isolated-messages.ts";
import type { IsolatedReply, IsolatedWorker } from "./isolated-worker.ts";
import { fromFault } from "./messages.ts";
import { countOomKills } from "./oom-kills.ts";

type Done = Extract<FromIsolated, { kind: "done" }>;

/** Whether a step of this kind gives the same rows whichever process runs it, chunk by chunk, row by row. */
export function isIsolatable(step: StepSpec): boolean {
  if (step.kind === "modelPart") return step.part.index === 0 || canBeCut(step.part);
  return ["map", "filter", "model", "explode", "implode"].includes(step.kind);
}

/** Times that one chunk is tried again after kills from outside, and that a process which dies as it opens is started. */
const FOREIGN_MAX = 5;
const OPEN_MAX = 2;

/** The step as its worker sees it: its chunks are computed by `worker`. */
export function openIsolatedStep(step: StepSpec, worker: IsolatedWorker): OpenStep {
  return {
    run: async ([chunk], log) => {
      const tried = await runAroundDeadlyRows<Done>(chunk.rows.length, (rows, deadly) => attempt(step, selectRows(failParents(chunk, [...deadly.keys()]), rows), rows, worker));
      if ("blameless" in tried) throw blameless(step, chunk, tried.blameless);
      for (const [row, how] of tried.deadly) logFailure(log, chunk, row, step, `${how}, each of two times that it was tried alone`);
      for (const failure of tried.value.failures) log.failures.push(failure);
      log.filtered += tried.value.filtered;
      return tried.value.chunk;
    },
  };
}

/** `rows`: what the rows of `chunk` are numbered as. */
async function attempt(step: StepSpec, chunk: Chunk, rows: readonly number[], worker: IsolatedWorker): Promise<Attempt<Done>> {
  let foreign = 0;
  let opening = 0;
  for (;;) {
    const oomBefore = countOomKills();
    const reply = await worker.run(step.id, chunk);
    if (reply.kind === "done") return { kind: "done", value: reply };
    if (reply.kind === "fault") throw fromFault(reply.fault);
    if (reply.kind === "opened") throw new Error(`${step.name} answered with no rows`);
    if (reply.isForeign) {
      const oomNow = countOomKills();
      if (oomBefore !== undefined && oomNow !== undefined && oomNow > oomBefore) throw jobError("R0170", `the process of ${step.name} was killed because memory ran out`);
      if (++foreign > FOREIGN_MAX) throw jobError("R0174", `the process of ${step.name} was killed from outside ${foreign} times`);
    } else if (reply.isOpening) {
      if (++opening >= OPEN_MAX) throw jobError("R0172", `${step.name} (${step.at.file}:${step.at.line}) ${reply.how} before its first row`);
    } else {
      return { kind: "died", how: reply.how, suspects: suspectsOf(reply, rows) };
    }
  }
}

function suspectsOf(reply: Extract<IsolatedReply, { kind: "died" }>, rows: readonly number[]): readonly number[] | undefined {
  return reply.rows === undefined ? undefined : rows.filter((_, position) => reply.rows?.some(({ first, last }) => first <= position && position <= last));
}

function blameless(step: StepSpec, chunk: Chunk, how: string): JobError {
  const where = `${step.name} (${step.at.file}:${step.at.line})`;
  return jobError("R0172", `${where} ${how} on the ${chunk.rows.length} rows from ${chunk.places[0] ?? "the start"} on, though each of them alone does not`);
}
