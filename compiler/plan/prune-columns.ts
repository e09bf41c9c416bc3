/**
 * Drops what nothing reads: fields of rows, map entries, model outputs, columns of sources. A step keeps at least one
 * field where its length or file needs one (a read, an explode, a model).
 */
import type { RecordType } from "../../language/catalog/value-type.ts";
import type { Expr, RecordEntry } from "../../language/check/checked-program.ts";
import type { LoweredPipeline, Step } from "./lowered-program.ts";
import { fieldsRead } from "./walk-expr.ts";

/** The pipeline without dead columns; the steps in `keepWhole` keep all fields. */
export function pruneColumns(pipeline: LoweredPipeline, keepWhole: ReadonlySet<number>): LoweredPipeline {
  const needed = pipeline.steps.map(() => new Set<string>());
  const need = (step: number, names: Iterable<string>): void => {
    for (const name of names) needed[step]?.add(name);
  };
  for (const { step } of pipeline.writes) need(step, namesOf(pipeline, step));
  for (const step of keepWhole) need(step, namesOf(pipeline, step));
  const steps: Step[] = [];
  for (const step of pipeline.steps.toReversed()) {
    const pruned = pruneStep(step, needed[step.id] ?? new Set());
    steps.unshift(pruned);
    needInputs(pruned, pipeline, need);
  }
  return { ...pipeline, steps };
}

function namesOf(pipeline: LoweredPipeline, id: number): readonly string[] {
  return pipeline.steps[id]?.row.fields.map((field) => field.name) ?? [];
}

function pruneStep(step: Step, wanted: ReadonlySet<string>): Step {
  const narrowed = { ...step, row: narrow(step.row, wanted) };
  switch (narrowed.kind) {
    case "read": {
      const row = narrowed.row.fields.length > 0 ? narrowed.row : { ...step.row, fields: step.row.fields.slice(0, 1) };
      return { ...narrowed, row, read: { ...narrowed.read, row } };
    }
    case "map":
      return { ...narrowed, entries: narrowed.entries.flatMap((entry) => pruneEntry(entry, wanted)) };
    case "model": {
      const outputs = narrowed.outputs.filter((output) => wanted.has(output.column));
      const kept = outputs.length > 0 ? outputs : narrowed.outputs.slice(0, 1);
      const carried = narrowed.carried.filter((name) => wanted.has(name));
      return { ...narrowed, outputs: kept, carried, row: narrow(step.row, new Set([...wanted, ...kept.map((output) => output.column)])) };
    }
    case "explode": {
      const fields = narrowed.fields.filter((field) => wanted.has(field.name));
      const kept = fields.length > 0 ? fields : narrowed.fields.slice(0, 1);
      const carried = narrowed.carried.filter((name) => wanted.has(name));
      return { ...narrowed, fields: kept, carried, row: narrow(step.row, new Set([...wanted, ...kept.map((field) => field.name)])) };
    }
    case "implode": {
      const aggregates = narrowed.aggregates.filter((aggregate) => wanted.has(aggregate.name));
      return { ...narrowed, aggregates, carried: narrowed.carried.filter((name) => wanted.has(name)) };
    }
    case "filter":
    case "dedupe":
    case "limit":
    case "sample":
    case "zip":
    // Models are cut after columns are pruned.
    case "modelPart":
      return narrowed;
  }
}

function narrow(row: RecordType, wanted: ReadonlySet<string>): RecordType {
  const fields = row.fields.filter((field) => wanted.has(field.name));
  return fields.length === row.fields.length ? row : { kind: "record", fields };
}

function pruneEntry(entry: RecordEntry, wanted: ReadonlySet<string>): readonly RecordEntry[] {
  if (entry.kind === "field") return wanted.has(entry.name) ? [entry] : [];
  const fields = entry.fields.filter((name) => wanted.has(name));
  return fields.length === 0 ? [] : [{ ...entry, fields }];
}

function needInputs(step: Step, pipeline: LoweredPipeline, need: (step: number, names: Iterable<string>) => void): void {
  const own = step.row.fields.map((field) => field.name);
  switch (step.kind) {
    case "read":
      return;
    case "map":
      return need(step.input, fieldsRead(step.entries.map((entry) => entry.value)));
    case "filter":
      return need(step.input, [...own, ...fieldsRead([step.predicate])]);
    case "model":
    case "modelPart":
      return need(step.input, [...step.carried, ...step.inputs.map((input) => input.column)]);
    case "explode":
      return need(step.input, [...step.carried, ...fieldsRead(step.fields.map((field) => field.value))]);
    case "implode":
      return need(step.input, [...step.carried, ...fieldsRead(step.aggregates.flatMap((aggregate): readonly Expr[] => (aggregate.of === undefined ? [] : [aggregate.of])))]);
    case "dedupe":
      return need(step.input, [...own, ...fieldsRead([step.key])]);
    case "limit":
    case "sample":
      return need(step.input, own);
    case "zip":
      for (const input of step.inputs) {
        const offered = new Set(namesOf(pipeline, input));
        need(input, own.filter((name) => offered.has(name)));
      }
  }
}
