/** Pixels times `scale` as f32, from a table of the 256 possible results; channels moved to the front for "CHW". */
import type { Tensor } from "../../../runtime/contract/value.ts";
import { toPicture } from "../../support/picture.ts";

export function toTensor(args: { readonly x: Tensor; readonly scale: number; readonly layout: string }): Tensor {
  const { height, width, channels, data } = toPicture(args.x);
  const values = tableFor(args.scale);
  const result = new Float32Array(data.length);
  if (args.layout === "HWC") {
    for (let index = 0; index < data.length; index++) result[index] = values[data[index]];
    return { dtype: "f32", shape: [height, width, channels], data: result };
  }
  if (channels === 3) splitColours(data, values, result);
  else splitChannels(data, values, result, channels);
  return { dtype: "f32", shape: [channels, height, width], data: result };
}

let lastScale: number | undefined;
let lastTable = new Float32Array(256);

function tableFor(scale: number): Float32Array {
  if (scale !== lastScale) lastTable = Float32Array.from({ length: 256 }, (_, byte) => byte * scale);
  lastScale = scale;
  return lastTable;
}

/** All three planes in one pass, so that each pixel is read once. */
function splitColours(data: Uint8Array, values: Float32Array, result: Float32Array): void {
  const plane = result.length / 3;
  const [red, green, blue] = [result.subarray(0, plane), result.subarray(plane, 2 * plane), result.subarray(2 * plane)];
  for (let pixel = 0, source = 0; pixel < plane; pixel++, source += 3) {
    red[pixel] = values[data[source]];
    green[pixel] = values[data[source + 1]];
    blue[pixel] = values[data[source + 2]];
  }
}

function splitChannels(data: Uint8Array, values: Float32Array, result: Float32Array, channels: number): void {
  const plane = result.length / channels;
  for (let channel = 0; channel < channels; channel++) {
    for (let pixel = 0, source = channel; pixel < plane; pixel++, source += channels) result[channel * plane + pixel] = values[data[source]];
  }
}
