import type { SinkDescriptor } from "../../../language/catalog/catalog.ts";

export const descriptor: SinkDescriptor = {
  name: "console",
  summary: "A table of the first rows on the terminal",
  signature: "console(limit: int) -> sink",
  defaults: { limit: { kind: "int", value: 20n } },
  files: false,
  refuseField: () => undefined,
};
