/**
 * What outlasts engines: the groups that are committed, by the same folding as the manifest's, and what each sink's
 * final files hold. What sinks have only staged is gone with the engine.
 */
import { emptyState, foldLine } from "../../runtime/recovery/commit-state.ts";
import type { Topology } from "../../runtime/topology/topology.ts";

export interface Commits {
  /** Chunks of the region that are committed. */
  readonly chunks: (region: number) => number;
  readonly isEnded: (region: number) => boolean;
  /** A new engine begins: nothing is staged. */
  readonly restart: () => void;
  /** The sink has written the chunk into its staging folder. */
  readonly stage: (sink: number, chunk: number) => void;
  /** All chunks of the region below `upTo`, in all its sinks at once. */
  readonly commit: (region: number, upTo: number, isLast: boolean) => void;
  /** Chunks in the final files of each sink, in the order they came there. */
  readonly published: () => readonly (readonly number[])[];
}

export function createCommits(topology: Topology): Commits {
  let state = emptyState(topology.regions.length, topology.sinks.length);
  const published = topology.sinks.map((): number[] => []);
  let staged = topology.sinks.map((): number[] => []);
  return {
    chunks: (region) => state.regions[region].chunks,
    isEnded: (region) => state.regions[region].ended,
    restart: () => {
      staged = topology.sinks.map(() => []);
    },
    stage: (sink, chunk) => staged[sink].push(chunk),
    commit: (region, upTo, isLast) => {
      const { groups, chunks: from } = state.regions[region];
      const { sinks } = topology.regions[region];
      const outputs = sinks.map((sink) => {
        const own = staged[sink].filter((chunk) => chunk < upTo);
        if (own.length !== upTo - from) throw new Error(`group ${groups} of region ${region} is committed, and sink ${sink} has staged ${own.length} of its ${upTo - from} chunks`);
        staged[sink] = staged[sink].filter((chunk) => chunk >= upTo);
        published[sink].push(...own);
        return { output: sink, rows: own.length, files: own.length === 0 ? [] : [{ name: `part-${groups}`, bytes: own.length, crc: 0 }] };
      });
      const rows = upTo - from;
      state = foldLine(state, { kind: "group", region, group: groups, chunks: upTo, last: isLast, epoch: 0, outputs, keys: [], rowsIn: rows, filtered: 0, dead: 0, split: 0, row: upTo, passed: {}, exhausted: [] });
    },
    published: () => published,
  };
}
