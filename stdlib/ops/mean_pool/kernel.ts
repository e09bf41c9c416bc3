/** Mean over the rows whose mask is not zero, in f64, rounded once. No such row: a row error. */
import { RowError } from "../../../runtime/contract/kernel.ts";
import type { Tensor } from "../../../runtime/contract/value.ts";
import { fromNumbers, toNumbers } from "../../support/axis.ts";

export function meanPool(args: { readonly x: Tensor; readonly mask: Tensor }): Tensor {
  const [tokens, width] = args.x.shape;
  const numbers = toNumbers(args.x);
  const total = new Float64Array(width);
  let kept = 0;
  for (let token = 0; token < tokens; token++) {
    if (Number(args.mask.data[token]) === 0) continue;
    kept++;
    for (let place = 0; place < width; place++) total[place] += numbers[token * width + place];
  }
  if (kept === 0) throw new RowError("mean_pool has no token to average: the mask is all zeros");
  return fromNumbers(args.x.dtype, [width], total.map((value) => value / kept));
}
