/** Resizes a picture; the four ways to say the size are the descriptor's signatures. */
import { RowError } from "../../../runtime/contract/kernel.ts";
import type { Tensor } from "../../../runtime/contract/value.ts";
import { fromPicture, toPicture } from "../../support/picture.ts";
import { resample } from "../../support/resample.ts";
import type { Picture, ResampleFilter } from "../../support/resample.ts";

export interface ResizeArguments {
  readonly x: Tensor;
  readonly height?: bigint;
  readonly width?: bigint;
  readonly shorter?: bigint;
  readonly max_longer?: bigint;
  readonly max_width?: bigint;
  readonly filter: ResampleFilter;
  readonly antialias: boolean;
}

export function resize(args: ResizeArguments): Tensor {
  const picture = toPicture(args.x);
  if (picture.height === 0 || picture.width === 0) throw new RowError("an empty picture cannot be resized");
  const [height, width] = wantedSize(picture, args);
  return fromPicture(resample(picture, height, width, args.filter, args.antialias));
}

function wantedSize(picture: Picture, args: ResizeArguments): readonly [height: number, width: number] {
  if (args.shorter !== undefined) return byShorterSide(picture, Number(args.shorter), Number(args.max_longer));
  const height = Number(args.height);
  if (args.width !== undefined) return [height, Number(args.width)];
  // The aspect ratio is kept up to max_width; a longer picture is squeezed.
  const natural = Math.max(1, Math.round((picture.width * height) / picture.height));
  return [height, Math.min(natural, Number(args.max_width))];
}

/** The longer side rounds down, as torchvision's Resize does. */
function byShorterSide(picture: Picture, shorter: number, longerMax: number): readonly [height: number, width: number] {
  const upright = picture.height >= picture.width;
  const longer = Math.trunc((shorter * Math.max(picture.height, picture.width)) / Math.min(picture.height, picture.width));
  if (longer > longerMax) throw new RowError(`resized to a shorter side of ${shorter}, the picture would be ${longer} long, more than max_longer: ${longerMax}`);
  return upright ? [longer, shorter] : [shorter, longer];
}
