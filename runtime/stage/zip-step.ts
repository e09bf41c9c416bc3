/**
 * Aligns streams of one lineage by row id. A row that one of them lost (filtered or failed, and counted where it was) is
 * in none of the result; what failed under an open explode in one of them has failed in the result.
 */
import type { Chunk, ParentLevel } from "../contract/chunk.ts";
import type { Row } from "../contract/value.ts";
import type { OpenStep } from "./step-context.ts";

export function openZip(): OpenStep {
  return {
    run: async (inputs) => {
      const [first] = inputs;
      const rows: Row[] = [];
      const kept: number[] = [];
      const at = inputs.map(() => 0);
      first.rows.forEach((_, index) => {
        if (!inputs.every((input, which) => advance(input, first, index, at, which))) return;
        kept.push(index);
        rows.push(Object.assign({}, ...inputs.map((input, which) => input.rows[at[which]])));
      });
      return {
        id: first.id,
        places: first.places,
        rows,
        parents: kept.map((index) => first.parents[index]),
        children: kept.map((index) => first.children[index]),
        levels: first.levels.map((level, depth) => mergeLevels(inputs.map((input) => input.levels[depth]), level)),
      };
    },
  };
}

/** Moves input `which` to the first row not before row `index` of `first`; whether it is that very row. */
function advance(input: Chunk, first: Chunk, index: number, at: number[], which: number): boolean {
  const [parent, child] = [first.parents[index], first.children[index]];
  while (at[which] < input.rows.length && isBefore(input, at[which], parent, child)) at[which]++;
  return at[which] < input.rows.length && input.parents[at[which]] === parent && input.children[at[which]] === child;
}

function isBefore(chunk: Chunk, index: number, parent: number, child: number): boolean {
  return chunk.parents[index] < parent || (chunk.parents[index] === parent && chunk.children[index] < child);
}

function mergeLevels(levels: readonly ParentLevel[], first: ParentLevel): ParentLevel {
  const failed = first.failed.map((_, parent) => (levels.some((level) => level.failed[parent] === 1) ? 1 : 0));
  // Branches may have kept other fields of the parents.
  const rows = first.rows.map((row, parent) => Object.assign({}, row, ...levels.map((level) => level.rows[parent])));
  return { ...first, rows, failed };
}
