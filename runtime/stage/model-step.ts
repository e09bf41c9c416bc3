/**
 * A model over the rows of a chunk: rows are bound to the model's dimensions, cut into batches of equal padded shape,
 * stacked, run, checked against the declaration and taken apart. A row's result does not depend on its batch mates'
 * sizes. When a batch fails, each of its rows is tried alone: those that fail again are the row errors, the others
 * are cut anew as if the failed ones had been filtered.
 */
import type { ModelSession } from "../contract/backend.ts";
import { findRowFault } from "../contract/check-value.ts";
import type { Column } from "../contract/column.ts";
import { jobError } from "../contract/failures.ts";
import { RowError } from "../contract/kernel.ts";
import { pick } from "../contract/records.ts";
import type { ModelPortSpec, ModelSpec, StepSpec } from "../contract/program.ts";
import type { Row, Tensor, Value } from "../contract/value.ts";
import { bindRow, inputShape, shapeUnder } from "./bind-dims.ts";
import type { RowDims } from "./bind-dims.ts";
import { bucketRows, runInCuts } from "./cut-batches.ts";
import { packRows, unpackRow } from "./pack-batch.ts";
import type { Outcome } from "./compute-rows.ts";
import { keepGood } from "./map-step.ts";
import { rowMessage } from "./step-context.ts";
import type { OpenStep, StepContext } from "./step-context.ts";

type ModelStep = Extract<StepSpec, { kind: "model" }>;

/** A row ready for the model: its values by port, and its dims. */
interface BoundRow {
  readonly values: ReadonlyMap<string, Value>;
  readonly dims: RowDims;
}

interface OpenModel {
  readonly step: ModelStep;
  readonly session: ModelSession;
  readonly constants: ReadonlyMap<string, Tensor>;
}

export async function openModelStep(step: ModelStep, context: StepContext): Promise<OpenStep> {
  const session = await context.openModel(step.model);
  const constants = new Map(step.bind.constants.map(({ port, value }) => [port, constantTensor(portOf(step.model, port), value())]));
  const open: OpenModel = { step, session, constants };
  const made = step.columns.filter((column) => step.bind.outputs.some((output) => output.column === column.name));
  return {
    run: async ([chunk], log) => {
      const bound = chunk.rows.map((row) => bind(step, row));
      const outcomes = (await runRows(open, bound)).map((outcome) => checkColumns(made, outcome));
      return keepGood(step, chunk, outcomes, log, (columns, index) => ({ ...pick(chunk.rows[index], step.bind.carried), ...columns }));
    },
    close: () => session.close(),
  };
}

/** Sizes that only the model decides have bounds, too. */
function checkColumns(columns: readonly Column[], outcome: Outcome<Row>): Outcome<Row> {
  const fault = outcome.ok ? findRowFault(columns, outcome.value) : undefined;
  return fault === undefined ? outcome : { ok: false, message: fault };
}

function bind(step: ModelStep, row: Row): Outcome<BoundRow> {
  try {
    const values = new Map(step.bind.inputs.map(({ port, column }) => [port, row[column]]));
    return { ok: true, value: { values, dims: bindRow(step.model, values) } };
  } catch (error) {
    return { ok: false, message: rowMessage(error) };
  }
}

/** The output columns of every row. */
async function runRows(open: OpenModel, bound: readonly Outcome<BoundRow>[]): Promise<readonly Outcome<Row>[]> {
  const { model } = open.step;
  const alive = bound.flatMap((row, index) => (row.ok ? [{ ...row.value, index }] : []));
  const outcomes: Outcome<Row>[] = bound.map((row) => (row.ok ? { ok: false, message: "" } : row));
  for (const bucket of bucketRows(alive.map((row) => row.dims.key))) {
    const rows = bucket.map((position) => alive[position]);
    const run = async (cut: readonly (typeof rows)[number][]): Promise<void> => {
      const columns = await runBatch(open, cut);
      cut.forEach((row, position) => (outcomes[row.index] = { ok: true, value: columns[position] }));
    };
    await runInCuts(rows, model.batched ? model.batch : 1, run, async (cut, error) => {
      const faults = await findFaults(open, cut, rowMessage(error));
      for (const [row, message] of faults) outcomes[row.index] = { ok: false, message };
      return new Set(faults.keys());
    });
  }
  return outcomes;
}

/** The rows that fail when they run alone. A batch that failed without such a row is a fault of the job. */
async function findFaults<R extends BoundRow>(open: OpenModel, rows: readonly R[], message: string): Promise<ReadonlyMap<R, string>> {
  const [only, another] = rows;
  if (another === undefined) return new Map([[only, message]]);
  const faults = new Map<R, string>();
  for (const row of rows) {
    try {
      await runBatch(open, [row]);
    } catch (error) {
      faults.set(row, rowMessage(error));
    }
  }
  if (faults.size > 0) return faults;
  throw jobError("R0205", `model ${open.step.model.name} (${printPlace(open.step)}) failed on ${rows.length} rows, though each runs alone: ${message}`);
}

/** One call. All rows have the same padded dims. */
async function runBatch(open: OpenModel, rows: readonly BoundRow[]): Promise<readonly Row[]> {
  const { model, bind: binding } = open.step;
  const filled = model.fixedBatch ? fillUp(rows, model.batch) : rows;
  const inputs = new Map<string, Tensor>(open.constants);
  for (const port of model.inputs) {
    if (!open.constants.has(port.port)) inputs.set(port.port, packInput(port, filled));
  }
  const outputs = await open.session.run(inputs);
  const taken = binding.outputs.map(({ port, column }) => {
    const spec = portOf(model, port);
    const tensor = outputs.get(port);
    if (tensor === undefined) throw jobError("R0203", `model ${model.name} gave no output \`${port}\``);
    checkOutput(open.step, spec, tensor, filled);
    return { spec, column, tensor };
  });
  return rows.map((row, index) => Object.fromEntries(taken.map(({ spec, column, tensor }) => [column, outputOf(spec, tensor, index, row)])));
}

/** A file that takes exactly `batch` rows gets its last row again. */
function fillUp(rows: readonly BoundRow[], batch: number): readonly BoundRow[] {
  return Array.from({ length: batch }, (_, index) => rows[Math.min(index, rows.length - 1)]);
}

function packInput(port: ModelPortSpec, rows: readonly BoundRow[]): Tensor {
  const shape = inputShape(port, rows[0].dims.padded);
  const values = rows.map((row) => row.values.get(port.port) ?? null);
  const packed = packRows({ dtype: port.dtype, shape, batchAxis: port.batchAxis ?? 0, fill: port.padValue ?? 0 }, values);
  // Without a batch axis there is one row, and the tensor is that row.
  return port.batchAxis === undefined ? { ...packed, shape } : packed;
}

/** The declared shape, as far as the inputs' dims tell, must be the actual one: otherwise rows would be cut wrong. */
function checkOutput(step: ModelStep, port: ModelPortSpec, tensor: Tensor, rows: readonly BoundRow[]): void {
  const row = shapeUnder(port, rows[0].dims.padded);
  const wanted = port.batchAxis === undefined ? row : [...row.slice(0, port.batchAxis), rows.length, ...row.slice(port.batchAxis)];
  const fits = tensor.dtype === port.dtype && wanted.length === tensor.shape.length && wanted.every((size, axis) => size === undefined || size === tensor.shape[axis]);
  if (fits) return;
  const shape = wanted.map((size) => size ?? "_").join(", ");
  throw jobError("R0204", `model ${step.model.name}, output \`${port.port}\`: declared ${port.dtype}[${shape}] for this batch, the model gave ${tensor.dtype}[${tensor.shape.join(", ")}] (${printPlace(step)})`);
}

function outputOf(port: ModelPortSpec, tensor: Tensor, index: number, row: BoundRow): Value {
  const actual = port.batchAxis === undefined ? tensor.shape : tensor.shape.filter((_, axis) => axis !== port.batchAxis);
  const shape = shapeUnder(port, row.dims.own).map((size, axis) => Math.min(size ?? actual[axis], actual[axis]));
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

function printPlace(step: ModelStep): string {
  return `${step.model.at.file}:${step.model.at.line}`;
}
