/**
 * Diagnostics about model files. A model file is binary, so these have no span of their own: their message names the
 * place, and whoever reads the model for a `.pipe` file adds the label of the `model` declaration.
 */
import type { Code, Diagnostic, Fix } from "../../language/diagnostics/diagnostic.ts";
import type { Node } from "./model-graph.ts";

/** Makes a diagnostic about a model file. */
export function reportInModel<Params>(
  code: Code<Params>,
  params: NoInfer<Params>,
  more: { readonly reason?: string; readonly fix?: Fix } = {},
): Diagnostic {
  return { code: code.code, severity: code.severity, message: code.message(params), labels: [], ...more };
}

const shownCharsMax = 120;

/** A name of the file made safe to print: quoted, control characters escaped, long ones shortened. */
export function quoteName(name: string): string {
  const shown = name.length > shownCharsMax ? `${name.slice(0, shownCharsMax)}…` : name;
  return `"${shown.replace(/[\u0000-\u001f\u007f-\u009f\u2028-\u202e\u2066-\u2069"\\]/g, (c) => `\\u${c.charCodeAt(0).toString(16).padStart(4, "0")}`)}"`;
}

/** How messages call a node: by its name, or by operator and position. */
export function describeNode(node: Node): string {
  return node.name ? `node ${quoteName(node.name)}` : `node ${quoteName(`${node.op}_${node.index}`)}`;
}
