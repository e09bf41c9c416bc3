/** (x - mean) / std for each index of the channel axis, each step rounded to f32 as array libraries do. */
import type { Tensor } from "../../../runtime/contract/value.ts";
import { toNumbers, viewAxis } from "../../support/axis.ts";
import { mapChannels } from "../../support/looked-up.ts";
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
  const ofPixels = mapChannels(args.x, view.axis, (value, channel) => Math.fround(value - means[channel]) / stds[channel]);
  if (ofPixels !== undefined) return ofPixels;
  const from = args.x.data instanceof Float32Array ? args.x.data : new Float32Array(toNumbers(args.x));
  const data = new Float32Array(from.length);
  for (let run = 0; run < view.outer * view.length; run++) {
    const channel = run % view.length;
    normalizeRun(from, data, run * view.inner, (run + 1) * view.inner, means[channel], stds[channel]);
  }
  return { dtype: "f32", shape: args.x.shape, data };
}

function normalizeRun(from: Float32Array, to: Float32Array, start: number, end: number, mean: number, std: number): void {
  for (let index = start; index < end; index++) to[index] = Math.fround(from[index] - mean) / std;
}
