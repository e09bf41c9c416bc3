/** The logistic function, elementwise; computed in f64 and rounded once. */
import { roundFloat } from "../../../runtime/contract/cast.ts";
import type { Tensor } from "../../../runtime/contract/value.ts";
import { fromNumbers, toNumbers } from "../../support/axis.ts";

export function sigmoid(args: { readonly x: number }): number;
export function sigmoid(args: { readonly x: Tensor }): Tensor;
export function sigmoid(args: { readonly x: Tensor | number }): Tensor | number {
  if (typeof args.x === "number") return roundFloat(logistic(args.x), "f64");
  return fromNumbers(args.x.dtype, args.x.shape, toNumbers(args.x).map(logistic));
}

function logistic(x: number): number {
  return 1 / (1 + Math.exp(-x));
}
