/**
 * How many bytes a value can take in one row, from the bounds of its dimensions or from stated limits. What nothing
 * bounds is limited by the pipeline's settings: a string by `text_max`, everything else by `row_max`; a row over them is
 * a row error. Sizes are those of Arrow layout: 4 bytes of offset for each string, list or bytes value, a byte for each
 * value that may be null.
 */
import type { ValueType } from "../catalog/value-type.ts";
import { bytesOfDtype } from "../tensor/dtype.ts";
import type { DimFacts, SettingValue, Settings } from "./checked-program.ts";
import { elementsMax } from "./dim-scope.ts";

/** What values may take that nothing else bounds: the pipeline settings `row_max` and `text_max`. */
export interface SizeLimits {
  readonly rowBytesMax: number;
  readonly textBytesMax: number;
}

export const defaultSizeLimits: SizeLimits = { rowBytesMax: 64 * 2 ** 20, textBytesMax: 2 ** 20 };

const offsetBytes = 4;

/** The limits that a pipeline's settings state, or the defaults. */
export function sizeLimitsOf(settings: Settings): SizeLimits {
  return {
    rowBytesMax: bytesSetting(settings["row_max"]) ?? defaultSizeLimits.rowBytesMax,
    textBytesMax: bytesSetting(settings["text_max"]) ?? defaultSizeLimits.textBytesMax,
  };
}

function bytesSetting(setting: SettingValue | undefined): number | undefined {
  return setting?.kind === "constant" && setting.value.kind === "quantity" ? setting.value.value : undefined;
}

/** The most bytes of one value; the limit where nothing else bounds it. */
export function bytesMaxOf(type: ValueType, dims: DimFacts, limits: SizeLimits = defaultSizeLimits): number {
  return statedBytesMax(type, dims, limits) ?? (isText(type) ? Math.min(limits.textBytesMax, limits.rowBytesMax) : limits.rowBytesMax);
}

/** Whether a type or the program bounds the value's bytes, rather than the limits alone. */
export function hasBytesMax(type: ValueType, dims: DimFacts): boolean {
  return statedBytesMax(type, dims, defaultSizeLimits) !== undefined;
}

function isText(type: ValueType): boolean {
  return type.kind === "string" || (type.kind === "optional" && isText(type.inner));
}

function statedBytesMax(type: ValueType, dims: DimFacts, limits: SizeLimits): number | undefined {
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
      const inner = statedBytesMax(type.inner, dims, limits);
      return inner === undefined ? undefined : inner + 1;
    }
    case "list": {
      const element = statedBytesMax(type.element, dims, limits);
      return element === undefined || type.lengthMax === undefined ? undefined : type.lengthMax * element + offsetBytes;
    }
    case "record": {
      let sum = 0;
      for (const field of type.fields) sum += bytesMaxOf(field.type, dims, limits);
      return sum;
    }
    case "table": case "resource": case "quantity": case "range": case "error":
      return 0;
  }
}
