/** Pixels times `scale` as f32; channels moved to the front for "CHW". */
import type { Tensor } from "../../../runtime/contract/value.ts";
import { lookUp } from "../../support/looked-up.ts";
import { toPicture } from "../../support/picture.ts";

export function toTensor(args: { readonly x: Tensor; readonly scale: number; readonly layout: string }): Tensor {
  const table = new Float32Array(256);
  for (let byte = 0; byte < 256; byte++) table[byte] = byte * args.scale;
  return lookUp(toPicture(args.x), args.layout === "HWC" ? "HWC" : "CHW", table);
}
