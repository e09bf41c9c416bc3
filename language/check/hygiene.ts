/**
 * Keeps the dimension names of a signature apart from those of its caller: both may say `H`. While a call is matched the
 * signature's names carry a mark, which `showDim` leaves out of messages.
 */
import type { Dim } from "../tensor/dim.ts";
import { dimName } from "../tensor/dim.ts";
import { substituteDim } from "../tensor/evaluate-dim.ts";
import type { Pattern } from "./pattern.ts";
import { nameMark } from "./print-type.ts";
import type { Signature } from "./signature.ts";

const marked = new WeakMap<Signature, Signature>();

export function markName(name: string): string {
  return `${nameMark}${name}`;
}

export function unmarkName(name: string): string {
  return name.startsWith(nameMark) ? name.slice(nameMark.length) : name;
}

/** The signature with all its dimension names marked. */
export function markSignature(signature: Signature): Signature {
  const known = marked.get(signature);
  if (known !== undefined) return known;
  const result = markNames(signature, new Set([...signature.dimNames, ...signature.valueDims]));
  marked.set(signature, result);
  return result;
}

/** The signature with the given names marked. */
export function markNames(signature: Signature, names: ReadonlySet<string>): Signature {
  const renames = new Map([...names].map((name) => [name, dimName(markName(name))]));
  const mark = (name: string): string => (names.has(name) ? markName(name) : name);
  const rename = (dim: Dim): Dim => substituteDim(dim, renames);
  return {
    ...signature,
    params: signature.params.map((param) => ({ ...param, type: renamePattern(param.type, rename, mark) })),
    result: renamePattern(signature.result, rename, mark),
    dimNames: new Set([...signature.dimNames].map(mark)),
    bounds: signature.bounds.map((bound) => ({ ...bound, left: rename(bound.left), right: rename(bound.right) })),
  };
}

function renamePattern(pattern: Pattern, rename: (dim: Dim) => Dim, mark: (name: string) => string): Pattern {
  switch (pattern.kind) {
    case "tensor": return { ...pattern, shape: pattern.shape.map((dim) => ("rest" in dim ? dim : rename(dim))) };
    case "optional": return { kind: "optional", inner: renamePattern(pattern.inner, rename, mark) };
    case "list": {
      const element = renamePattern(pattern.element, rename, mark);
      return pattern.elementDims === undefined ? { ...pattern, element } : { ...pattern, element, elementDims: pattern.elementDims.map(mark) };
    }
    case "record": return { ...pattern, fields: pattern.fields.map((field) => ({ ...field, type: renamePattern(field.type, rename, mark) })) };
    default: return pattern;
  }
}
