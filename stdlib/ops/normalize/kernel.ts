/** (x - mean) / std for each index of the channel axis, each step rounded to f32 as array libraries do. */
import type { Tensor } from "../../../runtime/contract/value.ts";
import { toNumbers, viewAxis } from "../../support/axis.ts";
import { channelValues } from "../../support/picture.ts";

export interface NormalizeArguments {
  readonly x: Tensor;
  readonly mean: readonly number[];
  readonly std: readonly number[];
  readonly axis: bigint;
}

export function normalize(args: NormalizeArguments): Tensor {
  const view = viewAxis(args.x, args.axis);
  const means = Float32Array.from(channelValues(args.mean, view.length, "mean"));
  const stds = Float32Array.from(channelValues(args.std, view.length, "std"));
  const data = Float32Array.from(toNumbers(args.x));
  let index = 0;
  for (let outer = 0; outer < view.outer; outer++) {
    for (let channel = 0; channel < view.length; channel++) {
      for (let inner = 0; inner < view.inner; inner++, index++) data[index] = Math.fround(data[index] - means[channel]) / stds[channel];
    }
  }
  return { dtype: "f32", shape: args.x.shape, data };
}
