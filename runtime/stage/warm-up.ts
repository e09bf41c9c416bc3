/**
 * A first call on zeros, before rows come: devices choose their kernels and take their memory then. On CPUs the first
 * call takes no longer than the next, so there is none.
 */
import type { ModelSession } from "../contract/backend.ts";
import { JobError } from "../contract/kernel.ts";
import type { ModelSpec } from "../contract/program.ts";
import { allocate, elementCount } from "../contract/tensor.ts";
import type { Tensor } from "../contract/value.ts";
import { inputShape } from "./bind-dims.ts";

/** Throws where the device itself fails. What the model thinks of zeros does not matter. */
export async function warmUp(model: ModelSpec, session: ModelSession): Promise<void> {
  if (model.device === "cpu") return;
  try {
    await session.run(new Map(model.inputs.map((port) => [port.port, zeros(model, port)])));
  } catch (error) {
    if (error instanceof JobError) throw error;
  }
}

function zeros(model: ModelSpec, port: ModelSpec["inputs"][number]): Tensor {
  // Sizes that rows decide are as small as padding lets them be.
  const dims = Object.fromEntries(model.inputs.flatMap(({ rowShape }) => rowShape.flatMap((size) => (typeof size === "string" ? [[size, model.pad.find(({ dim }) => dim === size)?.multiple ?? 1]] : []))));
  const row = inputShape(port, dims);
  const shape = port.batchAxis === undefined ? row : row.toSpliced(port.batchAxis, 0, model.batch);
  return { dtype: port.dtype, shape, data: allocate(port.dtype, elementCount(shape)) };
}
