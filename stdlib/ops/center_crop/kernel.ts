/** The middle of a picture; where the picture is smaller, zeros around it (as torchvision's CenterCrop). */
import type { Tensor } from "../../../runtime/contract/value.ts";
import { filledPicture, fromPicture, paste, toPicture } from "../../support/picture.ts";

export interface CenterCropArguments {
  readonly x: Tensor;
  readonly size?: bigint;
  readonly height?: bigint;
  readonly width?: bigint;
}

export function centerCrop(args: CenterCropArguments): Tensor {
  const picture = toPicture(args.x);
  const height = Number(args.size ?? args.height);
  const width = Number(args.size ?? args.width);
  const result = filledPicture(height, width, picture.channels, [0]);
  paste(picture, result, -halfEven(picture.height - height), -halfEven(picture.width - width));
  return fromPicture(result);
}

/** Half of an integer, ties to even, as torchvision rounds. */
function halfEven(value: number): number {
  const floor = Math.floor(value / 2);
  return value % 2 === 0 || floor % 2 === 0 ? floor : floor + 1;
}
