/** Values known while compiling: literals, constants, params fixed at build, settings. Plain data. */
export type ConstantValue =
  | { readonly kind: "null" }
  | { readonly kind: "bool"; readonly value: boolean }
  | { readonly kind: "int"; readonly value: bigint }
  | { readonly kind: "float"; readonly value: number }
  | { readonly kind: "string"; readonly value: string }
  /** In the base unit of its measure: bytes, milliseconds, hertz, bits per second, fraction. */
  | { readonly kind: "quantity"; readonly measure: "bytes" | "duration" | "frequency" | "bandwidth" | "ratio"; readonly value: number }
  | { readonly kind: "range"; readonly low: ConstantValue; readonly high: ConstantValue }
  | { readonly kind: "list"; readonly items: readonly ConstantValue[] }
  | { readonly kind: "record"; readonly fields: Readonly<Record<string, ConstantValue>> }
  /** A settings constructor such as `dead_letter(…)` or a hardware value such as `aws.g4dn_12xlarge`. */
  | { readonly kind: "call"; readonly name: string; readonly args: Readonly<Record<string, ConstantValue>> };
