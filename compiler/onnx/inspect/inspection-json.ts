/** The JSON of an inspection: a contract that others script against; fields are added to it only with care. */
import { diagnosticToJson } from "../../../language/diagnostics/json.ts";
import { sourcesOf } from "../../../language/diagnostics/render.ts";
import type { Inspection } from "./inspection.ts";

/** `{inputs, outputs, tensors, nodes, totals, diagnostics}` with a line end. */
export function inspectionJson(inspection: Inspection): string {
  const { inputs, outputs, tensors, nodes, totals, diagnostics } = inspection;
  const sources = sourcesOf();
  const value = { inputs, outputs, tensors: Object.fromEntries(tensors), nodes, totals, diagnostics: diagnostics.map((diagnostic) => diagnosticToJson(diagnostic, sources)) };
  return `${JSON.stringify(value, undefined, 2)}\n`;
}
