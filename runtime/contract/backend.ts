/** What runs a model: onnxruntime on one device, or a stand-in in tests. Knows nothing of rows, padding or chunks. */
import type { Place, SessionSettings } from "./program.ts";
import type { Dtype, Tensor } from "./value.ts";

export interface Backend {
  /** Loads the model onto its device, or throws a JobError that says why it cannot. `file` is where it is now. */
  readonly open: (model: SessionSpec, file: string) => Promise<ModelSession>;
}

/** A model, or a segment of one, as a session needs to know it. */
export interface SessionSpec {
  readonly name: string;
  readonly at: Place;
  readonly inputs: readonly SessionPort[];
  readonly outputs: readonly SessionPort[];
  readonly device: string;
  readonly intraOpThreads: number;
  readonly session?: SessionSettings;
}

/** As messages name it. */
export function describeModel({ name, at }: Pick<SessionSpec, "name" | "at">): string {
  return `model \`${name}\` (${at.file}:${at.line})`;
}

export interface SessionPort {
  readonly port: string;
  /** What the program was built for; absent where only the file knows. */
  readonly dtype?: Dtype;
}

export interface ModelSession {
  /** One call. May block its thread. Tensors by port name; those given are not changed. */
  readonly run: (inputs: ReadonlyMap<string, Tensor>) => Promise<ReadonlyMap<string, Tensor>>;
  readonly close: () => Promise<void>;
}
