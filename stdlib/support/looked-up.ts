/**
 * Pixels as f32, each looked up in a table of the 256 possible results. The lookup is put off until somebody wants the
 * numbers: an operator that maps them further (`normalize`) maps the table instead, and goes over the pixels once.
 */
import { deferTensor } from "../../runtime/contract/deferred-tensor.ts";
import type { Tensor } from "../../runtime/contract/value.ts";
import type { Picture } from "./resample.ts";
import { splitColours } from "./split-colours.ts";

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
  const shape = layout === "HWC" ? [height, width, channels] : [channels, height, width];
  const tensor = deferTensor(shape, (target) => {
    if (layout === "HWC") map(picture.data, table, target);
    else splitChannels(picture, Array.from({ length: channels }, () => table), target);
  });
  known.set(tensor, { picture, layout, table });
  return tensor;
}

/** `tensor` with each channel's values mapped, if it is pixels by channel that were looked up; else undefined. */
export function mapChannels(tensor: Tensor, axis: number, map: (value: number, channel: number) => number): Tensor | undefined {
  const found = known.get(tensor);
  if (found === undefined || found.layout !== "CHW" || axis !== 0) return undefined;
  const tables = Array.from({ length: found.picture.channels }, (_, channel) => found.table.map((value) => map(value, channel)));
  return deferTensor(tensor.shape, (target) => splitChannels(found.picture, tables, target));
}

function map(bytes: Uint8Array, table: Float32Array, result: Float32Array): void {
  for (let index = 0; index < bytes.length; index++) result[index] = table[bytes[index]];
}

function splitChannels({ data, channels }: Picture, tables: readonly Float32Array[], result: Float32Array): void {
  if (channels === 3) splitColours(data, tables, result);
  else tables.forEach((table, channel) => splitOne(data, table, result, channel, channels));
}

function splitOne(data: Uint8Array, table: Float32Array, result: Float32Array, channel: number, channels: number): void {
  const plane = result.length / channels;
  for (let pixel = 0, source = channel; pixel < plane; pixel++, source += channels) result[channel * plane + pixel] = table[data[source]];
}
