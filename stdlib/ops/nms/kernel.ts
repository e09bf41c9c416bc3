/**
 * Greedy non-maximum suppression, class by class. Boxes are (centre x, centre y, width, height). Each box counts
 * once, for its best class; boxes under `score` are dropped; of two of one class that overlap by more than `iou`
 * the weaker goes. Results come best first; ties by the box's place.
 */
import type { Tensor } from "../../../runtime/contract/value.ts";

export interface NmsArguments {
  readonly boxes: Tensor;
  readonly scores: Tensor;
  readonly iou: number;
  readonly score: number;
  readonly max: bigint;
}

interface Candidate {
  readonly place: number;
  readonly category: number;
  readonly score: number;
}

export function nms(args: NmsArguments): { readonly boxes: Tensor; readonly scores: Tensor; readonly classes: Tensor } {
  const kept: Candidate[] = [];
  for (const candidate of candidates(args)) {
    if (kept.length >= Number(args.max)) break;
    const clash = kept.some((other) => other.category === candidate.category && overlap(args.boxes, other.place, candidate.place) > args.iou);
    if (!clash) kept.push(candidate);
  }
  const boxes = new Float32Array(kept.length * 4);
  kept.forEach(({ place }, rank) => {
    for (let side = 0; side < 4; side++) boxes[rank * 4 + side] = Number(args.boxes.data[place * 4 + side]);
  });
  return {
    boxes: { dtype: "f32", shape: [kept.length, 4], data: boxes },
    scores: { dtype: "f32", shape: [kept.length], data: Float32Array.from(kept, ({ score }) => score) },
    classes: { dtype: "i64", shape: [kept.length], data: BigInt64Array.from(kept, ({ category }) => BigInt(category)) },
  };
}

function candidates(args: NmsArguments): readonly Candidate[] {
  const [count, categories] = args.scores.shape;
  const found: Candidate[] = [];
  for (let place = 0; place < count; place++) {
    let category = 0;
    for (let next = 1; next < categories; next++) {
      if (args.scores.data[place * categories + next] > args.scores.data[place * categories + category]) category = next;
    }
    const score = Number(args.scores.data[place * categories + category]);
    if (score >= args.score) found.push({ place, category, score });
  }
  return found.sort((a, b) => b.score - a.score || a.place - b.place);
}

/** Intersection over union of two boxes. */
function overlap(boxes: Tensor, first: number, second: number): number {
  const [ax, ay, aw, ah] = [0, 1, 2, 3].map((side) => Number(boxes.data[first * 4 + side]));
  const [bx, by, bw, bh] = [0, 1, 2, 3].map((side) => Number(boxes.data[second * 4 + side]));
  const width = Math.min(ax + aw / 2, bx + bw / 2) - Math.max(ax - aw / 2, bx - bw / 2);
  const height = Math.min(ay + ah / 2, by + bh / 2) - Math.max(ay - ah / 2, by - bh / 2);
  if (width <= 0 || height <= 0) return 0;
  return (width * height) / (aw * ah + bw * bh - width * height);
}
