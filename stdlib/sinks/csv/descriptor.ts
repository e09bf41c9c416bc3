import type { SinkDescriptor } from "../../../language/catalog/catalog.ts";
import { refuseNotACell } from "../../support/refuse-field.ts";

export const descriptor: SinkDescriptor = {
  name: "csv",
  summary: "Comma-separated values",
  signature: "csv(path: uri, header: bool, separator: string, rows_per_file: int?, partition_by: list<string>?, partitions_max: int) -> sink",
  defaults: {
    header: { kind: "bool", value: true },
    separator: { kind: "string", value: "," },
    rows_per_file: { kind: "null" },
    partition_by: { kind: "null" },
    partitions_max: { kind: "int", value: 1000n },
  },
  files: true,
  refuseField: refuseNotACell,
};
