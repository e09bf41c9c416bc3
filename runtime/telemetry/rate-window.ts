/** Rates over the last seconds: differences between now and the oldest sample kept. */

export interface Sample {
  readonly atMs: number;
  readonly values: readonly number[];
}

export interface RateWindow {
  /** Adds a sample and gives the increase of each value per millisecond since the oldest one kept. */
  readonly add: (sample: Sample) => readonly number[];
}

export function createRateWindow(windowMs: number): RateWindow {
  const samples: Sample[] = [];
  return {
    add: (sample) => {
      samples.push(sample);
      while (samples.length > 2 && samples[1].atMs <= sample.atMs - windowMs) samples.shift();
      const [oldest] = samples;
      const elapsedMs = sample.atMs - oldest.atMs;
      return sample.values.map((value, index) => (elapsedMs <= 0 ? 0 : (value - oldest.values[index]) / elapsedMs));
    },
  };
}
