/** Asserts what the compiler promises of models that are cut: parts follow each other and tensors come from somewhere. */
import type { ModelPart, PipelineSpec, TensorOrigin } from "../contract/program.ts";
import { receivedBy } from "../stage/rank.ts";

/** A violation is our bug. */
export function verifyParts(pipeline: PipelineSpec): void {
  const last = new Map<string, ModelPart>();
  for (const step of pipeline.steps) {
    if (step.kind !== "modelPart") continue;
    const { part } = step;
    const before = last.get(part.call);
    verify(part, part.index === (before === undefined ? 0 : before.index + 1), `follows part ${before?.index ?? "none"}`);
    verify(part, before === undefined || (before.count === part.count && sameNames(before.sends, part.receives)), "does not receive what the part before sends");
    verify(part, sameNames(part.outputs.map(({ value }) => value), part.sends), "does not say where all that it sends comes from");
    verifyRanks(part);
    last.set(part.call, part);
  }
  for (const part of last.values()) verify(part, part.index === part.count - 1, `is the last of ${part.count}`);
}

function verifyRanks(part: ModelPart): void {
  const [first] = part.ranks;
  verify(part, first !== undefined && part.ranks.every((rank) => rank.segments.length === first.segments.length), "has ranks of different length");
  const makes = (rank: number, segment: number, port: string): boolean => part.ranks[rank]?.segments[segment]?.outputs.includes(port) ?? false;
  part.ranks.forEach(({ segments }, rank) => {
    verify(part, [...receivedBy(part, rank)].every((name) => part.receives.includes(name)), `rank ${rank} wants something that does not arrive`);
    segments.forEach(({ inputs }, number) => {
      for (const { port, from } of inputs) {
        verify(part, comesBefore(from, number) && (from.kind !== "peer" || from.rank !== rank), `rank ${rank}, segment ${number} wants ${port} before it is made`);
        if (from.kind !== "stage") verify(part, makes(from.kind === "peer" ? from.rank : rank, from.segment, from.port), `nothing makes what rank ${rank}, segment ${number} wants at ${port}`);
      }
    });
  });
  for (const { value, from } of part.outputs) verify(part, from.kind === "stage" || (from.kind === "self" && makes(0, from.segment, from.port)), `its first rank does not make ${value}`);
}

function comesBefore(from: TensorOrigin, segment: number): boolean {
  return from.kind === "stage" || from.segment < segment;
}

function sameNames(a: readonly string[], b: readonly string[]): boolean {
  return a.length === b.length && new Set([...a, ...b]).size === a.length;
}

function verify(part: ModelPart, holds: boolean, otherwise: string): void {
  if (!holds) throw new Error(`the plan does not hold: part ${part.index} of ${part.call} ${otherwise}`);
}
