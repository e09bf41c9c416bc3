/** What a worker is in the middle of, as seen from outside, and when it is worth a word that nothing moves. */
import { describe, expect, it } from "vitest";
import { createActivity, createActivityWords, createStallClock, readActivity } from "../../../runtime/recovery/activity.ts";

describe("activity", () => {
  it("shows the step and the source rows in flight, or the chunk's where nobody says which", () => {
    const words = createActivityWords();
    const activity = createActivity(words);
    expect(readActivity(words)).toBeUndefined();
    const ended = activity.begin("run", 3, { split: 1, firstRow: 100, rows: 50 }, (index) => 100 + 2 * index);
    expect(readActivity(words)).toEqual({ kind: "run", what: 3, split: 1, ranges: [{ first: 100, last: 149 }] });
    const [one, two] = [activity.rows(7, 7), activity.rows(2, 4)];
    expect(readActivity(words)?.ranges).toEqual([{ first: 104, last: 108 }, { first: 114, last: 114 }]);
    two();
    expect(readActivity(words)?.ranges).toEqual([{ first: 114, last: 114 }]);
    one();
    ended();
    expect(readActivity(words)).toBeUndefined();
  });

  it("has room for some rows, and takes more without showing them", () => {
    const words = createActivityWords();
    const activity = createActivity(words);
    activity.begin("run", 0, { split: 0, firstRow: 0, rows: 100 });
    const ends = Array.from({ length: 100 }, (_, row) => activity.rows(row, row));
    expect(readActivity(words)?.ranges.length).toBeLessThan(100);
    for (const end of ends) end();
    activity.rows(5, 5);
    expect(readActivity(words)?.ranges).toEqual([{ first: 5, last: 5 }]);
  });
});

describe("a stall", () => {
  it("is told of after a while, then at growing intervals, and when it is over", () => {
    const words = createActivityWords();
    const activity = createActivity(words);
    const clock = createStallClock(1, 10);
    const told = (ticks: number): readonly unknown[] => Array.from({ length: ticks }, () => clock.look(words)).filter((word) => word !== undefined);
    expect(told(100)).toEqual([]);
    const ended = activity.begin("run", 0, { split: 0, firstRow: 0, rows: 1 });
    expect(told(100).map((word) => (word as { readonly stillMs: number }).stillMs)).toEqual([10, 20, 40, 80]);
    ended();
    expect(told(50)).toEqual([{ stillMs: 99, isOver: true }]);
  });

  it("is none while rows come and go", () => {
    const words = createActivityWords();
    const activity = createActivity(words);
    activity.begin("run", 0, { split: 0, firstRow: 0, rows: 1 });
    const clock = createStallClock(1, 10);
    for (let tick = 0; tick < 100; tick++) {
      activity.rows(tick, tick)();
      expect(clock.look(words)).toBeUndefined();
    }
  });
});
