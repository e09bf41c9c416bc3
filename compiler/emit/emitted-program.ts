/** The last form before bundling: TypeScript that people may read and `tsc` accepts, with its map to the `.pipe` files. */
import type { Mapping } from "./code.ts";

export interface EmittedProgram {
  readonly phase: "emitted";
  /** Without a source map comment. */
  readonly text: string;
  readonly mappings: readonly Mapping[];
}
