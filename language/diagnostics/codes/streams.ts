/** P06xx: streams, steps, lineage, sources and sinks. */
import { defineCode } from "../diagnostic.ts";

export const streamCodes = {
  notAStream: defineCode({
    code: "P0601", severity: "error", title: "not a stream",
    message: () => "this is not a stream",
  }),
  recordStep: defineCode({
    code: "P0602", severity: "error", title: "map over a value",
    message: () => "`{ ... }` after `|>` needs a stream before it",
  }),
  rowOperator: defineCode({
    code: "P0603", severity: "error", title: "row operator inside a row",
    message: (p: { name: string }) => `\`${p.name}\` works on streams, not on values`,
  }),
  valueStep: defineCode({
    code: "P0604", severity: "error", title: "value operator as a step",
    message: (p: { name: string }) => `\`${p.name}\` is no step over a stream`,
  }),
  zipLineage: defineCode({
    code: "P0605", severity: "error", title: "streams of different lineage zipped",
    message: () => "these streams cannot be zipped: their rows are not the same rows",
  }),
  zipStep: defineCode({
    code: "P0606", severity: "error", title: "zip as a step",
    message: () => "`zip` is no step",
  }),
  explodeName: defineCode({
    code: "P0607", severity: "error", title: "explode without a field name",
    message: () => "`explode` needs a name for the field of each child",
  }),
  explodeType: defineCode({
    code: "P0608", severity: "error", title: "value that cannot be exploded",
    message: (p: { found: string }) => `${p.found} cannot be exploded`,
  }),
  explodeCounts: defineCode({
    code: "P0609", severity: "error", title: "exploded values of unequal length",
    message: (p: { first: string; second: string }) => `\`${p.first}\` and \`${p.second}\` are not proved to have equally many elements`,
  }),
  explodeUnbounded: defineCode({
    code: "P0610", severity: "error", title: "explode without a bound",
    message: () => "nothing bounds how many rows this makes of one",
  }),
  implodeOpen: defineCode({
    code: "P0611", severity: "error", title: "implode without an explode",
    message: () => "there is nothing to implode",
  }),
  aggregate: defineCode({
    code: "P0612", severity: "error", title: "implode without an aggregate",
    message: () => "this is not an aggregate",
  }),
  notAnAggregate: defineCode({
    code: "P0613", severity: "error", title: "operator that is no aggregate",
    message: (p: { name: string }) => `\`${p.name}\` cannot fold the children of a row`,
  }),
  childShapes: defineCode({
    code: "P0614", severity: "error", title: "children of different shapes",
    message: (p: { dim: string }) => `the dimension \`${p.dim}\` differs from child to child`,
  }),
  aggregateOnly: defineCode({
    code: "P0615", severity: "error", title: "aggregate outside implode",
    message: (p: { name: string }) => `\`${p.name}\` can be used only in \`implode\``,
  }),
  unknownSource: defineCode({
    code: "P0616", severity: "error", title: "unknown source",
    message: (p: { name: string }) => `pipec has no source \`${p.name}\``,
  }),
  unknownSink: defineCode({
    code: "P0617", severity: "error", title: "unknown sink",
    message: (p: { name: string }) => `pipec has no sink \`${p.name}\``,
  }),
  sourceField: defineCode({
    code: "P0618", severity: "error", title: "field a source cannot give",
    message: (p: { source: string; field: string; type: string }) => `\`${p.source}\` cannot give \`${p.field}\` as ${p.type}`,
  }),
  noSourceField: defineCode({
    code: "P0619", severity: "error", title: "field a source does not have",
    message: (p: { source: string; field: string }) => `\`${p.source}\` has no field \`${p.field}\``,
  }),
  sinkField: defineCode({
    code: "P0620", severity: "error", title: "field a sink cannot hold",
    message: (p: { sink: string; field: string; type: string }) => `\`${p.sink}\` cannot hold \`${p.field}\`, which is ${p.type}`,
  }),
  readType: defineCode({
    code: "P0621", severity: "error", title: "rows that are not records",
    message: (p: { found: string }) => `rows cannot be ${p.found}`,
  }),
  key: defineCode({
    code: "P0622", severity: "error", title: "key that rows cannot be told apart by",
    message: (p: { found: string }) => `${p.found} cannot be a key`,
  }),
  constStream: defineCode({
    code: "P0623", severity: "error", title: "stream as a constant",
    message: (p: { name: string }) => `constant \`${p.name}\` cannot be a stream`,
  }),
  tableStep: defineCode({
    code: "P0624", severity: "error", title: "step before a table",
    message: (p: { step: string }) => `\`${p.step}\` cannot stand before \`table\``,
  }),
  tableInPipeline: defineCode({
    code: "P0625", severity: "error", title: "table inside a pipeline",
    message: () => "`table` makes a constant, not a stream",
  }),
  partition: defineCode({
    code: "P0626", severity: "error", title: "field that files cannot be partitioned by",
    message: () => "files cannot be partitioned by this",
  }),
  writesNothing: defineCode({
    code: "P0627", severity: "warning", title: "pipeline that writes nothing",
    message: (p: { name: string }) => `pipeline \`${p.name}\` writes nothing`,
  }),
  unusedStream: defineCode({
    code: "P0628", severity: "warning", title: "stream never used",
    message: (p: { name: string }) => `\`${p.name}\` is never used`,
  }),
} as const;
