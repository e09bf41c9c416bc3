/** The mean time that chunks take at one place, over the latest of them: what changes while a run lasts is seen. */

export interface ServiceMeter {
  /** `batches`: calls that the chunk was done in. */
  readonly add: (ms: number, batches: number) => void;
  /** Of one chunk; 0 as long as none is known. */
  readonly meanMs: () => number;
  /** Calls that the mean is over. */
  readonly batches: () => number;
  /** Begins anew. The last mean stays until there is another. */
  readonly reset: () => void;
}

/** More would be slow to see a change, fewer would take noise for one. */
const CHUNKS_MAX = 64;

export function createServiceMeter(): ServiceMeter {
  // A ring, once it is full.
  const samples: { readonly ms: number; readonly batches: number }[] = [];
  let oldest = 0;
  let sumMs = 0;
  let sumBatches = 0;
  let lastMs = 0;
  return {
    add: (ms, batches) => {
      sumMs += ms;
      sumBatches += batches;
      if (samples.length < CHUNKS_MAX) return void samples.push({ ms, batches });
      sumMs -= samples[oldest].ms;
      sumBatches -= samples[oldest].batches;
      samples[oldest] = { ms, batches };
      oldest = (oldest + 1) % CHUNKS_MAX;
    },
    meanMs: () => (samples.length === 0 ? lastMs : sumMs / samples.length),
    batches: () => sumBatches,
    reset: () => {
      if (samples.length > 0) lastMs = sumMs / samples.length;
      samples.length = 0;
      oldest = 0;
      sumMs = 0;
      sumBatches = 0;
    },
  };
}
