import { setTimeout as sleep } from "node:timers/promises";
import { expect, test } from "vitest";
import { mapLimited } from "./map-limited.ts";

test("results come in order, and no more are under way than allowed", async () => {
  let [underWay, most] = [0, 0];
  const results = await mapLimited([5, 1, 4, 2, 3, 0], 2, async (item) => {
    most = Math.max(most, ++underWay);
    await sleep(item);
    underWay--;
    return item * 10;
  });
  expect(results).toEqual([50, 10, 40, 20, 30, 0]);
  expect(most).toBe(2);
});

test("nothing is nothing", async () => {
  expect(await mapLimited([], 4, async () => 1)).toEqual([]);
});

test("of several failures the first in order is told, however late it comes, and nothing is begun after one", async () => {
  const begun: number[] = [];
  const work = async (item: number): Promise<void> => {
    begun.push(item);
    await sleep(item === 0 ? 20 : 1);
    if (item <= 1) throw new Error(`item ${item}`);
  };
  await expect(mapLimited([0, 1, 2, 3, 4, 5], 2, work)).rejects.toThrow("item 0");
  expect(begun).toEqual([0, 1]);
});
