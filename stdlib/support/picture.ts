/** Between tensors [H, W, C] of bytes and pictures, and the arguments that image operators share. */
import { RowError } from "../../runtime/contract/kernel.ts";
import type { Tensor } from "../../runtime/contract/value.ts";
import type { Picture } from "./resample.ts";

export function toPicture(tensor: Tensor): Picture {
  const [height, width, channels] = tensor.shape;
  if (!(tensor.data instanceof Uint8Array)) throw new RowError(`a picture holds u8, not ${tensor.dtype}`);
  return { height, width, channels, data: tensor.data };
}

export function fromPicture(picture: Picture): Tensor {
  return { dtype: "u8", shape: [picture.height, picture.width, picture.channels], data: picture.data };
}

/** A [height, width, channels] picture of one colour; one value stands for all channels. */
export function filledPicture(height: number, width: number, channels: number, color: readonly (bigint | number)[]): Picture {
  const values = channelValues(color, channels, "color");
  const data = new Uint8Array(height * width * channels);
  if (values.every((value) => value === values[0])) return { height, width, channels, data: data.fill(values[0]) };
  for (let index = 0; index < data.length; index++) data[index] = values[index % channels];
  return { height, width, channels, data };
}

/** Copies `from` into `to` with its top left corner at (top, left); what lies outside is left out. */
export function paste(from: Picture, to: Picture, top: number, left: number): void {
  const firstColumn = Math.max(0, -left);
  const lastColumn = Math.min(from.width, to.width - left);
  if (lastColumn <= firstColumn) return;
  for (let y = Math.max(0, -top); y < Math.min(from.height, to.height - top); y++) {
    const source = (y * from.width + firstColumn) * from.channels;
    const target = ((y + top) * to.width + left + firstColumn) * to.channels;
    to.data.set(from.data.subarray(source, source + (lastColumn - firstColumn) * from.channels), target);
  }
}

/** One number per channel: as given, or the only one for all. */
export function channelValues(values: readonly (bigint | number)[], channels: number, what: string): readonly number[] {
  if (values.length === channels) return values.map(Number);
  if (values.length === 1) return Array.from({ length: channels }, () => Number(values[0]));
  throw new RowError(`${what} has ${values.length} values and the picture ${channels} channels`);
}
