/** Pixels times `scale` as f32; channels moved to the front for "CHW". */
import type { Tensor } from "../../../runtime/contract/value.ts";
import { lookUp } from "../../support/looked-up.ts";
import { toPicture } from "../../support/picture.ts";

export function toTensor(args: { readonly x: Tensor; readonly scale: number; readonly layout: string }): Tensor {
  const table = Float32Array.from({ length: 256 }, (_, byte) => byte * args.scale);
  return lookUp(toPicture(args.x), args.layout === "HWC" ? "HWC" : "CHW", table);
}
