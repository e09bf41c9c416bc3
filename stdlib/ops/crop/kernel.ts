/** A rectangle of a picture; one that reaches outside is a row error. */
import { RowError } from "../../../runtime/contract/kernel.ts";
import type { Tensor } from "../../../runtime/contract/value.ts";
import { filledPicture, fromPicture, paste, toPicture } from "../../support/picture.ts";

export interface CropArguments {
  readonly x: Tensor;
  readonly top: bigint;
  readonly left: bigint;
  readonly height: bigint;
  readonly width: bigint;
}

export function crop(args: CropArguments): Tensor {
  const picture = toPicture(args.x);
  const [top, left, height, width] = [args.top, args.left, args.height, args.width].map(Number);
  if (top < 0 || left < 0 || top + height > picture.height || left + width > picture.width) {
    throw new RowError(`a crop of ${height} x ${width} at (${top}, ${left}) reaches outside a picture of ${picture.height} x ${picture.width}`);
  }
  const result = filledPicture(height, width, picture.channels, [0]);
  paste(picture, result, -top, -left);
  return fromPicture(result);
}
