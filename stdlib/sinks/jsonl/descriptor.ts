import type { SinkDescriptor } from "../../../language/catalog/catalog.ts";
import { refuseUnreadable } from "../../support/refuse-field.ts";

export const descriptor: SinkDescriptor = {
  name: "jsonl",
  summary: "JSON objects, one a line",
  signature: "jsonl(path: uri, rows_per_file: int?, partition_by: list<string>?, partitions_max: int) -> sink",
  defaults: { rows_per_file: { kind: "null" }, partition_by: { kind: "null" }, partitions_max: { kind: "int", value: 1000n } },
  files: true,
  refuseField: refuseUnreadable,
};
