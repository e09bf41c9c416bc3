/**
 * Diagnostics for the terminal: a header, the lines of source that the labels are on (primary `^`, others `-`, in as
 * many files as there are), the reason, the fix.
 */
import { lineText, positionAt } from "../source/source-file.ts";
import type { SourceFile } from "../source/source-file.ts";
import type { Diagnostic, Label, Severity } from "./diagnostic.ts";
import { displayWidth, escapeText } from "./display.ts";

/** Source files by the path that spans name them by. */
export type Sources = ReadonlyMap<string, SourceFile>;

export interface RenderOptions {
  readonly color?: boolean;
}

type Style = "error" | "warning" | "note" | "dim" | "strong" | "secondary";
type Paint = (style: Style, text: string) => string;

const ansi: Readonly<Record<Style, string>> = {
  error: "1;31", warning: "1;33", note: "1;36", dim: "34", strong: "1", secondary: "34",
};

/** The sources of some files, for rendering. */
export function sourcesOf(...files: readonly SourceFile[]): Sources {
  return new Map(files.map((file) => [file.path, file]));
}

/** All diagnostics, an empty line between two, each ending with a line end; "" for none. */
export function renderDiagnostics(diagnostics: readonly Diagnostic[], sources: Sources, options: RenderOptions = {}): string {
  return diagnostics.map((diagnostic) => renderDiagnostic(diagnostic, sources, options)).join("\n");
}

/** One diagnostic, ending with a line end. */
export function renderDiagnostic(diagnostic: Diagnostic, sources: Sources, options: RenderOptions = {}): string {
  const paint: Paint = options.color === true ? (style, text) => `\u001b[${ansi[style]}m${text}\u001b[0m` : (_style, text) => text;
  const severity = paint(diagnostic.severity, `${diagnostic.severity} ${diagnostic.code}`);
  const lines = [`${severity}${paint("strong", `: ${escapeText(diagnostic.message)}`)}`];
  const files = labelsByFile(diagnostic.labels);
  const gutter = Math.max(1, ...files.map(([path, labels]) => lastLineNumber(sources.get(path), labels).toString().length));
  for (const [index, [path, labels]] of files.entries()) {
    lines.push(...renderFile(path, labels, sources.get(path), { paint, gutter, severity: diagnostic.severity, isFirst: index === 0 }));
  }
  const indent = " ".repeat(gutter + 1);
  if (diagnostic.reason !== undefined) lines.push(...note(indent, paint("strong", "because"), diagnostic.reason));
  if (diagnostic.fix !== undefined) lines.push(...note(indent, paint("strong", "fix"), diagnostic.fix.text));
  return `${lines.map((line) => line.trimEnd()).join("\n")}\n`;
}

function note(indent: string, word: string, text: string): string[] {
  const [first = "", ...rest] = escapeText(text, true).split("\n");
  return [`${indent}= ${word}: ${first}`, ...rest.map((line) => `${indent}  ${line}`)];
}

/** The labels of each file, the file of the primary label first, in order of place. */
function labelsByFile(labels: readonly Label[]): (readonly [string, readonly Label[]])[] {
  const files = new Map<string, Label[]>();
  for (const label of labels.toSorted((a, b) => Number(b.primary) - Number(a.primary))) {
    const known = files.get(label.span.file);
    if (known === undefined) files.set(label.span.file, [label]);
    else known.push(label);
  }
  return [...files].map(([path, found]) => [path, found.toSorted((a, b) => a.span.start - b.span.start)] as const);
}

function lastLineNumber(source: SourceFile | undefined, labels: readonly Label[]): number {
  if (source === undefined) return 1;
  return Math.max(...labels.map((label) => positionAt(source, label.span.start).line));
}

interface FileStyle {
  readonly paint: Paint;
  readonly gutter: number;
  readonly severity: Severity;
  readonly isFirst: boolean;
}

function renderFile(path: string, labels: readonly Label[], source: SourceFile | undefined, style: FileStyle): string[] {
  const { paint, gutter } = style;
  const arrow = paint("dim", `${" ".repeat(gutter)}${style.isFirst ? "-->" : ":::"}`);
  const bar = paint("dim", `${" ".repeat(gutter)} |`);
  if (source === undefined) {
    return [`${arrow} ${escapeText(path)}`, ...labels.filter((label) => label.text !== "").map((label) => `${bar} ${escapeText(label.text)}`)];
  }
  const main = labels.find((label) => label.primary) ?? labels[0];
  const place = positionAt(source, main?.span.start ?? 0);
  const lines = [`${arrow} ${escapeText(path)}:${place.line}:${place.column}`, bar];
  let last: number | undefined;
  for (const [number, onLine] of labelsByLine(source, labels)) {
    if (last !== undefined && number === last + 2) lines.push(...sourceLine(source, last + 1, [], style));
    else if (last !== undefined && number > last + 2) lines.push(paint("dim", `${" ".repeat(gutter)} ...`));
    lines.push(...sourceLine(source, number, onLine, style));
    last = number;
  }
  lines.push(bar);
  return lines;
}

function labelsByLine(source: SourceFile, labels: readonly Label[]): (readonly [number, readonly Label[]])[] {
  const lines = new Map<number, Label[]>();
  for (const label of labels) {
    const { line } = positionAt(source, label.span.start);
    const known = lines.get(line);
    if (known === undefined) lines.set(line, [label]);
    else known.push(label);
  }
  return [...lines].sort(([a], [b]) => a - b);
}

/** Longer lines are shown from somewhat before the first label, and cut. */
const lineWidthMax = 160;
const contextWidth = 40;

/** The source line and a line under it for each label on it. */
function sourceLine(source: SourceFile, number: number, labels: readonly Label[], style: FileStyle): string[] {
  const { paint, gutter, severity } = style;
  const text = lineText(source, number);
  const lineStart = source.lineStarts[number - 1] ?? 0;
  const firstColumn = Math.min(text.length, ...labels.map((label) => label.span.start - lineStart));
  const cutStart = text.length > lineWidthMax ? Math.max(0, firstColumn - contextWidth) : 0;
  const before = cutStart > 0 ? "..." : "";
  const after = text.length > cutStart + lineWidthMax ? "..." : "";
  const shown = `${before}${escapeText(text.slice(cutStart, cutStart + lineWidthMax))}${after}`;
  const lines = [`${paint("dim", `${number.toString().padStart(gutter)} |`)} ${shown}`];
  for (const label of labels) {
    const from = Math.max(cutStart, Math.min(label.span.start - lineStart, text.length));
    const to = Math.max(from, Math.min(label.span.end - lineStart, text.length, cutStart + lineWidthMax));
    const indent = " ".repeat(before.length + displayWidth(text.slice(cutStart, from)));
    const mark = (label.primary ? "^" : "-").repeat(Math.max(1, displayWidth(text.slice(from, to))));
    const words = escapeText(label.text) + untilLine(source, number, label);
    const marked = paint(label.primary ? severity : "secondary", words === "" ? mark : `${mark} ${words.trimStart()}`);
    lines.push(`${paint("dim", `${" ".repeat(gutter)} |`)} ${indent}${marked}`);
  }
  return lines;
}

function untilLine(source: SourceFile, number: number, label: Label): string {
  const last = positionAt(source, Math.max(label.span.start, label.span.end - 1)).line;
  return last > number ? ` (to line ${last})` : "";
}
