/** Dimensions as text, in the language's own notation: `2*T + 1`, `floor((W + 3)/8)`, `ceil(H/2)`, `min(T, 512)`. */
import { constantTerm, dimOf, scaleDim, subDims } from "./dim.ts";
import type { Atom, Dim, Term } from "./dim.ts";

/** A term as shown: its sign, and its text without it. */
interface Shown {
  readonly negative: boolean;
  readonly text: string;
}

/** A dimension as a person would write it. */
export function printDim(dim: Dim): string {
  const shown = dim.terms.map(showTerm);
  const first = shown.find((term) => !term.negative) ?? shown[0];
  if (!first) return "0";
  const rest = shown.filter((term) => term !== first);
  return [first.negative ? `-${first.text}` : first.text, ...rest.map((term) => `${term.negative ? "-" : "+"} ${term.text}`)].join(" ");
}

/** `[N, 3, ceil(H/2)]`; `[]` for rank 0. */
export function printShape(shape: readonly Dim[]): string {
  return `[${shape.map(printDim).join(", ")}]`;
}

function showTerm(term: Term): Shown {
  let sign = term.coefficient < 0n ? -1 : 1;
  const magnitude = term.coefficient < 0n ? -term.coefficient : term.coefficient;
  const factors: string[] = [];
  for (const { atom, power } of term.factors) {
    if (atom.kind === "max" && power === 1 && sign < 0 && atom.operands.every(isNegated)) {
      // -max(-a, -b) reads as min(a, b).
      factors.push(`min(${atom.operands.map((operand) => printDim(scaleDim(operand, -1n))).join(", ")})`);
      sign = 1;
      continue;
    }
    for (let i = 0; i < power; i++) factors.push(printAtom(atom));
  }
  const scale = magnitude === 1n && factors.length > 0 ? [] : [String(magnitude)];
  return { negative: sign < 0, text: [...scale, ...factors].join("*") };
}

function isNegated(dim: Dim): boolean {
  return (dim.terms[0]?.coefficient ?? 0n) < 0n;
}

function printAtom(atom: Atom): string {
  switch (atom.kind) {
    case "name":
      return atom.key;
    case "floor":
      return printFloor(atom.numerator, atom.divisor);
    case "max":
      return `max(${atom.operands.map(printDim).join(", ")})`;
  }
}

function printFloor(numerator: Dim, divisor: bigint): string {
  const up = constantTerm(numerator) === divisor - 1n;
  const shown = up ? subDims(numerator, dimOf(divisor - 1n)) : numerator;
  const text = printDim(shown);
  return `${up ? "ceil" : "floor"}(${shown.terms.length > 1 ? `(${text})` : text}/${divisor})`;
}
