/** The first `max` characters (Unicode code points: no character is cut in half). */
import { RowError } from "../../../runtime/contract/kernel.ts";

export function truncate(args: { readonly text: string; readonly max: bigint }): string {
  const max = Number(args.max);
  if (max < 0) throw new RowError(`truncate cannot keep ${max} characters`);
  if (args.text.length <= max) return args.text;
  let end = 0;
  for (let kept = 0; kept < max && end < args.text.length; kept++) end += (args.text.codePointAt(end) ?? 0) > 0xffff ? 2 : 1;
  return args.text.slice(0, end);
}
