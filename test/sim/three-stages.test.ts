/** The published three-stage workload in fake time, against the least time that its slots allow. */
import { describe, expect, it } from "vitest";
import { simulateThreeStages } from "./three-stages.ts";

/**
 * 8 items are consumed at one moment at the end, since no CPU slot may idle before; the last of their frames come to 4
 * devices in 5 units, and take 10. So 306 units are the least, of a bound of 300 that knows nothing of items and frames.
 */
const LEAST = 306 / 300;

describe.each([500, 50])("units of %i ms", (unitMs) => {
  it.each([false, true])("elastic: %s", async (isElastic) => {
    const { ratio, life } = await simulateThreeStages({ unitMs, isElastic });
    expect(life.end.kind).toBe("finished");
    expect(ratio).toBeGreaterThanOrEqual(1);
    expect(ratio).toBeLessThan(LEAST + 0.005);
    const changes = life.decisions.filter(({ from, to }) => from !== to);
    expect(changes.map(({ from, to }) => [from, to])).toEqual(isElastic ? [[1, 3], [3, 4]] : []);
  });
});
