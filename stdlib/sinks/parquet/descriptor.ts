import type { SinkDescriptor } from "../../../language/catalog/catalog.ts";
import { refuseUnreadable } from "../../support/refuse-field.ts";

export const descriptor: SinkDescriptor = {
  name: "parquet",
  summary: "Apache Parquet files",
  signature:
    'parquet(path: uri, compression: "zstd" | "snappy" | "gzip" | "none", rows_per_group: int, rows_per_file: int?, partition_by: list<string>?, partitions_max: int) -> sink',
  defaults: {
    compression: { kind: "string", value: "zstd" },
    rows_per_group: { kind: "int", value: 10_000n },
    rows_per_file: { kind: "null" },
    partition_by: { kind: "null" },
    partitions_max: { kind: "int", value: 1000n },
  },
  files: true,
  refuseField: refuseUnreadable,
};
