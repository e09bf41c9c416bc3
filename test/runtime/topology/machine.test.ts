/** What the machine lets a process have. */
import { availableParallelism } from "node:os";
import { afterEach, expect, it } from "vitest";
import { coresOfMachine, freeMemoryBytes, nativeThreads } from "../../../runtime/topology/machine.ts";

const before = process.env["PIPEC_CORES"];
afterEach(() => {
  if (before === undefined) delete process.env["PIPEC_CORES"];
  else process.env["PIPEC_CORES"] = before;
});

it("gives at least one core and no more than there are, unless told", () => {
  delete process.env["PIPEC_CORES"];
  expect(coresOfMachine()).toBeGreaterThanOrEqual(1);
  expect(coresOfMachine()).toBeLessThanOrEqual(availableParallelism());
  process.env["PIPEC_CORES"] = "7";
  expect(coresOfMachine()).toBe(7);
  process.env["PIPEC_CORES"] = "none";
  expect(coresOfMachine()).toBeLessThanOrEqual(availableParallelism());
});

it("has a native thread for each core, and as many as Node makes anyway", () => {
  process.env["PIPEC_CORES"] = "7";
  expect(nativeThreads()).toBe(7);
  process.env["PIPEC_CORES"] = "1";
  expect(nativeThreads()).toBe(4);
});

it("has memory left", () => {
  expect(freeMemoryBytes()).toBeGreaterThan(0);
});
