/** What `--interpret` shows of a step: the values of its first rows in a few words. */
import { describeValue } from "../contract/check-value.ts";
import type { Chunk } from "../contract/chunk.ts";
import type { StepSpec } from "../contract/program.ts";

const ROWS_SHOWN = 2;

/** Lines for the first rows that each step gives, nothing for later ones. */
export function createShapePrinter(): (step: StepSpec, chunk: Chunk) => readonly string[] {
  const shown = new Map<number, number>();
  return (step, chunk) => {
    const before = shown.get(step.id) ?? 0;
    const rows = chunk.rows.slice(0, ROWS_SHOWN - before);
    shown.set(step.id, before + rows.length);
    return rows.map((row, index) => {
      const fields = step.columns.map((column) => `${column.name}: ${describeValue(row[column.name])}`);
      return `${step.at.file}:${step.at.line} ${step.name} row ${before + index}: { ${fields.join(", ")} }`;
    });
  };
}
