/** Dimensions: the normal form, its printing, evaluation, solving, intervals and proofs, against plain bigint arithmetic. */
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { intervalOfDim, proveEqual, proveLessEqual } from "../../../language/tensor/bound-dim.ts";
import { addDims, ceilDivDim, dimName, dimNumber, dimOf, divideDims, equalDims, floorDivDim, maxDims, minDims, mulDims, subDims } from "../../../language/tensor/dim.ts";
import type { Dim } from "../../../language/tensor/dim.ts";
import { evaluateDim, evaluateDimExact, freeNames, solveDim, substituteDim } from "../../../language/tensor/evaluate-dim.ts";
import { printDim } from "../../../language/tensor/print-dim.ts";
import { bytesOf } from "../../../language/tensor/tensor-type.ts";

/** A dimension together with the same expression over bigints. */
interface Twin {
  readonly dim: Dim;
  readonly value: (env: ReadonlyMap<string, bigint>) => bigint;
}

const names = ["N", "T", "H"] as const;
const floorOf = (a: bigint, c: bigint): bigint => (a - (((a % c) + c) % c)) / c;
const largest = (a: bigint, b: bigint): bigint => (a > b ? a : b);

const leaf: fc.Arbitrary<Twin> = fc.oneof(
  fc.integer({ min: -20, max: 20 }).map((n): Twin => ({ dim: dimOf(n), value: () => BigInt(n) })),
  fc.constantFrom(...names).map((name): Twin => ({ dim: dimName(name), value: (env) => env.get(name) ?? 0n })),
);
const { twin } = fc.letrec<{ twin: Twin }>((tie) => ({
  twin: fc.oneof(
    { maxDepth: 5, depthIdentifier: "dim" },
    leaf,
    fc.tuple(tie("twin"), tie("twin")).map(([a, b]): Twin => ({ dim: addDims(a.dim, b.dim), value: (env) => a.value(env) + b.value(env) })),
    fc.tuple(tie("twin"), tie("twin")).map(([a, b]): Twin => ({ dim: subDims(a.dim, b.dim), value: (env) => a.value(env) - b.value(env) })),
    fc.tuple(tie("twin"), tie("twin")).map(([a, b]): Twin => ({ dim: mulDims(a.dim, b.dim), value: (env) => a.value(env) * b.value(env) })),
    fc.tuple(tie("twin"), fc.integer({ min: 1, max: 9 })).map(([a, c]): Twin => ({ dim: floorDivDim(a.dim, c), value: (env) => floorOf(a.value(env), BigInt(c)) })),
    fc.tuple(tie("twin"), fc.integer({ min: 1, max: 9 })).map(([a, c]): Twin => ({ dim: ceilDivDim(a.dim, c), value: (env) => -floorOf(-a.value(env), BigInt(c)) })),
    fc.tuple(tie("twin"), tie("twin")).map(([a, b]): Twin => ({ dim: maxDims(a.dim, b.dim), value: (env) => largest(a.value(env), b.value(env)) })),
    fc.tuple(tie("twin"), tie("twin")).map(([a, b]): Twin => ({ dim: minDims(a.dim, b.dim), value: (env) => -largest(-a.value(env), -b.value(env)) })),
  ),
}));
const environment = fc.tuple(...names.map((name) => fc.bigInt({ min: 0n, max: 60n }).map((value): readonly [string, bigint] => [name, value]))).map((pairs) => new Map(pairs));
const run = { seed: 20250, numRuns: 400 };

const N = dimName("N");
const T = dimName("T");
const H = dimName("H");

describe("normal form", () => {
  test("means what was written", () => {
    fc.assert(
      fc.property(twin, environment, (x, env) => {
        expect(evaluateDimExact(x.dim, env)).toBe(x.value(env));
      }),
      run,
    );
  });

  test("addition and multiplication are those of a commutative ring", () => {
    fc.assert(
      fc.property(twin, twin, twin, (x, y, z) => {
        const [a, b, c] = [x.dim, y.dim, z.dim];
        expect(addDims(a, b).key).toBe(addDims(b, a).key);
        expect(mulDims(a, b).key).toBe(mulDims(b, a).key);
        expect(addDims(addDims(a, b), c).key).toBe(addDims(a, addDims(b, c)).key);
        expect(mulDims(mulDims(a, b), c).key).toBe(mulDims(a, mulDims(b, c)).key);
        expect(mulDims(a, addDims(b, c)).key).toBe(addDims(mulDims(a, b), mulDims(a, c)).key);
        expect(subDims(a, a).key).toBe("0");
      }),
      run,
    );
  });

  test("a product divides by its factors", () => {
    fc.assert(
      fc.property(twin, twin, (x, y) => {
        fc.pre(y.dim.terms.length > 0);
        expect(divideDims(mulDims(x.dim, y.dim), y.dim)?.key).toBe(x.dim.key);
      }),
      run,
    );
  });

  test("substitution commutes with evaluation", () => {
    fc.assert(
      fc.property(twin, twin, environment, (x, y, env) => {
        const replaced = substituteDim(x.dim, new Map([["T", y.dim]]));
        const value = y.value(env);
        fc.pre(value >= 0n);
        expect(evaluateDimExact(replaced, env)).toBe(x.value(new Map([...env, ["T", value]])));
      }),
      run,
    );
  });

  test("nested floors and sums of multiples collapse", () => {
    expect(equalDims(floorDivDim(floorDivDim(T, 2), 3), floorDivDim(T, 6))).toBe(true);
    expect(equalDims(floorDivDim(addDims(mulDims(dimOf(4), T), dimOf(3)), 4), T)).toBe(true);
    expect(equalDims(ceilDivDim(ceilDivDim(H, 2), 2), ceilDivDim(H, 4))).toBe(true);
  });

  test("names are dimensions, so never negative", () => {
    expect(maxDims(T, dimOf(0)).key).toBe("T");
    expect(maxDims(dimOf(-1), mulDims(N, T)).key).toBe("N*T");
  });
});

describe("printing", () => {
  test.each<[string, Dim]>([
    ["2*T + 1", addDims(mulDims(dimOf(2), T), dimOf(1))],
    ["floor((H + 3)/8)", floorDivDim(addDims(H, dimOf(3)), 8)],
    ["ceil(H/2)", floorDivDim(addDims(H, dimOf(1)), 2)],
    ["5 - T", subDims(dimOf(5), T)],
    ["N*T*T", mulDims(T, mulDims(T, N))],
    ["min(T, 512)", minDims(T, dimOf(512))],
    ["max(T, 512)", maxDims(T, dimOf(512))],
    ["max(T, 3) - 3", subDims(maxDims(T, dimOf(3)), dimOf(3))],
    ["0", dimOf(0)],
    ["-7", dimOf(-7)],
    ['"batch*seq"', dimName("batch*seq")],
  ])("%s", (text, dim) => expect(printDim(dim)).toBe(text));

  test("the bytes of a tensor are a dimension too", () => {
    expect(printDim(bytesOf({ dtype: "f32", shape: [N, dimOf(3), T] }) ?? N)).toBe("12*N*T");
    expect(bytesOf({ dtype: "string", shape: [N] })).toBeUndefined();
  });
});

describe("values", () => {
  test("are exact beyond 2^53", () => {
    const dim = mulDims(T, T);
    expect(evaluateDimExact(dim, new Map([["T", 2n ** 40n + 1n]]))).toBe((2n ** 40n + 1n) ** 2n);
    expect(evaluateDim(dim, new Map([["T", 7]]))).toBe(49);
    expect(evaluateDim(dim, new Map())).toBeUndefined();
    expect(dimNumber(dimOf(2n ** 60n))).toBeUndefined();
  });

  test("free names are found inside floor and max", () => {
    expect([...freeNames(addDims(floorDivDim(T, 3), maxDims(N, H)))].sort()).toEqual(["H", "N", "T"]);
  });

  test("a use c*x + d binds x exactly or not at all", () => {
    const use = addDims(mulDims(dimOf(2), T), dimOf(1));
    expect(solveDim(use, "T", dimOf(9))).toMatchObject({ kind: "solved", value: { key: "4" } });
    expect(solveDim(use, "T", dimOf(8))).toMatchObject({ kind: "inexact", divisor: 2n });
    expect(solveDim(use, "T", addDims(mulDims(dimOf(4), N), dimOf(1)))).toMatchObject({ kind: "solved", value: { key: "2*N" } });
    expect(solveDim(addDims(T, N), "T", H)).toMatchObject({ kind: "solved", value: { key: "H + -1*N" } });
    expect(solveDim(mulDims(T, T), "T", dimOf(9)).kind).toBe("notLinear");
    expect(solveDim(floorDivDim(T, 2), "T", dimOf(9)).kind).toBe("notLinear");
  });
});

describe("bounds", () => {
  test("an interval contains every value", () => {
    const bound = fc.tuple(fc.integer({ min: 0, max: 20 }), fc.integer({ min: 0, max: 20 })).map(([low, width]) => ({ low, high: low + width }));
    fc.assert(
      fc.property(twin, bound, bound, fc.double({ min: 0, max: 1, noNaN: true }), (x, n, t, where) => {
        const bounds = new Map([["N", n], ["T", t]]);
        const at = ({ low, high }: { low: number; high: number }): bigint => BigInt(Math.round(low + (high - low) * where));
        const value = x.value(new Map([["N", at(n)], ["T", at(t)], ["H", 31n]]));
        const { low, high } = intervalOfDim(x.dim, bounds);
        if (low !== undefined) expect(low <= value).toBe(true);
        if (high !== undefined) expect(value <= high).toBe(true);
      }),
      run,
    );
  });

  test("what is proved holds", () => {
    fc.assert(
      fc.property(twin, twin, environment, (x, y, env) => {
        if (proveLessEqual(x.dim, y.dim, new Map())) expect(x.value(env) <= y.value(env)).toBe(true);
        if (proveEqual(x.dim, y.dim, new Map())) expect(x.value(env)).toBe(y.value(env));
      }),
      run,
    );
  });

  test.each<[string, Dim, Dim, boolean]>([
    ["T/2 <= T", floorDivDim(T, 2), T, true],
    ["T <= 2*ceil(T/2)", T, mulDims(dimOf(2), ceilDivDim(T, 2)), true],
    ["8*ceil(T/8) <= T + 7", mulDims(dimOf(8), ceilDivDim(T, 8)), addDims(T, dimOf(7)), true],
    ["ceil(T/16) <= 2*ceil(T/32)", ceilDivDim(T, 16), mulDims(dimOf(2), ceilDivDim(T, 32)), true],
    ["2*ceil(T/32) <= ceil(T/16)", mulDims(dimOf(2), ceilDivDim(T, 32)), ceilDivDim(T, 16), false],
    ["min(T, 512) <= T", minDims(T, dimOf(512)), T, true],
    ["T <= T*T", T, mulDims(T, T), true],
    ["T <= 512", T, dimOf(512), true],
    ["T <= 511", T, dimOf(511), false],
  ])("%s with T in 1..512", (_, a, b, expected) => {
    expect(proveLessEqual(a, b, new Map([["T", { low: 1, high: 512 }]]))).toBe(expected);
  });
});
