/** What a simulated run has to do: chunks, times, sizes, and what goes wrong. All of it follows from a seed. */
import type { Topology } from "../../runtime/topology/topology.ts";

export interface Work {
  readonly topology: Topology;
  /** By region. */
  readonly chunks: readonly number[];
  /** Of one chunk at a stage, or one part of it. */
  readonly serviceMs: (stage: number, chunk: number, part: number) => number;
  /** Parts that a stage which cuts makes of a chunk. */
  readonly parts: (stage: number, chunk: number) => number;
  readonly sinkMs: (sink: number, chunk: number) => number;
  /** By edge. */
  readonly bytes: (edge: number, chunk: number) => number;
  readonly loadMs: (stage: number) => number;
  readonly commitMs: number;
  /** How long a message is under way. */
  readonly delayMs: () => number;
  /** Calls that a stage makes for a chunk. */
  readonly batches: number;
  /** What one worker holds, and what there is. */
  readonly replicaBytes: number;
  readonly memoryBytes: number;
  /** Stages (not sources) whose worker dies or hangs over this chunk, every time. */
  readonly poison: readonly Poison[];
  /** Which of them can have a process of their own. */
  readonly isolatable: ReadonlySet<number>;
}

export interface Poison {
  readonly stage: number;
  readonly chunk: number;
  readonly kind: "crash" | "hang";
}

/** Something from outside, at a moment of the whole simulation. */
export interface Fault {
  readonly atMs: number;
  readonly kind: FaultKind;
}

export const faultKinds = ["crash", "kill", "killAll", "oom", "hang", "drain", "drainAtOnce"] as const;

/**
 * crash: the engine dies of a signal, in the middle of calls. kill: SIGKILL from outside, of the engine; killAll: of
 * the supervisor too. oom: the kernel kills for memory. hang: a call does not come back. load, unload: a
 * decision out of the blue about a stage's workers.
 */
export type FaultKind = (typeof faultKinds)[number] | "load" | "unload";

/** A chunk has fewer parts. */
export const PARTS_MAX = 10_000;

/** Sizes are below this. */
export const MAX_CHUNK_BYTES = 100;

/** A call that has not come back by then is taken for hung. */
export const HANG_LIMIT_MS = 2000;
