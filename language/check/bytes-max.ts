/**
 * How many bytes a value can take in one row, from the bounds of its dimensions or from stated limits. What nothing
 * bounds is limited by `row_max`: a row over it is a row error. Sizes are those of Arrow layout: 4 bytes of offset for
 * each string, list or bytes value, a byte for each value that may be null.
 */
import type { ValueType } from "../catalog/value-type.ts";
import { bytesOfDtype } from "../tensor/dtype.ts";
import type { DimFacts } from "./checked-program.ts";
import { elementsMax } from "./dim-scope.ts";

/** The default of the pipeline setting `row_max`. */
export const defaultRowMaxBytes = 64 * 2 ** 20;

const offsetBytes = 4;

/** The most bytes of one value; `rowMaxBytes` where nothing else bounds it. */
export function bytesMaxOf(type: ValueType, dims: DimFacts, rowMaxBytes: number = defaultRowMaxBytes): number {
  return statedBytesMax(type, dims, rowMaxBytes) ?? rowMaxBytes;
}

function statedBytesMax(type: ValueType, dims: DimFacts, rowMaxBytes: number): number | undefined {
  switch (type.kind) {
    case "tensor": {
      const count = elementsMax(dims, type.shape);
      // A tensor of strings has no fixed size; its text is bounded as a whole.
      return count === undefined || type.dtype === "string" ? undefined : Number(count) * bytesOfDtype(type.dtype);
    }
    case "string": {
      if (type.literals !== undefined) return Math.max(0, ...type.literals.map((text) => text.length * 3)) + offsetBytes;
      return type.bytesMax === undefined ? undefined : type.bytesMax + offsetBytes;
    }
    case "bytes": return type.bytesMax === undefined ? undefined : type.bytesMax + offsetBytes;
    case "null": return 1;
    case "optional": {
      const inner = statedBytesMax(type.inner, dims, rowMaxBytes);
      return inner === undefined ? undefined : inner + 1;
    }
    case "list": {
      const element = statedBytesMax(type.element, dims, rowMaxBytes);
      return element === undefined || type.lengthMax === undefined ? undefined : type.lengthMax * element + offsetBytes;
    }
    case "record": {
      let sum = 0;
      for (const field of type.fields) sum += statedBytesMax(field.type, dims, rowMaxBytes) ?? rowMaxBytes;
      return sum;
    }
    case "table": case "resource": case "quantity": case "range": case "error":
      return 0;
  }
}
