/** What the settings of each place may be: the one table of keys, types and ranges. */

export type SettingSchema =
  | { readonly kind: "int"; readonly low: number; readonly high?: number }
  | { readonly kind: "intRange"; readonly low: number }
  | { readonly kind: "bool" }
  | { readonly kind: "ratio" }
  | { readonly kind: "quantity"; readonly measure: "bytes" | "duration" }
  | { readonly kind: "word"; readonly words: readonly string[] }
  /** A string known while compiling. */
  | { readonly kind: "text"; readonly what: string }
  /** A place to write to: may depend on params of the run. */
  | { readonly kind: "path" }
  | { readonly kind: "hardware" }
  /** A record whose fields are checked elsewhere (`pad`). */
  | { readonly kind: "free"; readonly what: string }
  | { readonly kind: "list"; readonly of: SettingSchema }
  | { readonly kind: "record"; readonly fields: Readonly<Record<string, SettingSchema>>; readonly required: readonly string[] }
  | { readonly kind: "call"; readonly name: string; readonly args: Readonly<Record<string, SettingSchema>>; readonly required: readonly string[] }
  | { readonly kind: "oneOf"; readonly options: readonly SettingSchema[] };

export type SettingPlace = "pipeline" | "stage" | "model" | "extern" | "write";

const auto: SettingSchema = { kind: "word", words: ["auto"] };
const count: SettingSchema = { kind: "oneOf", options: [{ kind: "int", low: 1 }, { kind: "intRange", low: 1 }, auto] };

export const settingSchemas: Readonly<Record<SettingPlace, Readonly<Record<string, SettingSchema>>>> = {
  pipeline: {
    hardware: { kind: "hardware" },
    errors: { kind: "oneOf", options: [
      { kind: "word", words: ["fail"] },
      { kind: "call", name: "skip", args: { max: { kind: "ratio" } }, required: ["max"] },
      { kind: "call", name: "dead_letter", args: { path: { kind: "path" }, max: { kind: "ratio" } }, required: ["path"] },
    ] },
    checkpoint: { kind: "record", fields: { at: { kind: "path" }, every: { kind: "int", low: 1 } }, required: ["at"] },
    row_max: { kind: "quantity", measure: "bytes" },
    text_max: { kind: "quantity", measure: "bytes" },
    memory: { kind: "quantity", measure: "bytes" },
  },
  stage: {
    workers: count,
    replicas: { kind: "oneOf", options: [{ kind: "int", low: 1 }, { kind: "intRange", low: 1 }, auto, { kind: "list", of: { kind: "oneOf", options: [{ kind: "int", low: 1 }, { kind: "intRange", low: 1 }] } }] },
    batch: count,
    shard: { kind: "oneOf", options: [auto, { kind: "record", fields: { pipeline: { kind: "int", low: 1 }, tensor: { kind: "int", low: 1 } }, required: [] }] },
    colocate: { kind: "bool" },
    threads: { kind: "int", low: 1 },
    device: { kind: "text", what: "a device such as `\"cpu\"` or `\"cuda:0\"`" },
    memory: { kind: "quantity", measure: "bytes" },
    timeout: { kind: "quantity", measure: "duration" },
    max: { kind: "int", low: 1 },
  },
  model: {
    file: { kind: "text", what: "the path of a model file" },
    pad: { kind: "free", what: "a record of padded dimensions" },
    optimize: { kind: "bool" },
    timeout: { kind: "quantity", measure: "duration" },
  },
  extern: { timeout: { kind: "quantity", measure: "duration" } },
  write: {},
};

/** Stage settings that say how a model runs. */
export const modelSettings: readonly string[] = ["replicas", "batch", "shard", "colocate", "device", "threads"];

/** "a pipeline", "a step": for messages. */
export const placeNames: Readonly<Record<SettingPlace, string>> = {
  pipeline: "a pipeline", stage: "a step", model: "a model", extern: "an extern function", write: "`write`",
};

/** What a setting wants, in words. */
export function describeSchema(schema: SettingSchema): string {
  switch (schema.kind) {
    case "int": return schema.high === undefined ? `an integer from ${schema.low} on` : `an integer from ${schema.low} to ${schema.high}`;
    case "intRange": return "a range such as `1..8`";
    case "bool": return "`true` or `false`";
    case "ratio": return "a share such as `1%` or `0.01`";
    case "quantity": return schema.measure === "bytes" ? "a size such as `64 MiB`" : "a duration such as `2 s`";
    case "word": return schema.words.map((word) => `\`"${word}"\``).join(" or ");
    case "text": return schema.what;
    case "path": return "a path, as a string";
    case "hardware": return "hardware such as `2 * aws.g4dn_12xlarge`";
    case "free": return schema.what;
    case "list": return `a list of ${describeSchema(schema.of)}`;
    case "record": return `\`{ ${Object.keys(schema.fields).join(", ")} }\``;
    case "call": return `\`${schema.name}(${Object.keys(schema.args).join(", ")})\``;
    case "oneOf": return schema.options.map(describeSchema).join(", or ");
  }
}
