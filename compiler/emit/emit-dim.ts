/** Dimensions as JavaScript: formulas over `dims`, the sizes that a batch has bound, or over sizes of values at hand. */
import type { Atom, Dim, Term } from "../../language/tensor/dim.ts";
import { dimNumber } from "../../language/tensor/dim.ts";
import { freeNames } from "../../language/tensor/evaluate-dim.ts";
import { printDim } from "../../language/tensor/print-dim.ts";
import { propertyAccess } from "./names.ts";

/** A number, a quoted name, or a `DimFormula`. */
export function emitDim(dim: Dim): string {
  const size = dimNumber(dim);
  if (size !== undefined) return String(size);
  const name = loneName(dim);
  if (name !== undefined) return JSON.stringify(name);
  return `{ text: ${JSON.stringify(printDim(dim))}, evaluate: (dims) => ${emitSum(dim, (atom) => `dims${propertyAccess(atom)}`)} }`;
}

/** The dimension where each name's size is the code in `sizes`; undefined where one of them is not known there. */
export function emitSize(dim: Dim, sizes: ReadonlyMap<string, string>): string | undefined {
  return [...freeNames(dim)].every((name) => sizes.has(name)) ? emitSum(dim, (name) => sizes.get(name) ?? "") : undefined;
}

/** The name that a dimension consists of, if it is nothing else. */
export function loneName(dim: Dim): string | undefined {
  const [name, another] = freeNames(dim);
  return name !== undefined && another === undefined && printDim(dim) === name ? name : undefined;
}

type NameCode = (name: string) => string;

function emitSum(dim: Dim, codeOf: NameCode): string {
  if (dim.terms.length === 0) return "0";
  return dim.terms
    .map((term, index) => {
      const isNegative = term.coefficient < 0n;
      const text = emitTerm({ ...term, coefficient: isNegative ? -term.coefficient : term.coefficient }, codeOf);
      return index === 0 ? (isNegative ? `-${text}` : text) : `${isNegative ? " - " : " + "}${text}`;
    })
    .join("");
}

function emitTerm(term: Term, codeOf: NameCode): string {
  const factors = term.factors.flatMap(({ atom, power }) => Array.from({ length: power }, () => emitAtom(atom, codeOf)));
  return (term.coefficient === 1n && factors.length > 0 ? factors : [String(term.coefficient), ...factors]).join(" * ");
}

function emitAtom(atom: Atom, codeOf: NameCode): string {
  switch (atom.kind) {
    case "name":
      return codeOf(atom.name);
    case "floor":
      return `Math.floor((${emitSum(atom.numerator, codeOf)}) / ${atom.divisor})`;
    case "max":
      return `Math.max(${atom.operands.map((operand) => emitSum(operand, codeOf)).join(", ")})`;
  }
}
