import type { SourceDescriptor } from "../../../language/catalog/catalog.ts";

export const descriptor: SourceDescriptor = {
  name: "images",
  summary: "Pictures of a folder: path and bytes of each",
  signature: "images(path: uri) -> stream<Row>",
  fixedFields: [
    { name: "path", type: { kind: "string", bytesMax: 4096 } },
    { name: "bytes", type: { kind: "bytes" } },
  ],
  refuseField: () => undefined,
};
