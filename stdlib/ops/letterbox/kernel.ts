/**
 * Fits a picture whole into a frame, aspect ratio kept, centred, the rest in one colour. `geometry` is
 * [scale, left, top]: a point (x, y) of the picture is at (x * scale + left, y * scale + top) of the frame.
 */
import { RowError } from "../../../runtime/contract/kernel.ts";
import type { Tensor } from "../../../runtime/contract/value.ts";
import { filledPicture, fromPicture, paste, toPicture } from "../../support/picture.ts";
import { resample } from "../../support/resample.ts";

export interface LetterboxArguments {
  readonly x: Tensor;
  readonly width: bigint;
  readonly height: bigint;
  readonly color: readonly bigint[];
}

export function letterbox(args: LetterboxArguments): { readonly image: Tensor; readonly geometry: Tensor } {
  const picture = toPicture(args.x);
  if (picture.height === 0 || picture.width === 0) throw new RowError("an empty picture cannot be fitted into a frame");
  const [height, width] = [Number(args.height), Number(args.width)];
  const scale = Math.min(height / picture.height, width / picture.width);
  const inner = resample(picture, Math.max(1, Math.round(picture.height * scale)), Math.max(1, Math.round(picture.width * scale)), "bilinear", true);
  const top = Math.floor((height - inner.height) / 2);
  const left = Math.floor((width - inner.width) / 2);
  const frame = filledPicture(height, width, picture.channels, args.color);
  paste(inner, frame, top, left);
  return { image: fromPicture(frame), geometry: { dtype: "f32", shape: [3], data: Float32Array.of(scale, left, top) } };
}
