/** Which stages do a chunk part by part, and on which edges parts come. */
import { expect, it } from "vitest";
import { partFlow, wholeSteps } from "../../../runtime/contract/stage-parts.ts";
import type { StageShape } from "../../../runtime/contract/stage-parts.ts";

const stage = (kinds: StageShape["kinds"], isUnderExplode: boolean, ordered = false): StageShape => ({ kinds, isUnderExplode, ordered });
const chain = (count: number) => Array.from({ length: count }, (_, fromStage) => ({ fromStage, toStage: fromStage + 1 < count ? fromStage + 1 : undefined }));

it("the stage that opens an explode cuts, stages of row-wise steps pass parts on, the others put them together", () => {
  const flow = partFlow([stage(["read"], false, true), stage(["map", "explode", "map"], true), stage(["model"], true), stage(["map"], true), stage(["filter", "implode"], false)], chain(5));
  expect(flow.stages.map(({ cutsParts }) => cutsParts)).toEqual([false, true, false, false, false]);
  expect(flow.stages.map(({ takesParts }) => takesParts)).toEqual([false, false, true, true, false]);
  expect(flow.inParts).toEqual([false, true, true, true, false]);
});

it("nothing is cut where nobody would take parts", () => {
  const flow = partFlow([stage(["read"], false, true), stage(["explode", "map"], true), stage(["filter", "implode"], false)], chain(3));
  expect([flow.stages.some(({ cutsParts }) => cutsParts), flow.inParts]).toEqual([false, [false, false, false]]);
});

it("an explode within an explode takes the chunk whole, and cuts it anew; so does a stage that must see rows in order", () => {
  const flow = partFlow([stage(["read"], false, true), stage(["explode"], true), stage(["map"], true), stage(["explode"], true), stage(["model"], true), stage(["limit"], true, true), stage(["map"], true)], chain(7));
  expect(flow.stages.map(({ cutsParts }) => cutsParts)).toEqual([false, true, false, true, false, true, false]);
  expect(flow.inParts).toEqual([false, true, true, true, true, true, true]);
});

it("steps after the last that must see all rows are done part by part", () => {
  expect([wholeSteps(["map", "explode", "map"]), wholeSteps(["explode", "filter"]), wholeSteps(["zip", "model", "map"])]).toEqual([2, 2, 1]);
});
