/** The k largest elements, largest first; of equals the earlier place first. */
import { RowError } from "../../../runtime/contract/kernel.ts";
import { allocate, readElement, writeElement } from "../../../runtime/contract/tensor.ts";
import type { Tensor } from "../../../runtime/contract/value.ts";
import { toNumbers } from "../../support/axis.ts";

export function topK(args: { readonly x: Tensor; readonly k: bigint }): { readonly values: Tensor; readonly indices: Tensor } {
  const k = Number(args.k);
  const numbers = toNumbers(args.x);
  if (k > numbers.length) throw new RowError(`top_k asks for ${k} of ${numbers.length} elements`);
  const places = Array.from(numbers.keys()).sort((a, b) => numbers[b] - numbers[a] || a - b).slice(0, k);
  const values = allocate(args.x.dtype, k);
  places.forEach((place, rank) => writeElement(args.x.dtype, values, rank, readElement(args.x, place)));
  return {
    values: { dtype: args.x.dtype, shape: [k], data: values },
    indices: { dtype: "i64", shape: [k], data: BigInt64Array.from(places, BigInt) },
  };
}
