import { expect, test } from "vitest";
import { countAggregate } from "./kernel.ts";

test("counts children, none included", () => {
  expect(countAggregate.finish(countAggregate.start({}))).toBe(0n);
  expect(countAggregate.finish(countAggregate.step(countAggregate.step(countAggregate.start({}), null), 1))).toBe(2n);
});
