import type { SourceDescriptor } from "../../../language/catalog/catalog.ts";
import { refuseUnreadable } from "../../support/refuse-field.ts";

export const descriptor: SourceDescriptor = {
  name: "parquet",
  summary: "Apache Parquet files",
  signature: "parquet(path: uri) -> stream<Row>",
  refuseField: refuseUnreadable,
};
