import type { SourceDescriptor } from "../../../language/catalog/catalog.ts";
import { refuseNotACell } from "../../support/refuse-field.ts";

export const descriptor: SourceDescriptor = {
  name: "csv",
  summary: "Comma-separated values (.csv, .tsv; .gz too)",
  signature: "csv(path: uri, header: bool, separator: string) -> stream<Row>",
  defaults: { header: { kind: "bool", value: true }, separator: { kind: "string", value: "," } },
  refuseField: refuseNotACell,
};
