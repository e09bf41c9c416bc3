/** Dimensions as JavaScript: formulas over `dims`, the sizes that a batch has bound. */
import type { Atom, Dim, Term } from "../../language/tensor/dim.ts";
import { dimNumber } from "../../language/tensor/dim.ts";
import { freeNames } from "../../language/tensor/evaluate-dim.ts";
import { printDim } from "../../language/tensor/print-dim.ts";
import { propertyAccess } from "./names.ts";

/** A number, a quoted name, or a `DimFormula`. */
export function emitDim(dim: Dim): string {
  const size = dimNumber(dim);
  if (size !== undefined) return String(size);
  const [name, another] = freeNames(dim);
  const text = printDim(dim);
  if (name !== undefined && another === undefined && text === name) return JSON.stringify(name);
  return `{ text: ${JSON.stringify(text)}, evaluate: (dims) => ${emitSum(dim)} }`;
}

function emitSum(dim: Dim): string {
  if (dim.terms.length === 0) return "0";
  return dim.terms
    .map((term, index) => {
      const isNegative = term.coefficient < 0n;
      const text = emitTerm({ ...term, coefficient: isNegative ? -term.coefficient : term.coefficient });
      return index === 0 ? (isNegative ? `-${text}` : text) : `${isNegative ? " - " : " + "}${text}`;
    })
    .join("");
}

function emitTerm(term: Term): string {
  const factors = term.factors.flatMap(({ atom, power }) => Array.from({ length: power }, () => emitAtom(atom)));
  return (term.coefficient === 1n && factors.length > 0 ? factors : [String(term.coefficient), ...factors]).join(" * ");
}

function emitAtom(atom: Atom): string {
  switch (atom.kind) {
    case "name":
      return `dims${propertyAccess(atom.name)}`;
    case "floor":
      return `Math.floor((${emitSum(atom.numerator)}) / ${atom.divisor})`;
    case "max":
      return `Math.max(${atom.operands.map(emitSum).join(", ")})`;
  }
}
