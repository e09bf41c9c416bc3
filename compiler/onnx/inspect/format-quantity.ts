/** Quantities as people read them: 4.1 G, 97.4 MiB; expressions as they are, shortened if long. */
import type { Quantity } from "./inspection.ts";

const expressionCharsMax = 60;

/** FLOPs and counts, in powers of 1000. */
export function formatCount(value: Quantity): string {
  return format(value, 1000, ["", " k", " M", " G", " T", " P"], "");
}

/** Bytes, in powers of 1024. */
export function formatBytes(value: Quantity): string {
  return format(value, 1024, ["", " Ki", " Mi", " Gi", " Ti", " Pi"], "B");
}

function format(value: Quantity, base: number, prefixes: readonly string[], unit: string): string {
  if (value === null) return "-";
  if (typeof value === "string") return value.length > expressionCharsMax ? `${value.slice(0, expressionCharsMax - 1)}…` : value;
  let scaled = value;
  let step = 0;
  while (scaled >= base && step < prefixes.length - 1) {
    scaled /= base;
    step++;
  }
  const prefix = prefixes[step] ?? "";
  const digits = step === 0 ? String(scaled) : scaled >= 100 ? scaled.toFixed(0) : scaled >= 10 ? scaled.toFixed(1) : scaled.toFixed(2);
  return unit === "" ? `${digits}${prefix}` : `${digits}${prefix || " "}${unit}`;
}

/** Makes a name of the file safe for one line of text: control characters become visible. */
export function visibleName(name: string): string {
  return name.replace(/[\u0000-\u001f\u007f-\u009f\u2028-\u202e\u2066-\u2069]/g, (c) => `\\u${c.charCodeAt(0).toString(16).padStart(4, "0")}`);
}
