import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { collectNowAndThen, heapArguments } from "../../../runtime/topology/collect-heap.ts";

const heap = vi.hoisted(() => ({ bytes: 0 }));
vi.mock("node:v8", () => ({ getHeapStatistics: () => ({ used_heap_size: heap.bytes }) }));

beforeEach(() => void vi.useFakeTimers());
afterEach(() => {
  vi.useRealTimers();
  vi.unstubAllGlobals();
});

test("a heap that V8 would let lie is collected once a minute", () => {
  const collect = vi.fn();
  vi.stubGlobal("gc", collect);
  heap.bytes = 10 * 2 ** 20;
  collectNowAndThen();
  vi.advanceTimersByTime(5 * 60_000);
  expect(collect).toHaveBeenCalledTimes(5);

  heap.bytes = 500 * 2 ** 20;
  vi.advanceTimersByTime(5 * 60_000);
  expect(collect, "a large one is V8's own business").toHaveBeenCalledTimes(5);
});

test("where the engine was not started for it, nothing is done", () => {
  vi.stubGlobal("gc", undefined);
  collectNowAndThen();
  expect(vi.getTimerCount()).toBe(0);
});

test("threads that move few rows at a time keep little room for new objects, what moves thousands has V8's", () => {
  expect(heapArguments(16)).toContain("--max-semi-space-size=4");
  expect(heapArguments(4096).join(" ")).not.toContain("semi-space");
});
