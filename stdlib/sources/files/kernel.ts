/** Files of a folder: path and bytes of each, in code unit order of their paths. */
import type { SourceKernel } from "../../../runtime/contract/kernel.ts";
import { openFileRows } from "../../support/file-rows.ts";

export const files: SourceKernel = {
  open: (args) => openFileRows(String(args.path)),
};
