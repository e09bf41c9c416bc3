/**
 * Separable resampling of 8-bit pictures, row-major [H, W, C], with the weights of Pillow's `resize` (and so of
 * torchvision on PIL images): output pixel i looks at input around (i + 0.5) * scale, weights are normalised
 * over the pixels that exist, kept in fixed point with 22 fractional bits, and each pass rounds to 8 bits.
 * With antialias, a filter is widened by the scale when shrinking; without, it keeps its own width.
 */
import { resampleSimd } from "./resample-simd.ts";

export type ResampleFilter = "nearest" | "box" | "bilinear" | "bicubic" | "lanczos";

export interface Picture {
  readonly height: number;
  readonly width: number;
  readonly channels: number;
  readonly data: Uint8Array;
}

const PRECISION_BITS = 22;

/** `picture` at another size; both sides of the result are at least 1. */
export function resample(picture: Picture, height: number, width: number, filter: ResampleFilter, antialias: boolean): Picture {
  if (height === picture.height && width === picture.width) return picture;
  if (filter === "nearest") return takeNearest(picture, height, width);
  const across = width === picture.width ? undefined : taps(picture.width, width, filter, antialias);
  const down = height === picture.height ? undefined : taps(picture.height, height, filter, antialias);
  const data = picture.channels === 3 ? resampleSimd({ data: picture.data, height: picture.height, width: picture.width, across, down }) : undefined;
  return data === undefined ? resamplePlain(picture, across, down) : { height, width, channels: 3, data };
}

/** The same, where there is no SIMD for it. Exported for the test that holds both to one another. */
export function resamplePlain(picture: Picture, across: Taps | undefined, down: Taps | undefined): Picture {
  const wide = across === undefined ? picture : resampleRows(picture, across);
  return down === undefined ? wide : resampleColumns(wide, down);
}

/** For each output place, the first input place and its weights, laid out `count` apart. */
export interface Taps {
  readonly size: number;
  readonly count: number;
  readonly first: Int32Array;
  readonly used: Int32Array;
  readonly weights: Int32Array;
}

export function taps(from: number, to: number, filter: Exclude<ResampleFilter, "nearest">, antialias: boolean): Taps {
  const key = `${from} ${to} ${filter} ${antialias}`;
  const known = recent.get(key);
  if (known !== undefined) return known;
  if (recent.size >= RECENT_MAX) recent.clear();
  const table = makeTaps(from, to, filter, antialias);
  recent.set(key, table);
  return table;
}

/** Pictures of one data set often share a size. */
const recent = new Map<string, Taps>();
const RECENT_MAX = 16;

function makeTaps(from: number, to: number, filter: Exclude<ResampleFilter, "nearest">, antialias: boolean): Taps {
  const scale = from / to;
  const widen = antialias ? Math.max(scale, 1) : 1;
  const { support, weight } = FILTERS[filter];
  const reach = support * widen;
  const count = Math.ceil(reach) * 2 + 1;
  const table: Taps = { size: to, count, first: new Int32Array(to), used: new Int32Array(to), weights: new Int32Array(to * count) };
  const row = new Float64Array(count);
  for (let place = 0; place < to; place++) {
    const center = (place + 0.5) * scale;
    const first = Math.max(0, Math.trunc(center - reach + 0.5));
    const end = Math.min(from, Math.trunc(center + reach + 0.5));
    let sum = 0;
    for (let tap = 0; tap < end - first; tap++) sum += row[tap] = weight((first + tap - center + 0.5) / widen);
    for (let tap = 0; tap < end - first; tap++) table.weights[place * count + tap] = roundAway((row[tap] / sum) * 2 ** PRECISION_BITS);
    table.first[place] = first;
    table.used[place] = end - first;
  }
  return table;
}

function roundAway(value: number): number {
  return value < 0 ? Math.ceil(value - 0.5) : Math.floor(value + 0.5);
}

function resampleRows(picture: Picture, table: Taps): Picture {
  const { height, width, channels, data } = picture;
  const result = new Uint8Array(height * table.size * channels);
  let target = 0;
  for (let y = 0; y < height; y++) {
    for (let place = 0; place < table.size; place++) {
      const start = (y * width + table.first[place]) * channels;
      const weightStart = place * table.count;
      for (let channel = 0; channel < channels; channel++) {
        let sum = 1 << (PRECISION_BITS - 1);
        let source = start + channel;
        for (let tap = 0; tap < table.used[place]; tap++) {
          sum += data[source] * table.weights[weightStart + tap];
          source += channels;
        }
        result[target++] = toByte(sum >> PRECISION_BITS);
      }
    }
  }
  return { height, width: table.size, channels, data: result };
}

function resampleColumns(picture: Picture, table: Taps): Picture {
  const stride = picture.width * picture.channels;
  const result = new Uint8Array(table.size * stride);
  // A whole row of sums at once, so that memory is walked in order.
  const sums = new Int32Array(stride);
  for (let place = 0; place < table.size; place++) {
    sums.fill(1 << (PRECISION_BITS - 1));
    for (let tap = 0; tap < table.used[place]; tap++) {
      const weight = table.weights[place * table.count + tap];
      const source = (table.first[place] + tap) * stride;
      for (let x = 0; x < stride; x++) sums[x] += picture.data[source + x] * weight;
    }
    for (let x = 0; x < stride; x++) result[place * stride + x] = toByte(sums[x] >> PRECISION_BITS);
  }
  return { height: table.size, width: picture.width, channels: picture.channels, data: result };
}

function toByte(value: number): number {
  return value < 0 ? 0 : value > 255 ? 255 : value;
}

function takeNearest(picture: Picture, height: number, width: number): Picture {
  const { channels, data } = picture;
  const result = new Uint8Array(height * width * channels);
  const columns = nearestPlaces(picture.width, width);
  let target = 0;
  for (const row of nearestPlaces(picture.height, height)) {
    for (let x = 0; x < width; x++) {
      const source = (row * picture.width + columns[x]) * channels;
      for (let channel = 0; channel < channels; channel++) result[target++] = data[source + channel];
    }
  }
  return { height, width, channels, data: result };
}

function nearestPlaces(from: number, to: number): Int32Array {
  return Int32Array.from({ length: to }, (_, place) => Math.min(from - 1, Math.floor(((place + 0.5) * from) / to)));
}

/** Keys (1981) cubic with a = -1/2; Lanczos with three lobes. */
const FILTERS: Record<Exclude<ResampleFilter, "nearest">, { readonly support: number; readonly weight: (x: number) => number }> = {
  box: { support: 0.5, weight: (x) => (x > -0.5 && x <= 0.5 ? 1 : 0) },
  bilinear: { support: 1, weight: (x) => Math.max(0, 1 - Math.abs(x)) },
  bicubic: { support: 2, weight: cubic },
  lanczos: { support: 3, weight: (x) => (Math.abs(x) < 3 ? sinc(x) * sinc(x / 3) : 0) },
};

function cubic(x: number): number {
  const a = -0.5;
  const size = Math.abs(x);
  if (size < 1) return ((a + 2) * size - (a + 3)) * size * size + 1;
  if (size < 2) return (((size - 5) * size + 8) * size - 4) * a;
  return 0;
}

function sinc(x: number): number {
  return x === 0 ? 1 : Math.sin(x * Math.PI) / (x * Math.PI);
}
