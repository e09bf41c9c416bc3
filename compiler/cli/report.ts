/** Diagnostics on their way out: for people to stderr, for programs to stdout. */
import type { Code, Diagnostic, Fix } from "../../language/diagnostics/diagnostic.ts";
import { diagnosticToJson } from "../../language/diagnostics/json.ts";
import { renderDiagnostics } from "../../language/diagnostics/render.ts";
import type { Sources } from "../../language/diagnostics/render.ts";
import type { Io } from "./io.ts";

/** A diagnostic without a place in a source file. */
export function reportNowhere<Params>(code: Code<Params>, params: NoInfer<Params>, more: { readonly reason?: string; readonly fix?: Fix } = {}): Diagnostic {
  return { code: code.code, severity: code.severity, message: code.message(params), labels: [], ...more };
}

/** An instruction that only the user can carry out. */
export function advice(text: string): Fix {
  return { text, edits: [] };
}

/** Writes diagnostics to stderr, and how many there were. */
export function showDiagnostics(io: Io, diagnostics: readonly Diagnostic[], sources: Sources): void {
  if (diagnostics.length === 0) return;
  io.stderr(renderDiagnostics(diagnostics, sources, { color: io.color }));
  const counts = (["error", "warning"] as const).flatMap((severity) => {
    const count = diagnostics.filter((diagnostic) => diagnostic.severity === severity).length;
    return count === 0 ? [] : [`${count} ${severity}${count === 1 ? "" : "s"}`];
  });
  if (counts.length > 0) io.stderr(`\n${counts.join(", ")}\n`);
}

/** `{"diagnostics": [...], ...more}` with a line end. */
export function diagnosticsJson(diagnostics: readonly Diagnostic[], sources: Sources, more: Readonly<Record<string, unknown>> = {}): string {
  return `${JSON.stringify({ diagnostics: diagnostics.map((diagnostic) => diagnosticToJson(diagnostic, sources)), ...more }, undefined, 2)}\n`;
}
