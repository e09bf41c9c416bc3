/**
 * Greedy CTC decoding (Graves et al., 2006, best path): the best class of each step, repeats merged, blanks
 * dropped. The classes without the blank stand for the alphabet in order. A class past the alphabet's end is a
 * row error, because silently dropping it would change the text.
 */
import { RowError } from "../../../runtime/contract/kernel.ts";
import type { Tensor } from "../../../runtime/contract/value.ts";

export function ctcDecode(args: { readonly probs: Tensor; readonly alphabet: readonly string[]; readonly blank: bigint }): string {
  const [steps, classes] = args.probs.shape;
  const blank = Number(args.blank);
  let text = "";
  let previous = blank;
  for (let step = 0; step < steps; step++) {
    const best = bestClass(args.probs, step * classes, classes);
    if (best !== previous && best !== blank) text += letter(args.alphabet, best > blank ? best - 1 : best, classes);
    previous = best;
  }
  return text;
}

function bestClass(probs: Tensor, start: number, classes: number): number {
  let best = 0;
  for (let place = 1; place < classes; place++) if (probs.data[start + place] > probs.data[start + best]) best = place;
  return best;
}

function letter(alphabet: readonly string[], index: number, classes: number): string {
  const found = alphabet[index];
  if (found === undefined) {
    throw new RowError(`the alphabet has ${alphabet.length} entries and the model ${classes} classes, blank included: class ${index + 1} has no letter`);
  }
  return found;
}
