/** Pixels times `scale` as f32, from a table of the 256 possible results; channels moved to the front for "CHW". */
import type { Tensor } from "../../../runtime/contract/value.ts";
import { toPicture } from "../../support/picture.ts";

export function toTensor(args: { readonly x: Tensor; readonly scale: number; readonly layout: string }): Tensor {
  const { height, width, channels, data } = toPicture(args.x);
  const values = Float32Array.from({ length: 256 }, (_, byte) => byte * args.scale);
  const result = new Float32Array(data.length);
  if (args.layout === "HWC") {
    for (let index = 0; index < data.length; index++) result[index] = values[data[index]];
    return { dtype: "f32", shape: [height, width, channels], data: result };
  }
  const plane = height * width;
  for (let channel = 0; channel < channels; channel++) {
    for (let pixel = 0, source = channel; pixel < plane; pixel++, source += channels) result[channel * plane + pixel] = values[data[source]];
  }
  return { dtype: "f32", shape: [channels, height, width], data: result };
}
