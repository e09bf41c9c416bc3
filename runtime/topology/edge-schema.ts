/** What lies on each edge of a pipeline: known before anything runs, the same in every thread. */
import type { EdgeSchema } from "../channel/chunk-codec.ts";
import type { Column } from "../contract/column.ts";
import type { EdgeSpec, PipelineSpec } from "../contract/program.ts";
import { openExplodes, parentFields } from "./topology.ts";

export function edgeSchema(pipeline: PipelineSpec, edge: EdgeSpec): EdgeSchema {
  const open = openExplodes(pipeline.steps).get(edge.fromStep) ?? [];
  const carried = parentFields(pipeline.steps);
  return {
    columns: pipeline.steps[edge.fromStep].columns,
    levels: open.map((explode) => ({ step: explode, columns: parentColumns(pipeline, explode, carried.get(explode) ?? []) })),
  };
}

/** The columns, at the explode's input, of the fields that are kept of parents. */
function parentColumns(pipeline: PipelineSpec, explode: number, fields: readonly string[]): readonly Column[] {
  const step = pipeline.steps[explode];
  if (step.kind !== "explode") throw new Error(`step ${step.name} opens nothing`);
  const { columns } = pipeline.steps[step.input];
  return fields.map((name) => {
    const column = columns.find((candidate) => candidate.name === name);
    if (column === undefined) throw new Error(`step ${step.name} carries \`${name}\`, which its input lacks`);
    return column;
  });
}
