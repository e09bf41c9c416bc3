/** Types as a file declares them: their reading as inferred types, and their contradictions with what was inferred. */
import { constantOf, dimName, dimNumber, dimOf } from "../../../language/tensor/dim.ts";
import type { Dim } from "../../../language/tensor/dim.ts";
import type { FileDim, ValueType } from "../model-graph.ts";
import { tensorType, unknownType } from "./inferred-type.ts";
import type { InferredType } from "./inferred-type.ts";

/** How a dimension's name and a nameless dimension are read. */
export interface DimReading {
  readonly symbol: (name: string) => Dim;
  readonly nameless: () => Dim;
}

/** The declared type as an inferred one. */
export function readDeclared(type: ValueType, reading: DimReading): InferredType {
  switch (type.kind) {
    case "tensor":
      return tensorType(type.dtype, type.dims?.map((dim) => readDim(dim, reading)));
    case "sparseTensor":
      return { kind: "sparseTensor", dtype: type.dtype, shape: type.dims?.map((dim) => readDim(dim, reading)) };
    case "sequence":
      return { kind: "sequence", element: readDeclared(type.element, reading) };
    case "optional":
      return { kind: "optional", element: readDeclared(type.element, reading) };
    case "map":
      return { kind: "map", key: type.key, value: readDeclared(type.value, reading) };
    case "unknown":
      return unknownType;
  }
}

function readDim(dim: FileDim, reading: DimReading): Dim {
  if (typeof dim === "number") return dim >= 0 ? dimOf(dim) : reading.nameless();
  return dim === null || dim === "" ? reading.nameless() : reading.symbol(dim);
}

/** All dimension names in a declared type. */
export function symbolsOf(type: ValueType): readonly string[] {
  switch (type.kind) {
    case "tensor":
    case "sparseTensor":
      return (type.dims ?? []).filter((dim) => typeof dim === "string");
    case "sequence":
    case "optional":
      return symbolsOf(type.element);
    case "map":
      return symbolsOf(type.value);
    case "unknown":
      return [];
  }
}

/** The reading of declarations when only kinds, dtypes, ranks and numbers matter. */
const numbersOnly: DimReading = { symbol: (name) => dimName(name), nameless: () => dimName("?") };

/**
 * Why a declared type cannot be right, or undefined. Names in it say nothing: exporters invent them. Whatever inference
 * does not know contradicts nothing.
 */
export function contradiction(declared: ValueType, inferred: InferredType): string | undefined {
  return typeContradiction(readDeclared(declared, numbersOnly), inferred);
}

function typeContradiction(declared: InferredType, inferred: InferredType): string | undefined {
  if (declared.kind === "unknown" || inferred.kind === "unknown") return undefined;
  if (declared.kind !== inferred.kind) return `a ${inferred.kind}, not a ${declared.kind}`;
  switch (declared.kind) {
    case "tensor":
    case "sparseTensor":
      return inferred.kind === declared.kind ? tensorContradiction(declared, inferred) : undefined;
    case "sequence":
    case "optional": {
      const inner = inferred.kind === declared.kind ? typeContradiction(declared.element, inferred.element) : undefined;
      return inner && `a ${declared.kind} of ${inner}`;
    }
    case "map":
      return inferred.kind === "map" && inferred.key !== declared.key ? `a map with ${inferred.key} keys, not ${declared.key}` : undefined;
  }
}

type TensorKind = Extract<InferredType, { kind: "tensor" | "sparseTensor" }>;

function tensorContradiction(declared: TensorKind, inferred: TensorKind): string | undefined {
  if (declared.dtype !== inferred.dtype && declared.dtype !== "undefined" && inferred.dtype !== "undefined") {
    return `${inferred.dtype}, not ${declared.dtype}`;
  }
  const { shape } = inferred;
  if (!declared.shape || !shape) return undefined;
  if (declared.shape.length !== shape.length) return `of rank ${shape.length}, not ${declared.shape.length}`;
  const axis = declared.shape.findIndex((dim, i) => {
    const [a, b] = [constantOf(dim), constantOf(shape[i])];
    return a !== undefined && b !== undefined && a !== b;
  });
  return axis < 0 ? undefined : `of dimension ${dimNumber(shape[axis])} at axis ${axis}, not ${dimNumber(declared.shape[axis])}`;
}
