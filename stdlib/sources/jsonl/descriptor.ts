import type { SourceDescriptor } from "../../../language/catalog/catalog.ts";
import { refuseUnreadable } from "../../support/refuse-field.ts";

export const descriptor: SourceDescriptor = {
  name: "jsonl",
  summary: "JSON objects, one a line (.jsonl, .ndjson; .gz too)",
  signature: "jsonl(path: uri) -> stream<Row>",
  refuseField: refuseUnreadable,
};
