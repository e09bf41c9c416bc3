/** The shapes in which a model is measured: its inputs at a batch, with every named dimension at its bound. */
import type { CheckedModel } from "../../../language/check/checked-program.ts";
import { evaluateDim } from "../../../language/tensor/evaluate-dim.ts";
import { longestRow } from "./describe-pipeline.ts";

export interface ProbeShape {
  readonly port: string;
  readonly dtype: string;
  readonly shape: readonly number[];
}

export function probeShapes(model: CheckedModel, batch: number): readonly ProbeShape[] {
  const dims = longestRow(model, new Set());
  return model.inputs.map((input) => {
    const row = input.rowShape.map((dim) => evaluateDim(dim, dims) ?? 1);
    return { port: input.port, dtype: input.dtype, shape: input.batchAxis === undefined ? row : row.toSpliced(input.batchAxis, 0, batch) };
  });
}
