import { expect, test } from "vitest";
import type { ModelPart, StepSpec } from "../../../runtime/contract/program.ts";
import { verifyParts } from "../../../runtime/topology/verify-parts.ts";
import { buildPipeline, here } from "../../support/build-pipeline.ts";
import { gangRanks } from "../../support/gang-ranks.ts";

const first: ModelPart = {
  call: "two", index: 0, count: 2, receives: ["x"], sends: ["m", "x"], ranks: gangRanks(2),
  outputs: [{ value: "m", from: { kind: "self", segment: 2, port: "m" } }, { value: "x", from: { kind: "stage", value: "x" } }],
};
const last: ModelPart = {
  call: "two", index: 1, count: 2, receives: ["m", "x"], sends: ["y"], outputs: [{ value: "y", from: { kind: "self", segment: 0, port: "y" } }],
  ranks: [{ device: "cpu", segments: [{ file: "last.onnx", inputs: ["m", "x"].map((value) => ({ port: value, from: { kind: "stage", value } as const })), outputs: ["y"] }] }],
};
const [one, two] = first.ranks;

function verify(parts: readonly ModelPart[]): void {
  const model = { name: "m", at: here, file: "", inputs: [], outputs: [], batch: 1, fixedBatch: false, batched: true, pad: [], device: "cpu", intraOpThreads: 1 };
  const steps = parts.map((part, id): StepSpec => ({ id, name: `part ${id}`, at: here, columns: [], resources: [], kind: "modelPart", input: Math.max(0, id - 1), model, bind: { inputs: [], constants: [], outputs: [], carried: [] }, part }));
  verifyParts(buildPipeline({ name: "p", steps, stages: steps.map(({ id }) => ({ steps: [id] })), sinks: [] }));
}

test("parts that hang together", () => {
  expect(() => verify([first, last])).not.toThrow();
});

test.each<readonly [string, readonly ModelPart[]]>([
  ["follows part none", [last]],
  ["is the last of 2", [first]],
  ["does not receive what the part before sends", [first, { ...last, receives: ["m"] }]],
  ["does not say where all that it sends comes from", [{ ...first, outputs: first.outputs.slice(1) }, last]],
  ["its first rank does not make m", [{ ...first, outputs: [{ value: "m", from: { kind: "self", segment: 1, port: "m" } }, first.outputs[1]] }, last]],
  ["has ranks of different length", [{ ...first, ranks: [one, { ...two, segments: two.segments.slice(1) }] }, last]],
  ["rank 0 wants something that does not arrive", [{ ...first, receives: ["z"] }, last]],
  ["nothing makes what rank 0, segment 1 wants at p1", [{ ...first, ranks: [one, { ...two, segments: two.segments.map((segment) => ({ ...segment, outputs: ["q"] })) }] }, last]],
  ["rank 0, segment 0 wants p0 before it is made", [{ ...first, ranks: [one, two].map((rank) => ({ ...rank, segments: [rank.segments[1], rank.segments[0], rank.segments[2]] })) }, last]],
])("%s", (words, parts) => {
  expect(() => verify(parts)).toThrow(words);
});
