/** Many rows to one: closes the innermost explode. A parent without children gives a row, a failed one does not. */
import { castScalar } from "../contract/cast.ts";
import { findRowFault } from "../contract/check-value.ts";
import type { Chunk, ParentLevel } from "../contract/chunk.ts";
import type { Column } from "../contract/column.ts";
import { RowError } from "../contract/kernel.ts";
import { pick } from "../contract/records.ts";
import { allocate, elementCount, writeElement } from "../contract/tensor.ts";
import type { AggregateSpec, StepSpec } from "../contract/program.ts";
import type { Row, Value } from "../contract/value.ts";
import { computeRows } from "./compute-rows.ts";
import { keepGood } from "./map-step.ts";
import type { OpenStep } from "./step-context.ts";

type ImplodeStep = Extract<StepSpec, { kind: "implode" }>;

/** Parents folded at once, where the values wait for something. */
const CONCURRENCY = 4;

export function openImplode(step: ImplodeStep): OpenStep {
  return {
    run: async ([chunk], log) => {
      const level = chunk.levels.at(-1);
      if (level === undefined) throw new Error(`step ${step.name} closes an explode, but none is open`);
      const children = childrenByParent(chunk, level);
      const parents = surviving(chunk, level);
      const alive = level.rows.flatMap((_, parent) => (level.failed[parent] === 1 ? [] : [parent]));
      const outcomes = await computeRows(alive, (parent) => implodeParent(step, level.rows[parent], children[parent]), CONCURRENCY, step.timeoutMs);
      return keepGood(step, parents, outcomes, log, (row) => row);
    },
  };
}

function childrenByParent(chunk: Chunk, level: ParentLevel): readonly (readonly Row[])[] {
  const families: Row[][] = level.rows.map(() => []);
  chunk.rows.forEach((row, index) => families[chunk.parents[index]].push(row));
  return families;
}

/** The parents that did not fail as the chunk's rows; those that did fail their own parents in turn. */
function surviving(chunk: Chunk, level: ParentLevel): Chunk {
  const indices = level.rows.flatMap((_, parent) => (level.failed[parent] === 1 ? [] : [parent]));
  const outer = chunk.levels.slice(0, -1);
  const enclosing = outer.at(-1);
  if (enclosing !== undefined && indices.length < level.rows.length) {
    const failed = [...enclosing.failed];
    level.failed.forEach((flag, parent) => {
      if (flag === 1) failed[level.parents[parent]] = 1;
    });
    outer[outer.length - 1] = { ...enclosing, failed };
  }
  return {
    id: chunk.id,
    places: chunk.places,
    levels: outer,
    rows: indices.map((parent) => level.rows[parent]),
    parents: indices.map((parent) => level.parents[parent]),
    children: indices.map((parent) => level.children[parent]),
  };
}

async function implodeParent(step: ImplodeStep, parent: Row, children: readonly Row[]): Promise<Row> {
  const made: Record<string, Value> = { ...pick(parent, step.carried) };
  for (const aggregate of step.aggregates) {
    const column = step.columns.find((candidate) => candidate.name === aggregate.name);
    const value = await fold(aggregate, children);
    made[aggregate.name] = column === undefined ? value : asColumn(column, value);
  }
  const fault = findRowFault(step.columns, made);
  if (fault !== undefined) throw new RowError(fault);
  return made;
}

/**
 * Kernels fold numbers without knowing their dtype: here they are rounded to it, or refused where it cannot hold them.
 * One number for a tensor (of no children) stands for each of its elements.
 */
function asColumn({ name, type }: Column, value: Value): Value {
  if (typeof value !== "number" && typeof value !== "bigint") return value;
  if (type.kind === "scalar") return castScalar(value, type.dtype);
  if (type.kind !== "tensor") return value;
  const shape = type.shape.map((size) => {
    if (size === null) throw new RowError(`field \`${name}\` has no shape: the row has no children to take it from`);
    return size;
  });
  const data = allocate(type.dtype, elementCount(shape));
  for (let index = 0; index < data.length; index++) writeElement(type.dtype, data, index, castScalar(value, type.dtype));
  return { dtype: type.dtype, shape, data };
}

async function fold(aggregate: AggregateSpec, children: readonly Row[]): Promise<Value> {
  let state = aggregate.kernel.start(aggregate.args());
  for (const child of children) state = aggregate.kernel.step(state, await aggregate.of(child));
  return aggregate.kernel.finish(state);
}
