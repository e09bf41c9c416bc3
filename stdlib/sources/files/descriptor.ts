import type { SourceDescriptor } from "../../../language/catalog/catalog.ts";

export const descriptor: SourceDescriptor = {
  name: "files",
  summary: "Files of a folder: path and bytes of each",
  signature: "files(path: uri) -> stream<Row>",
  fixedFields: [
    { name: "path", type: { kind: "string", bytesMax: 4096 } },
    { name: "bytes", type: { kind: "bytes" } },
  ],
  refuseField: () => undefined,
};
