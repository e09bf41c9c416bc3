/** One row to many. The rows exploded become the innermost level of the chunk, children or not. */
import { tensorAt } from "../contract/indexing.ts";
import { isTensor } from "../contract/tensor.ts";
import { RowError } from "../contract/kernel.ts";
import type { StepSpec } from "../contract/program.ts";
import type { Row, Value } from "../contract/value.ts";
import { pick } from "../contract/records.ts";
import { computeRows } from "./compute-rows.ts";
import { keepGood } from "./map-step.ts";
import type { OpenStep, StepContext } from "./step-context.ts";

type ExplodeStep = Extract<StepSpec, { kind: "explode" }>;

/** Rows whose fields are computed at once, where that waits for something. */
const CONCURRENCY = 4;

export function openExplode(step: ExplodeStep, context: StepContext): OpenStep {
  const kept = context.parentFields(step.id);
  return {
    run: async ([chunk], log) => {
      const outcomes = await computeRows(chunk.rows, async (row) => childrenOf(step, row, await step.fields(row)), CONCURRENCY, step.timeoutMs);
      const parents = keepGood(step, chunk, outcomes, log, (_children, index) => chunk.rows[index]);
      const families = outcomes.flatMap((outcome) => (outcome.ok ? [outcome.value] : []));
      return {
        id: chunk.id,
        places: chunk.places,
        rows: families.flat(1),
        parents: families.flatMap((children, parent) => children.map(() => parent)),
        children: families.flatMap((children) => children.map((_, child) => child)),
        levels: [
          ...parents.levels,
          { step: step.id, parents: parents.parents, children: parents.children, rows: parents.rows.map((row) => pick(row, kept)), failed: parents.rows.map(() => 0) },
        ],
      };
    },
  };
}

function childrenOf(step: ExplodeStep, row: Row, fields: Row): readonly Row[] {
  const columns = Object.entries(fields).map(([name, value]) => ({ name, items: itemsOf(value) }));
  const [first] = columns;
  const count = first.items.length;
  const other = columns.find((column) => column.items.length !== count);
  if (other !== undefined) throw new RowError(`\`${first.name}\` has ${count} items and \`${other.name}\` has ${other.items.length}`);
  if (count > step.childrenMax) throw new RowError(`${count} items, at most ${step.childrenMax} are allowed`);
  const carried = pick(row, step.carried);
  return Array.from({ length: count }, (_, child) => ({ ...carried, ...Object.fromEntries(columns.map(({ name, items }) => [name, items.at(child)])) }));
}

interface Items {
  readonly length: number;
  readonly at: (index: number) => Value;
}

function itemsOf(value: Value): Items {
  if (Array.isArray(value)) return { length: value.length, at: (index) => value[index] };
  if (typeof value !== "object" || value === null || value instanceof Uint8Array || !isTensor(value)) throw new RowError("only lists and tensors can be exploded");
  return { length: value.shape[0], at: (index) => tensorAt(value, index) };
}
