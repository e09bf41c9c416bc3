/** The JSON of an inspection: a contract that others script against; fields are added to it only with care. */
import { diagnosticToJson } from "../../../language/diagnostics/json.ts";
import { sourcesOf } from "../../../language/diagnostics/render.ts";
import type { Inspection } from "./inspection.ts";

/** `{inputs, outputs, tensors, nodes, totals, diagnostics}` with a line end. */
export function inspectionJson(inspection: Inspection): string {
  const { inputs, outputs, tensors, nodes, totals, diagnostics } = inspection;
  const sources = sourcesOf();
  const value = { inputs, outputs, tensors: Object.fromEntries(tensors), nodes, totals, diagnostics: diagnostics.map((diagnostic) => diagnosticToJson(diagnostic, sources)) };
  // JSON leaves DEL and the C1 controls as they are; a terminal would act on them.
  const text = JSON.stringify(value, undefined, 2).replace(/[\u007f-\u009f]/g, (c) => `\\u00${c.charCodeAt(0).toString(16)}`);
  return `${text}\n`;
}
