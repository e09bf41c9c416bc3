import { expect, test } from "vitest";
import { exactSum, exactSumAtMost, exponentOf, scaleByPowerOfTwo } from "../../../../compiler/plan/solve/exact-sum.ts";
import { createRandom } from "../../../support/random.ts";

test("sums that plain addition gets wrong", () => {
  expect(exactSum([1e16, 1, -1e16])).toBe(1);
  expect(exactSum([0.1, 0.2, 0.3, -0.6])).toBe(2 ** -55);
  expect(exactSum(Array.from({ length: 10 }, () => 0.1))).toBe(1);
  expect(exactSum([])).toBe(0);
  expect(exactSum([2 ** -1074, 2 ** -1074])).toBe(2 ** -1073);
  expect(exactSum([1e200, 1e-200])).toBe(1e200);
});

test("the halfway case goes to the even neighbour, and anything beyond it up", () => {
  expect(exactSum([2 ** 53, 1])).toBe(2 ** 53);
  expect(exactSum([2 ** 53, 1, 2 ** -300])).toBe(2 ** 53 + 2);
});

test("the order does not matter, and integers are summed as integers", () => {
  const random = createRandom(3);
  for (let i = 0; i < 200; i++) {
    const values = Array.from({ length: 12 }, () => scaleByPowerOfTwo(random.integer(1 << 30), random.integer(200) - 100));
    expect(exactSum(values.toReversed())).toBe(exactSum(values));
    const integers = values.map((_, j) => random.integer(1 << 20) * (j % 2 === 0 ? 1 : -1));
    expect(exactSum(integers)).toBe(integers.reduce((sum, value) => sum + value, 0));
  }
});

test("comparison with a limit is exact too", () => {
  expect(exactSumAtMost([0.1, 0.2], 0.3)).toBe(false);
  expect(exactSumAtMost([0.5, 0.25], 0.75)).toBe(true);
  expect(exactSumAtMost([1e300], Infinity)).toBe(true);
});

test("exponents", () => {
  for (const value of [1, 1.5, 2, 3, 0.75, 1e-300, 1e300]) {
    const exponent = exponentOf(value);
    expect(scaleByPowerOfTwo(1, exponent)).toBeLessThanOrEqual(value);
    expect(scaleByPowerOfTwo(value, -exponent)).toBeLessThan(2);
  }
});
