import { expect, test } from "vitest";
import { toTensor } from "./kernel.ts";

const x = { dtype: "u8" as const, shape: [1, 2, 3], data: Uint8Array.of(0, 51, 102, 153, 204, 255) };

test("channels first, or last", () => {
  const chw = toTensor({ x, scale: 1 / 255, layout: "CHW" });
  expect(chw.shape).toEqual([3, 1, 2]);
  expect([...chw.data]).toEqual([0, 0.6, 0.2, 0.8, 0.4, 1].map(Math.fround));
  expect(toTensor({ x, scale: 1, layout: "HWC" }).data).toEqual(Float32Array.of(0, 51, 102, 153, 204, 255));
});
