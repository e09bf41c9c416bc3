/** Where the rows of a batch stand in the tensors between two parts: what takes a failing batch apart needs to know. */
import { equalDims, type Dim } from "../../language/tensor/dim.ts";
import { freeNames } from "../../language/tensor/evaluate-dim.ts";
import type { InferredGraph } from "../onnx/infer/infer-shapes.ts";
import { isInteger } from "../onnx/infer/scalar.ts";
import type { ModelGraph } from "../onnx/model-graph.ts";
import { capturesOf } from "../onnx/walk.ts";

/**
 * The batch axis of a value; null: the value is the same whatever rows the batch has; undefined: neither is certain.
 * `inferred`: under inputs whose batch axis is `batch`, a plain name; `given`: all names that their shapes are made of.
 */
export function batchAxisOf(model: ModelGraph, inferred: InferredGraph, batch: Dim, given: ReadonlySet<string>): (value: string) => number | null | undefined {
  const names = freeNames(batch);
  const hasBatch = (dim: Dim): boolean => [...freeNames(dim)].some((name) => names.has(name));
  const isFree = batchFreeValues(model, inferred, hasBatch);
  return (value) => {
    const type = inferred.types.get(value);
    if (type?.kind !== "tensor" || !type.shape) return undefined;
    const shape: readonly Dim[] = type.shape;
    // A size that only data decides may be one of the batch.
    if (!shape.every((dim) => [...freeNames(dim)].every((name) => given.has(name)))) return undefined;
    const axes = shape.flatMap((dim, axis) => (hasBatch(dim) ? [axis] : []));
    const [axis] = axes;
    // A tensor without such an axis may still be made of the rows: a shape that is computed, a mean over the batch.
    if (axis === undefined) return isFree(value) ? null : undefined;
    const dim = shape[axis];
    return axes.length === 1 && dim !== undefined && equalDims(dim, batch) ? axis : undefined;
  };
}

/** Values that follow from what the batch does not touch: weights, inputs without it, sizes that are none of its. */
function batchFreeValues({ graph }: ModelGraph, { types, values }: InferredGraph, hasBatch: (dim: Dim) => boolean): (value: string) => boolean {
  const isKnown = (value: string): boolean => values.get(value)?.elements.every((element) => element !== undefined && !(isInteger(element) && hasBatch(element))) ?? false;
  const hasAxis = (value: string): boolean => {
    const type = types.get(value);
    return type?.kind !== "tensor" || !type.shape || type.shape.some(hasBatch);
  };
  const touched = new Set(graph.inputs.map((input) => input.name).filter((name) => hasAxis(name) && !isKnown(name)));
  // Nodes stand after those they use.
  for (const node of graph.nodes) {
    const isTouched = [...node.inputs, ...capturesOf(node)].some((name) => touched.has(name));
    for (const output of node.outputs) if (isTouched && !isKnown(output)) touched.add(output);
  }
  return (value) => !touched.has(value);
}
