/** What a worker and the process that runs its isolated steps say to each other. */
import type { Chunk } from "../contract/chunk.ts";
import type { RowFailure } from "../contract/row-failure.ts";
import type { Value } from "../contract/value.ts";
import type { Fault } from "./messages.ts";
import type { ModelPlaces } from "./placement.ts";

export type ToIsolated =
  | {
      readonly kind: "open";
      readonly pipeline: string;
      readonly steps: readonly number[];
      /** Whose they are: replicas may have devices of their own. */
      readonly stage: number;
      readonly replica: number;
      readonly params: Readonly<Record<string, Value>>;
      /** The program's folder. */
      readonly folder: string;
      readonly places: ModelPlaces;
      /** Where to write down what the process is in the middle of. */
      readonly record: string | undefined;
    }
  | { readonly kind: "run"; readonly step: number; readonly chunk: Chunk };

export type FromIsolated =
  | { readonly kind: "opened" }
  | { readonly kind: "done"; readonly chunk: Chunk; readonly failures: readonly RowFailure[]; readonly filtered: number }
  | { readonly kind: "fault"; readonly fault: Fault };

const VARIABLE = "PIPEC_ISOLATED";

export const isolatedVariable: Readonly<Record<string, string>> = { [VARIABLE]: "1" };

/** Whether this process was started to run isolated steps. Programs that it starts are not. */
export function takeIsolatedStart(): boolean {
  const found = process.env[VARIABLE] !== undefined && process.send !== undefined;
  delete process.env[VARIABLE];
  return found;
}
