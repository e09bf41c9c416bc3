/**
 * One part of a model that is cut, over the rows of a chunk. The first part packs rows into batches as a whole model's
 * step does, and leaves them open in the chunk; those in between run what is open; the last takes it apart.
 *
 * When a batch fails in a later part, each of its rows is tried alone from there on: those that fail again are the row
 * errors, and the batch is run again without them. That takes tensors whose batch axis is known (`batchAxes`); where
 * one is not, a failing batch of several rows is a fault of the job.
 */
import { GONE } from "../contract/chunk.ts";
import type { Chunk, OpenBatch, OpenBatches } from "../contract/chunk.ts";
import type { ModelSession } from "../contract/backend.ts";
import type { ModelPart } from "../contract/program.ts";
import { pick } from "../contract/records.ts";
import { isTensor } from "../contract/tensor.ts";
import type { Row, Tensor } from "../contract/value.ts";
import type { Outcome } from "./compute-rows.ts";
import { runBatches } from "./cut-batches.ts";
import { cutTensors } from "./cut-tensors.ts";
import { keepGood } from "./map-step.ts";
import { checkMade, describeModel, dimsOf, fillUp, openPacking, packBatch, runRows, unpackBatch, watchRows } from "./model-batch.ts";
import type { BatchDims, BoundRow, ModelStep, Packing } from "./model-batch.ts";
import type { OpenStep, StepContext } from "./step-context.ts";

type PartStep = Extract<ModelStep, { kind: "modelPart" }>;

interface OpenPart {
  readonly step: PartStep;
  readonly session: ModelSession;
  readonly packing: Packing;
}

/** What a call made: columns at the last part, tensors before it. */
type Made = { readonly kind: "columns"; readonly columns: readonly Row[] } | { readonly kind: "tensors"; readonly tensors: ReadonlyMap<string, Tensor> };

/** What became of a chunk's rows, and what is still open of them. */
interface PartResult {
  readonly outcomes: readonly Outcome<Row>[];
  readonly open: readonly OpenBatch[];
}

export async function openModelPartStep(step: PartStep, context: StepContext): Promise<OpenStep> {
  const part: OpenPart = { step, session: await context.openPart(step), packing: openPacking(step) };
  const { index, count, call } = step.part;
  return {
    run: async ([chunk], log) => {
      const { outcomes, open } = await (index === 0 ? runFirst(part, chunk) : runLater(part, chunk));
      const others = (chunk.batches ?? []).filter((batches) => batches.call !== call);
      const left = withBatches(chunk, index === count - 1 ? others : [...others, { call, batches: open }]);
      const checked = index === count - 1 ? checkMade(step, outcomes) : outcomes;
      return keepGood(step, left, checked, log, (columns, row) => ({ ...pick(chunk.rows[row], step.bind.carried), ...columns }));
    },
    close: () => part.session.close(),
  };
}

function withBatches(chunk: Chunk, batches: readonly OpenBatches[]): Chunk {
  const { batches: _, ...bare } = chunk;
  return batches.length === 0 ? bare : { ...bare, batches };
}

async function runFirst({ step, session, packing }: OpenPart, chunk: Chunk): Promise<PartResult> {
  const open: OpenBatch[] = [];
  const outcomes = await runRows<Made>(packing, chunk.rows, {
    run: (rows) => watchRows(rows.map((row) => row.index), async () => finish(step, packing, dimsOf(rows), keepInputs(rows, packing, await session.run(packBatch(packing, rows))))),
    keep: (rows, made) => keep(open, rows.map((row) => row.index), dimsOf(rows), made),
  });
  return { outcomes, open };
}

async function runLater({ step, session, packing }: OpenPart, chunk: Chunk): Promise<PartResult> {
  const { call, index, count, batchAxes = {} } = step.part;
  const arrived = chunk.batches?.find((batches) => batches.call === call);
  if (arrived === undefined && chunk.rows.length > 0) throw new Error(`part ${index} of ${call} got rows without batches`);
  const outcomes: (Outcome<Row> | undefined)[] = chunk.rows.map(() => undefined);
  const open: OpenBatch[] = [];
  for (const batch of arrived?.batches ?? []) {
    if (batch.rows.every((row) => row === GONE)) continue;
    // A row that is gone is cut out, where that can be done: its mates run as if it had been filtered.
    const all = batch.rows.flatMap((row, position) => (row === GONE && canBeCut(step.part) ? [] : [position]));
    const isWhole = (positions: readonly number[]): boolean => positions.length === batch.rows.length;
    const dims = (positions: readonly number[]): BatchDims => (isWhole(positions) ? batch : { own: positions.map((position) => batch.own[position]), padded: batch.padded });
    const tensors = (positions: readonly number[]): ReadonlyMap<string, Tensor> => (isWhole(positions) ? batch.tensors : cutTensors(batch.tensors, batchAxes, fillUp(step.model, positions)));
    const faults = await runBatches<number, Made>(all, all.length, `${describeModel(step.model)}, part ${index + 1} of ${count},`, {
      run: (positions) => watchRows(positions.flatMap((position) => (batch.rows[position] === GONE ? [] : [batch.rows[position]])), async () => finish(step, packing, dims(positions), await session.run(tensors(positions)))),
      keep: (positions, made) => {
        const rows = positions.map((position) => batch.rows[position]);
        keep(open, rows, dims(positions), made).forEach((columns, position) => {
          if (rows[position] !== GONE) outcomes[rows[position]] = { ok: true, value: columns };
        });
      },
    });
    for (const [position, message] of faults) if (batch.rows[position] !== GONE) outcomes[batch.rows[position]] = { ok: false, message };
  }
  return { outcomes: outcomes.map((outcome, row) => outcome ?? lost(call, row)), open };
}

/** Whether the rows of its batches can be taken apart. */
export function canBeCut({ receives, batchAxes = {} }: ModelPart): boolean {
  return receives.every((name) => batchAxes[name] !== undefined);
}

/** Inputs that are passed on as they came may be constants, or views of the rows: those stay here, and a copy goes. */
function keepInputs(rows: readonly BoundRow[], { constants }: Packing, tensors: ReadonlyMap<string, Tensor>): ReadonlyMap<string, Tensor> {
  const values = [...constants.values(), ...rows.flatMap((row) => [...row.values.values()])];
  const kept = new Set(values.flatMap((value) => (typeof value === "object" && value !== null && !(value instanceof Uint8Array) && isTensor(value) && "buffer" in value.data ? [value.data.buffer] : [])));
  return new Map([...tensors].map(([name, tensor]) => [name, "buffer" in tensor.data && kept.has(tensor.data.buffer) ? { ...tensor, data: tensor.data.slice() } : tensor]));
}

function lost(call: string, row: number): never {
  throw new Error(`row ${row} of the chunk is in no batch of ${call}`);
}

function finish({ part }: PartStep, packing: Packing, dims: BatchDims, tensors: ReadonlyMap<string, Tensor>): Made {
  return part.index === part.count - 1 ? { kind: "columns", columns: unpackBatch(packing, dims, tensors) } : { kind: "tensors", tensors };
}

/** The columns of the batch's rows; what the next part needs is added to `open`. */
function keep(open: OpenBatch[], rows: readonly number[], dims: BatchDims, made: Made): readonly Row[] {
  if (made.kind === "columns") return made.columns;
  open.push({ rows, own: dims.own, padded: dims.padded, tensors: made.tensors });
  return rows.map(() => ({}));
}
