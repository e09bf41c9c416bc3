/** Dimension formulas as JavaScript give what the polynomial gives. */
import fc from "fast-check";
import { expect, test } from "vitest";
import { emitDim } from "../../../compiler/emit/emit-dim.ts";
import { addDims, dimName, dimOf, floorDivDim, maxDims, mulDims, subDims } from "../../../language/tensor/dim.ts";
import type { Dim } from "../../../language/tensor/dim.ts";
import { evaluateDim } from "../../../language/tensor/evaluate-dim.ts";

const dims: fc.Arbitrary<Dim> = fc.letrec<{ dim: Dim }>((tie) => ({
  dim: fc.oneof(
    { depthSize: "small", withCrossShrink: true },
    fc.constantFrom("H", "W", "T").map(dimName),
    fc.integer({ min: 0, max: 9 }).map((n) => dimOf(n)),
    fc.tuple(tie("dim"), tie("dim")).map(([a, b]) => addDims(a, b)),
    fc.tuple(tie("dim"), tie("dim")).map(([a, b]) => subDims(a, b)),
    fc.tuple(tie("dim"), tie("dim")).map(([a, b]) => mulDims(a, b)),
    fc.tuple(tie("dim"), tie("dim")).map(([a, b]) => maxDims(a, b)),
    fc.tuple(tie("dim"), fc.integer({ min: 2, max: 8 })).map(([a, c]) => floorDivDim(a, c)),
  ),
})).dim;

test("constants are numbers, lone names are names", () => {
  expect(emitDim(dimOf(48))).toBe("48");
  expect(emitDim(dimName("W"))).toBe('"W"');
});

test("formulas compute the polynomial", () => {
  fc.assert(
    fc.property(dims, fc.record({ H: fc.nat(50), W: fc.nat(50), T: fc.nat(50) }), (dim, sizes) => {
      const made: unknown = new Function(`return (${emitDim(dim)});`)();
      const value = typeof made === "number" ? made : typeof made === "string" ? sizes[made as keyof typeof sizes] : (made as { evaluate: (sizes: Record<string, number>) => number }).evaluate(sizes);
      expect(value).toBe(evaluateDim(dim, new Map(Object.entries(sizes))));
    }),
    { seed: 7, numRuns: 300 },
  );
});
