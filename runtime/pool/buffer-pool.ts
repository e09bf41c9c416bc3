/**
 * Large buffers of one edge, used over and over: the sender takes them for columns, they go to the receiver, and what is
 * spent there comes home. Fresh ones cost more than filling them: their pages are zeroed, and the collector has to be
 * driven to free them. A pool belongs to one edge and one thread.
 */
export interface BufferPool {
  /** A buffer of exactly so many bytes; one that comes from the pool holds what was in it before. */
  readonly take: (bytes: number) => ArrayBuffer;
  readonly keep: (buffers: readonly ArrayBuffer[]) => void;
}

/** Below this, a fresh buffer is cheaper than looking. */
export const POOLED_BYTES_MIN = 64 * 1024;

/** Keeps at most `bytesMax`; those that came home last stay. */
export function createBufferPool(bytesMax: number): BufferPool {
  let kept: ArrayBuffer[] = [];
  return {
    take: (bytes) => {
      if (bytes < POOLED_BYTES_MIN) return new ArrayBuffer(bytes);
      const at = kept.findLastIndex((buffer) => buffer.byteLength === bytes);
      const [found] = at < 0 ? [] : kept.splice(at, 1);
      return found ?? new ArrayBuffer(bytes);
    },
    keep: (buffers) => {
      kept.push(...buffers);
      let total = kept.reduce((sum, buffer) => sum + buffer.byteLength, 0);
      while (total > bytesMax) total -= kept.shift()?.byteLength ?? total;
    },
  };
}
