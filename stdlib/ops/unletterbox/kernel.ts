/** Boxes (centre x, centre y, width, height) of a letterbox frame in pixels of the picture it holds. */
import type { Tensor } from "../../../runtime/contract/value.ts";
import { toNumbers } from "../../support/axis.ts";

export function unletterbox(args: { readonly boxes: Tensor; readonly geometry: Tensor }): Tensor {
  const [scale, left, top] = toNumbers(args.geometry);
  const data = Float32Array.from(toNumbers(args.boxes), (value, index) => {
    const offset = index % 4 === 0 ? left : index % 4 === 1 ? top : 0;
    return (value - offset) / scale;
  });
  return { dtype: "f32", shape: args.boxes.shape, data };
}
