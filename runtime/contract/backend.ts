/** What runs a model: onnxruntime on one device, or a stand-in in tests. Knows nothing of rows, padding or chunks. */
import type { ModelSpec } from "./program.ts";
import type { Tensor } from "./value.ts";

export interface Backend {
  /** Loads the model onto its device, or throws a JobError that says why it cannot. `file` is where it is now. */
  readonly open: (model: ModelSpec, file: string) => Promise<ModelSession>;
}

export interface ModelSession {
  /** One call. May block its thread. Tensors by port name. */
  readonly run: (inputs: ReadonlyMap<string, Tensor>) => Promise<ReadonlyMap<string, Tensor>>;
  readonly close: () => Promise<void>;
}
