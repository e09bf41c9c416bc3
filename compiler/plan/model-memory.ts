/** Memory of a model's call at the bounds that a program states: the computed peak for the largest batch that can come. */
import type { RecordField } from "../../language/catalog/value-type.ts";
import type { CheckedModel } from "../../language/check/checked-program.ts";
import { loneName, upperBound } from "../../language/check/dim-scope.ts";
import type { Dim } from "../../language/tensor/dim.ts";
import { intervalOfDim } from "../../language/tensor/bound-dim.ts";
import type { RowFacts } from "./columns.ts";
import type { ModelStep } from "./lowered-program.ts";

type ModelInputs = Pick<ModelStep, "inputs">;

/**
 * The most bytes that a call with `batch` rows holds beside inputs and weights; undefined where the graph or the rows
 * do not bound it. `fields`: the rows that come to the step.
 */
export function activationBytesMax(model: CheckedModel, step: ModelInputs, fields: readonly RecordField[], facts: RowFacts, batch: number): number | undefined {
  return model.activationBytes && bytesAtMost(model.activationBytes, model, step, fields, facts, batch);
}

/** The largest value of a size in `N` and the names of the model's declaration; undefined where the rows do not bound it. */
export function bytesAtMost(bytes: Dim, model: CheckedModel, step: ModelInputs, fields: readonly RecordField[], facts: RowFacts, batch: number): number | undefined {
  const highs = new Map([["N", BigInt(batch)], ...rowHighs(model, step, fields, facts)]);
  const { high } = intervalOfDim(bytes, new Map([...highs].map(([name, most]) => [name, { low: 0n, high: most }])));
  return high === undefined ? undefined : Number(high);
}

/** The largest value of each dimension name of the declaration: what it states itself, or what the rows' types do; padded as rows are. */
function rowHighs(model: CheckedModel, step: ModelInputs, fields: readonly RecordField[], facts: RowFacts): readonly (readonly [string, bigint])[] {
  const highs = new Map(Object.entries(model.bounds).flatMap(([name, { high }]) => (high === undefined ? [] : [[name, BigInt(high)] as const])));
  for (const { port, column } of step.inputs) {
    const type = fields.find((field) => field.name === column)?.type;
    if (type?.kind !== "tensor") continue;
    model.inputs.find((input) => input.port === port)?.rowShape.forEach((dim, axis) => {
      const name = loneName(dim);
      const given = type.shape[axis];
      const high = given && upperBound(facts.dims, given);
      const known = name === undefined ? undefined : highs.get(name);
      if (name !== undefined && high !== undefined && (known === undefined || high < known)) highs.set(name, high);
    });
  }
  return [...highs].map(([name, high]) => [name, roundedUp(high, BigInt(model.pad[name]?.multiple ?? 1))] as const);
}

function roundedUp(value: bigint, multiple: bigint): bigint {
  return ((value + multiple - 1n) / multiple) * multiple;
}
