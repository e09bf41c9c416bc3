/**
 * The sizes of a model call's named dimensions. A row's own sizes come from its inputs; padded ones are rounded up to
 * their multiple. Rows may share a batch if and only if their padded sizes are equal.
 */
import { RowError } from "../contract/kernel.ts";
import type { DimFormula, ModelPortSpec, ModelSpec } from "../contract/program.ts";
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
  const shapes = model.inputs.flatMap((port) => {
    const value = values.get(port.port);
    return value === undefined ? [] : [{ port, shape: shapeOf(value) }];
  });
  for (const { port, shape } of shapes) bindNames(port, shape, own);
  for (const { port, shape } of shapes) bindFormulas(port, shape, own);
  const padded: Record<string, number> = { ...own };
  for (const { dim, multiple } of model.pad) {
    // At least one multiple: models rarely take an axis of size 0.
    if (own[dim] !== undefined) padded[dim] = Math.max(1, Math.ceil(own[dim] / multiple)) * multiple;
  }
  const key = Object.entries(padded).map(([name, size]) => `${name}=${size}`).join();
  return { own, padded, key };
}

function bindNames(port: ModelPortSpec, shape: readonly number[], dims: Record<string, number>): void {
  if (shape.length !== port.rowShape.length) throw new RowError(`model input \`${port.port}\` wants rank ${port.rowShape.length}, the row's value has rank ${shape.length}`);
  port.rowShape.forEach((size, axis) => {
    if (typeof size === "string") {
      const bound = (dims[size] ??= shape[axis]);
      if (bound !== shape[axis]) throw new RowError(`model input \`${port.port}\` has ${shape[axis]} on axis ${axis}, but ${size} is ${bound} in this row`);
    } else if (typeof size === "number" && size !== shape[axis]) {
      throw new RowError(`model input \`${port.port}\` has ${shape[axis]} on axis ${axis}, expected ${size}`);
    }
  });
}

/** Names that stand alone nowhere are bound here: the language allows `c*x + d`, solved exactly. */
function bindFormulas(port: ModelPortSpec, shape: readonly number[], dims: Record<string, number>): void {
  port.rowShape.forEach((size, axis) => {
    if (typeof size !== "object") return;
    const unbound = unboundNames(size, dims);
    if (unbound.length === 1) solveLinear(size, unbound[0], shape[axis], dims);
    const wanted = size.evaluate(dims);
    if (wanted !== shape[axis]) {
      const value = Number.isNaN(wanted) ? "" : ` = ${wanted}`;
      throw new RowError(`model input \`${port.port}\` has ${shape[axis]} on axis ${axis}, expected ${size.text}${value}`);
    }
  });
}

function unboundNames(formula: DimFormula, dims: Dims): readonly string[] {
  const read = new Set<string>();
  formula.evaluate(
    new Proxy(dims, {
      get: (target, name) => {
        if (typeof name === "string" && target[name] === undefined) read.add(name);
        return 0;
      },
    }),
  );
  return [...read];
}

/** Binds `name` if some size >= 0 of it gives `result`. */
function solveLinear(formula: DimFormula, name: string, result: number, dims: Record<string, number>): void {
  const at = (size: number): number => formula.evaluate({ ...dims, [name]: size });
  const size = (result - at(0)) / (at(1) - at(0));
  if (Number.isInteger(size) && size >= 0 && at(size) === result) dims[name] = size;
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
