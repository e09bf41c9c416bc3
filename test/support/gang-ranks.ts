/** The ranks of the gang whose models `gang-models.ts` writes: data alone, so that a program can carry it. */
import type { RankSpec, SegmentSpec, TensorOrigin } from "../../runtime/contract/program.ts";

export const rankFile = (rank: number, segment: number): string => `models/rank-${rank}-segment-${segment}.onnx`;

export function gangRanks(count: number): readonly RankSpec[] {
  return Array.from({ length: count }, (_, rank): RankSpec => {
    const from = (of: number, segment: number, port: string): TensorOrigin => (of === rank ? { kind: "self", segment, port } : { kind: "peer", rank: of, segment, port });
    const all = (name: string, segment: number): SegmentSpec["inputs"] => Array.from({ length: count }, (_, of) => ({ port: `${name}${of}`, from: from(of, segment, name) }));
    return {
      device: "cpu",
      segments: [
        { file: rankFile(rank, 0), inputs: [{ port: "x", from: { kind: "stage", value: "x" } }], outputs: ["p"] },
        { file: rankFile(rank, 1), inputs: all("p", 0), outputs: ["c"] },
        { file: rankFile(rank, 2), inputs: all("c", 1), outputs: ["m"] },
      ],
    };
  });
}
