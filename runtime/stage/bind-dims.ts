/**
 * The sizes of a model call's named dimensions. A row's own sizes come from its inputs; padded ones are rounded up to
 * their multiple. Rows may share a batch if and only if their padded sizes are equal.
 */
import { RowError } from "../contract/kernel.ts";
import type { ModelPortSpec, ModelSpec } from "../contract/program.ts";
import { isTensor } from "../contract/tensor.ts";
import type { Value } from "../contract/value.ts";

export type Dims = Readonly<Record<string, number>>;

export interface RowDims {
  readonly own: Dims;
  readonly padded: Dims;
  /** Equal for rows that may share a batch. */
  readonly key: string;
}

/** The dims of one row, from its values by port name. A disagreement is the row's fault. */
export function bindRow(model: ModelSpec, values: ReadonlyMap<string, Value>): RowDims {
  const own: Record<string, number> = {};
  for (const port of model.inputs) {
    const value = values.get(port.port);
    if (value !== undefined) bindPort(port, value, own);
  }
  const padded: Record<string, number> = { ...own };
  for (const { dim, multiple } of model.pad) {
    // At least one multiple: models rarely take an axis of size 0.
    if (own[dim] !== undefined) padded[dim] = Math.max(1, Math.ceil(own[dim] / multiple)) * multiple;
  }
  const key = Object.entries(padded).map(([name, size]) => `${name}=${size}`).join();
  return { own, padded, key };
}

function bindPort(port: ModelPortSpec, value: Value, dims: Record<string, number>): void {
  const shape = shapeOf(value);
  if (shape.length !== port.rowShape.length) throw new RowError(`model input \`${port.port}\` wants rank ${port.rowShape.length}, the row's value has rank ${shape.length}`);
  const formulas: (() => void)[] = [];
  port.rowShape.forEach((size, axis) => {
    if (typeof size === "string") {
      const bound = (dims[size] ??= shape[axis]);
      if (bound !== shape[axis]) throw new RowError(`model input \`${port.port}\` has ${shape[axis]} on axis ${axis}, but ${size} is ${bound} in this row`);
    } else if (typeof size === "number") {
      if (size !== shape[axis]) throw new RowError(`model input \`${port.port}\` has ${shape[axis]} on axis ${axis}, expected ${size}`);
    } else {
      formulas.push(() => {
        const wanted = size.evaluate(dims);
        if (wanted !== shape[axis]) throw new RowError(`model input \`${port.port}\` has ${shape[axis]} on axis ${axis}, expected ${size.text} = ${wanted}`);
      });
    }
  });
  for (const check of formulas) check();
}

export function shapeOf(value: Value): readonly number[] {
  return typeof value === "object" && value !== null && !(value instanceof Uint8Array) && isTensor(value) ? value.shape : [];
}

/** A port's shape under these dims; undefined where a name is bound by nothing (a size only the model knows). */
export function shapeUnder(port: ModelPortSpec, dims: Dims): readonly (number | undefined)[] {
  return port.rowShape.map((size) => {
    if (typeof size === "number") return size;
    if (typeof size === "string") return dims[size];
    const made = size.evaluate(dims);
    return Number.isNaN(made) ? undefined : made;
  });
}

/** The same for inputs, whose names are all bound. */
export function inputShape(port: ModelPortSpec, dims: Dims): readonly number[] {
  return shapeUnder(port, dims).map((size, axis) => {
    if (size === undefined) throw new Error(`axis ${axis} of model input ${port.port} has no size`);
    return size;
  });
}
