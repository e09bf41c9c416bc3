/** A source for tests: numbers in splits, some of them bad; writes down what it read where asked to. */
import { appendFileSync } from "node:fs";
import { jobError } from "../../../runtime/contract/failures.ts";
import type { SourceItem, SourceKernel } from "../../../runtime/contract/kernel.ts";

export const numbers: SourceKernel = {
  open: async (args) => {
    if (args.missing === true) throw jobError("R0140", "numbers.txt does not exist");
    const rows = Number(args.rows);
    const splits = Math.max(1, Number(args.splits));
    const vanishAt = Number(args.vanishAt ?? Infinity);
    const per = Math.ceil(rows / splits);
    const sizes = Array.from({ length: splits }, (_, split) => Math.max(0, Math.min(per, rows - split * per)));
    return {
      splits: sizes.map((size, split) => ({ path: `numbers-${split}.txt`, bytes: size * 8, modifiedMs: 0, rows: size })),
      read: async function* (split, firstRow) {
        for (let row = firstRow; row < sizes[split]; row += 3) {
          if (split * per + row >= vanishAt) throw jobError("R0143", `numbers-${split}.txt has gone`);
          const items = Array.from({ length: Math.min(3, sizes[split] - row) }, (_, index) => itemOf(split * per + row + index, row + index, Number(args.badEvery)));
          if (typeof args.log === "string") appendFileSync(args.log, items.map(() => "r\n").join(""));
          yield items;
        }
      },
      close: async () => {},
    };
  },
};

function itemOf(number: number, row: number, badEvery: number): SourceItem {
  const place = `line ${row + 1}`;
  if (badEvery > 0 && number % badEvery === badEvery - 1) return { kind: "bad", reason: "not a number", place };
  return { kind: "row", row: { id: BigInt(number), text: `n${number}` }, place };
}
