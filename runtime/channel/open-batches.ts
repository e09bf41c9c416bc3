/**
 * Open batches as they cross threads: every tensor in a buffer of its own, which is handed over. Only a tensor that is
 * a view of something larger is copied.
 */
import type { OpenBatches } from "../contract/chunk.ts";
import type { Tensor } from "../contract/value.ts";

/** The same batches, ready to be transferred. */
export function encodeBatches(calls: readonly OpenBatches[]): readonly OpenBatches[] {
  return calls.map((call) => ({ ...call, batches: call.batches.map((batch) => ({ ...batch, tensors: new Map([...batch.tensors].map(([name, tensor]) => [name, ownTensor(tensor)])) })) }));
}

/** The tensor, owning its buffer: to be transferred. */
export function ownTensor(tensor: Tensor): Tensor {
  const { data } = tensor;
  return "buffer" in data && data.byteLength !== data.buffer.byteLength ? copyTensor(tensor) : tensor;
}

export function copyTensor(tensor: Tensor): Tensor {
  return { ...tensor, data: tensor.data.slice() };
}

/** The buffers of encoded batches, each once: two names may stand for one tensor. */
export function batchBuffers(calls: readonly OpenBatches[]): readonly ArrayBuffer[] {
  return tensorBuffers(calls.flatMap(({ batches }) => batches.flatMap(({ tensors }) => [...tensors.values()])));
}

export function tensorBuffers(tensors: readonly Tensor[]): readonly ArrayBuffer[] {
  return [...new Set(tensors.flatMap(({ data }) => ("buffer" in data && data.buffer instanceof ArrayBuffer ? [data.buffer] : [])))];
}
