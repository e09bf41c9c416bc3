/**
 * Rows as a model's batch, and a batch's results as columns of its rows: what a whole model's step and the first and
 * last part of a cut one share.
 */
import { beginRows } from "../contract/call-watch.ts";
import type { OpenBatch } from "../contract/chunk.ts";
import { findRowFault } from "../contract/check-value.ts";
import type { Column } from "../contract/column.ts";
import { jobError } from "../contract/failures.ts";
import { RowError } from "../contract/kernel.ts";
import type { ModelBinding, ModelPortSpec, ModelSpec, StepSpec } from "../contract/program.ts";
import type { Row, Tensor, Value } from "../contract/value.ts";
import { bindRow, inputShape, shapeUnder } from "./bind-dims.ts";
import type { Dims, RowDims } from "./bind-dims.ts";
import type { Outcome } from "./compute-rows.ts";
import { bucketRows, runBatches } from "./cut-batches.ts";
import { packRows, unpackRow } from "./pack-batch.ts";
import { rowMessage } from "./step-context.ts";

export type ModelStep = Extract<StepSpec, { kind: "model" | "modelPart" }>;

/** A row ready for the model: its position in the chunk, its values by port, and its dims. */
export interface BoundRow {
  readonly index: number;
  readonly values: ReadonlyMap<string, Value>;
  readonly dims: RowDims;
}

/** What a batch does. `T`: what a call gives. */
export interface RowsCall<T> {
  readonly run: (rows: readonly BoundRow[]) => Promise<T>;
  /** The columns that each row of a batch that ran through gets. */
  readonly keep: (rows: readonly BoundRow[], made: T) => readonly Row[];
}

/** The dims of a batch's rows. */
export type BatchDims = Pick<OpenBatch, "own" | "padded">;

export interface Packing {
  readonly model: ModelSpec;
  readonly bind: ModelBinding;
  /** Inputs that are the same in every call. */
  readonly constants: ReadonlyMap<string, Tensor>;
}

export function openPacking({ model, bind }: ModelStep): Packing {
  return { model, bind, constants: new Map(bind.constants.map(({ port, value }) => [port, constantTensor(portOf(model, port), value())])) };
}

/** Binds rows, buckets and cuts them, and makes the calls. The columns of every row, or what is wrong with it. */
export async function runRows<T>(packing: Packing, rows: readonly Row[], call: RowsCall<T>): Promise<readonly Outcome<Row>[]> {
  const { model } = packing;
  const bound = rows.map((row, index) => bind(packing, row, index));
  const alive = bound.flatMap((row) => (row.ok ? [row.value] : []));
  const outcomes: Outcome<Row>[] = bound.map((row) => (row.ok ? { ok: false, message: "" } : row));
  for (const bucket of bucketRows(alive.map((row) => row.dims.key))) {
    const faults = await runBatches(bucket.map((position) => alive[position]), model.batched ? model.batch : 1, describeModel(model), {
      run: call.run,
      keep: (cut, made) => {
        const columns = call.keep(cut, made);
        cut.forEach((row, position) => (outcomes[row.index] = { ok: true, value: columns[position] }));
      },
    });
    for (const [row, message] of faults) outcomes[row.index] = { ok: false, message };
  }
  return outcomes;
}

function bind({ model, bind: binding }: Packing, row: Row, index: number): Outcome<BoundRow> {
  try {
    const values = new Map(binding.inputs.map(({ port, column }) => [port, row[column]]));
    return { ok: true, value: { index, values, dims: bindRow(model, values) } };
  } catch (error) {
    return { ok: false, message: rowMessage(error) };
  }
}

/** Whoever watches this thread is told while the call about these rows of the chunk lasts. */
export async function watchRows<T>(rows: readonly number[], call: () => Promise<T>): Promise<T> {
  const ended = beginRows(Math.min(...rows), Math.max(...rows));
  try {
    return await call();
  } finally {
    ended();
  }
}

/** All rows have the same padded dims. */
export function packBatch({ model, constants }: Packing, rows: readonly BoundRow[]): ReadonlyMap<string, Tensor> {
  const filled = fillUp(model, rows);
  const inputs = new Map<string, Tensor>(constants);
  for (const port of model.inputs) {
    if (!constants.has(port.port)) inputs.set(port.port, packInput(port, filled));
  }
  return inputs;
}

/** A file that takes exactly `batch` rows gets its last row again. */
export function fillUp<R>(model: ModelSpec, rows: readonly R[]): readonly R[] {
  return model.fixedBatch ? Array.from({ length: model.batch }, (_, index) => rows[Math.min(index, rows.length - 1)]) : rows;
}

export function dimsOf(rows: readonly BoundRow[]): BatchDims {
  return { own: rows.map((row) => row.dims.own), padded: rows[0].dims.padded };
}

/** The output columns of a batch's rows. An output that is not as declared is a fault of the job. */
export function unpackBatch({ model, bind: { outputs: wanted } }: Packing, { own, padded }: BatchDims, outputs: ReadonlyMap<string, Tensor>): readonly Row[] {
  const taken = wanted.map(({ port, column }) => {
    const spec = portOf(model, port);
    const tensor = outputs.get(port);
    if (tensor === undefined) throw jobError("R0203", `model ${model.name} gave no output \`${port}\``);
    checkOutput(model, spec, tensor, padded, fillUp(model, own).length);
    return { spec, column, tensor };
  });
  return own.map((dims, index) => Object.fromEntries(taken.map(({ spec, column, tensor }) => [column, outputOf(spec, tensor, index, dims)])));
}

/** Sizes that only the model decides have bounds, too. */
export function checkMade(step: ModelStep, outcomes: readonly Outcome<Row>[]): readonly Outcome<Row>[] {
  const made = step.columns.filter((column) => step.bind.outputs.some((output) => output.column === column.name));
  return outcomes.map((outcome) => checkColumns(made, outcome));
}

function checkColumns(columns: readonly Column[], outcome: Outcome<Row>): Outcome<Row> {
  const fault = outcome.ok ? findRowFault(columns, outcome.value) : undefined;
  return fault === undefined ? outcome : { ok: false, message: fault };
}

/** "model m (a.pipe:7)". */
export function describeModel(model: ModelSpec): string {
  return `model ${model.name} (${printPlace(model)})`;
}

function packInput(port: ModelPortSpec, rows: readonly BoundRow[]): Tensor {
  const shape = inputShape(port, rows[0].dims.padded);
  const values = rows.map((row) => row.values.get(port.port) ?? null);
  const packed = packRows({ dtype: port.dtype, shape, batchAxis: port.batchAxis ?? 0, fill: port.padValue ?? 0 }, values);
  // Without a batch axis there is one row, and the tensor is that row.
  return port.batchAxis === undefined ? { ...packed, shape } : packed;
}

/** The declared shape, as far as the inputs' dims tell, must be the actual one: otherwise rows would be cut wrong. */
function checkOutput(model: ModelSpec, port: ModelPortSpec, tensor: Tensor, padded: Dims, rows: number): void {
  const row = shapeUnder(port, padded);
  const wanted = port.batchAxis === undefined ? row : [...row.slice(0, port.batchAxis), rows, ...row.slice(port.batchAxis)];
  const fits = tensor.dtype === port.dtype && wanted.length === tensor.shape.length && wanted.every((size, axis) => size === undefined || size === tensor.shape[axis]);
  if (fits) return;
  const shape = wanted.map((size) => size ?? "_").join(", ");
  throw jobError("R0204", `model ${model.name}, output \`${port.port}\`: declared ${port.dtype}[${shape}] for this batch, the model gave ${tensor.dtype}[${tensor.shape.join(", ")}] (${printPlace(model)})`);
}

function outputOf(port: ModelPortSpec, tensor: Tensor, index: number, own: Dims): Value {
  const actual = port.batchAxis === undefined ? tensor.shape : tensor.shape.filter((_, axis) => axis !== port.batchAxis);
  const shape = shapeUnder(port, own).map((size, axis) => Math.min(size ?? actual[axis], actual[axis]));
  return unpackRow(tensor, port.batchAxis, port.batchAxis === undefined ? 0 : index, shape);
}

function constantTensor(port: ModelPortSpec, value: Value): Tensor {
  const shape = port.rowShape.map((size) => {
    if (typeof size !== "number") throw new RowError(`constant input \`${port.port}\` must have a fixed shape`);
    return size;
  });
  return { ...packRows({ dtype: port.dtype, shape, batchAxis: 0, fill: 0 }, [value]), shape };
}

function portOf(model: ModelSpec, name: string): ModelPortSpec {
  const port = [...model.inputs, ...model.outputs].find((candidate) => candidate.port === name);
  if (port === undefined) throw new Error(`model ${model.name} has no port ${name}`);
  return port;
}

function printPlace({ at }: ModelSpec): string {
  return `${at.file}:${at.line}`;
}
