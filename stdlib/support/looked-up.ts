/**
 * Pixels as f32, each looked up in a table of the 256 possible results. The lookup is put off until somebody wants the
 * numbers: an operator that maps them further (`normalize`) maps the table instead, and goes over the pixels once.
 */
import type { Tensor } from "../../runtime/contract/value.ts";
import type { Picture } from "./resample.ts";

export type PixelLayout = "CHW" | "HWC";

interface LookedUp {
  readonly picture: Picture;
  readonly layout: PixelLayout;
  readonly table: Float32Array;
}

const known = new WeakMap<Tensor, LookedUp>();

/** `table`: 256 values. */
export function lookUp(picture: Picture, layout: PixelLayout, table: Float32Array): Tensor {
  const { height, width, channels } = picture;
  const tensor: Tensor = {
    dtype: "f32",
    shape: layout === "HWC" ? [height, width, channels] : [channels, height, width],
    get data() {
      const data = layout === "HWC" ? map(picture.data, table) : splitChannels(picture, Array.from({ length: channels }, () => table));
      // From here on a plain property.
      Object.defineProperty(this, "data", { value: data, enumerable: true });
      return data;
    },
  };
  known.set(tensor, { picture, layout, table });
  return tensor;
}

/** `tensor` with each channel's values mapped, if it is pixels by channel that were looked up; else undefined. */
export function mapChannels(tensor: Tensor, axis: number, map: (value: number, channel: number) => number): Float32Array | undefined {
  const found = known.get(tensor);
  if (found === undefined || found.layout !== "CHW" || axis !== 0) return undefined;
  const tables = Array.from({ length: found.picture.channels }, (_, channel) => found.table.map((value) => map(value, channel)));
  return splitChannels(found.picture, tables);
}

function map(bytes: Uint8Array, table: Float32Array): Float32Array {
  const result = new Float32Array(bytes.length);
  for (let index = 0; index < bytes.length; index++) result[index] = table[bytes[index]];
  return result;
}

function splitChannels({ data, channels }: Picture, tables: readonly Float32Array[]): Float32Array {
  const result = new Float32Array(data.length);
  if (channels === 3) splitColours(data, tables, result);
  else tables.forEach((table, channel) => splitOne(data, table, result, channel, channels));
  return result;
}

/** All three planes in one pass, so that each pixel is read once. */
function splitColours(data: Uint8Array, [reds, greens, blues]: readonly Float32Array[], result: Float32Array): void {
  const plane = result.length / 3;
  const [red, green, blue] = [result.subarray(0, plane), result.subarray(plane, 2 * plane), result.subarray(2 * plane)];
  for (let pixel = 0, source = 0; pixel < plane; pixel++, source += 3) {
    red[pixel] = reds[data[source]];
    green[pixel] = greens[data[source + 1]];
    blue[pixel] = blues[data[source + 2]];
  }
}

function splitOne(data: Uint8Array, table: Float32Array, result: Float32Array, channel: number, channels: number): void {
  const plane = result.length / channels;
  for (let pixel = 0, source = channel; pixel < plane; pixel++, source += channels) result[channel * plane + pixel] = table[data[source]];
}
