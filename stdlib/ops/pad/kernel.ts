/** A picture with a border of one colour. */
import type { Tensor } from "../../../runtime/contract/value.ts";
import { filledPicture, fromPicture, paste, toPicture } from "../../support/picture.ts";

export interface PadArguments {
  readonly x: Tensor;
  readonly top: bigint;
  readonly left: bigint;
  readonly bottom: bigint;
  readonly right: bigint;
  readonly color: readonly bigint[];
}

export function pad(args: PadArguments): Tensor {
  const picture = toPicture(args.x);
  const [top, left, bottom, right] = [args.top, args.left, args.bottom, args.right].map(Number);
  const result = filledPicture(picture.height + top + bottom, picture.width + left + right, picture.channels, args.color);
  paste(picture, result, top, left);
  return fromPicture(result);
}
