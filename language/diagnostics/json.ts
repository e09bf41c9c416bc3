/** Diagnostics for programs (`--json`): the same object with lines and columns beside the offsets. */
import { positionAt } from "../source/source-file.ts";
import type { Span } from "../source/span.ts";
import type { Diagnostic } from "./diagnostic.ts";
import type { Sources } from "./render.ts";

export interface JsonSpan extends Span {
  /** All four count from 1; the end is exclusive. Absent where the file's text is not known. */
  readonly line?: number;
  readonly column?: number;
  readonly endLine?: number;
  readonly endColumn?: number;
}

export interface JsonDiagnostic extends Omit<Diagnostic, "labels" | "fix"> {
  readonly labels: readonly { readonly span: JsonSpan; readonly text: string; readonly primary: boolean }[];
  readonly fix?: { readonly text: string; readonly edits: readonly { readonly span: JsonSpan; readonly replacement: string }[] };
}

/** The diagnostic with places added to every span. */
export function diagnosticToJson(diagnostic: Diagnostic, sources: Sources): JsonDiagnostic {
  const { labels, fix, ...rest } = diagnostic;
  return {
    ...rest,
    labels: labels.map((label) => ({ ...label, span: placed(label.span, sources) })),
    ...(fix === undefined
      ? {}
      : { fix: { text: fix.text, edits: fix.edits.map((edit) => ({ ...edit, span: placed(edit.span, sources) })) } }),
  };
}

function placed(span: Span, sources: Sources): JsonSpan {
  const source = sources.get(span.file);
  if (source === undefined) return span;
  const start = positionAt(source, span.start);
  const end = positionAt(source, span.end);
  return { ...span, line: start.line, column: start.column, endLine: end.line, endColumn: end.column };
}
