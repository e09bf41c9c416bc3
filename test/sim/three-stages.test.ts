/** The published three-stage workload in fake time, against the least time that its slots allow. */
import { describe, expect, it } from "vitest";
import { simulateThreeStages } from "./three-stages.ts";

/**
 * 8 items are consumed at one moment at the end, since no CPU slot may idle before; 4 devices then take two times 5
 * units. So 310 units are the least for whole items, of a bound of 300 that knows nothing of them.
 */
const WHOLE_ITEMS = 310 / 300;

describe.each([500, 50])("units of %i ms", (unitMs) => {
  it.each([false, true])("elastic: %s", async (isElastic) => {
    const { ratio, life } = await simulateThreeStages({ unitMs, isElastic });
    expect(life.end.kind).toBe("finished");
    expect(ratio).toBeGreaterThanOrEqual(1);
    expect(ratio).toBeLessThan(WHOLE_ITEMS + 0.002);
    const changes = life.decisions.filter(({ from, to }) => from !== to);
    expect(changes.map(({ from, to }) => [from, to])).toEqual(isElastic ? [[1, 3], [3, 4]] : []);
  });
});
