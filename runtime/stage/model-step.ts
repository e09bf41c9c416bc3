/**
 * A model over the rows of a chunk: rows are bound to the model's dimensions, cut into batches of equal padded shape,
 * stacked, run, checked against the declaration and taken apart. A row's result does not depend on its batch mates'
 * sizes. When a batch fails, each of its rows is tried alone: those that fail again are the row errors, the others
 * are cut anew as if the failed ones had been filtered.
 */
import { pick } from "../contract/records.ts";
import { keepGood } from "./map-step.ts";
import { checkMade, dimsOf, openPacking, packBatch, runRows, unpackBatch, watchRows } from "./model-batch.ts";
import type { ModelStep, RowsCall } from "./model-batch.ts";
import type { OpenStep, StepContext } from "./step-context.ts";
import { warmUp } from "./warm-up.ts";
import type { Row } from "../contract/value.ts";

export async function openModelStep(step: Extract<ModelStep, { kind: "model" }>, context: StepContext): Promise<OpenStep> {
  const session = await context.openModel(step.model);
  await warmUp(step.model, session);
  const packing = openPacking(step);
  const call: RowsCall<readonly Row[]> = {
    run: (rows) => watchRows(rows.map(({ index }) => index), async () => unpackBatch(packing, dimsOf(rows), await session.run(packBatch(packing, rows)))),
    keep: (_, columns) => columns,
  };
  return {
    run: async ([chunk], log) => {
      const outcomes = checkMade(step, await runRows(packing, chunk.rows, call));
      return keepGood(step, chunk, outcomes, log, (columns, index) => ({ ...pick(chunk.rows[index], step.bind.carried), ...columns }));
    },
    close: () => session.close(),
  };
}
