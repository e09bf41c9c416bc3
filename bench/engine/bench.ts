/** What a benchmark of the engine is, and what it gives: figures beside what they should be. */
export interface EngineBench {
  readonly name: string;
  /** One line: what is compared with what. */
  readonly about: string;
  /** `long`: as long as the figure deserves; else a minute or so. */
  readonly run: (options: BenchOptions) => Promise<readonly Figure[]>;
}

export interface BenchOptions {
  readonly long: boolean;
  /** A Python with the packages of the baselines, and the folder of their scripts; undefined: those figures are left out. */
  readonly baselines: { readonly python: string; readonly folder: string } | undefined;
}

export interface Figure {
  readonly what: string;
  readonly value: number;
  readonly unit: "ratio" | "ms" | "us" | "s" | "rows/s" | "MiB";
  /** Undefined: for orientation only. */
  readonly bar?: { readonly kind: "atLeast" | "atMost"; readonly value: number };
  /** What the figure was made of. */
  readonly from: string;
}

export function atLeast(value: number): Figure["bar"] {
  return { kind: "atLeast", value };
}

export function atMost(value: number): Figure["bar"] {
  return { kind: "atMost", value };
}

/** The value below which a share of `numbers` lies. */
export function quantile(numbers: readonly number[], share: number): number {
  const sorted = [...numbers].sort((a, b) => a - b);
  return sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))] ?? NaN;
}
