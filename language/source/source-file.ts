/** The text of one file, with the offsets of its lines: from offsets to lines and columns and back. */
import type { Span } from "./span.ts";

export interface SourceFile {
  /** As the user typed it; spans name the file by this string. */
  readonly path: string;
  readonly text: string;
  /** Offset of the first character of each line; never empty, `lineStarts[0]` is 0. */
  readonly lineStarts: readonly number[];
}

/** A place for people: both numbers count from 1, the column in UTF-16 code units. */
export interface Position {
  readonly line: number;
  readonly column: number;
}

/** Makes a source file of a text; lines end with "\n", "\r\n" or "\r". */
export function createSourceFile(path: string, text: string): SourceFile {
  const lineStarts = [0];
  for (let i = 0; i < text.length; i++) {
    const char = text.charCodeAt(i);
    const isLineEnd = char === 10 || (char === 13 && text.charCodeAt(i + 1) !== 10);
    if (isLineEnd) lineStarts.push(i + 1);
  }
  return { path, text, lineStarts };
}

/** The line and column of an offset; an offset past the end gives the end of the text. */
export function positionAt(source: SourceFile, offset: number): Position {
  const clamped = Math.max(0, Math.min(offset, source.text.length));
  let low = 0;
  let high = source.lineStarts.length - 1;
  while (low < high) {
    const middle = (low + high + 1) >> 1;
    if ((source.lineStarts[middle] ?? 0) <= clamped) low = middle;
    else high = middle - 1;
  }
  return { line: low + 1, column: clamped - (source.lineStarts[low] ?? 0) + 1 };
}

/** The offset of a line and column, each clamped into the text. */
export function offsetAt(source: SourceFile, position: Position): number {
  const index = Math.max(0, Math.min(position.line - 1, source.lineStarts.length - 1));
  const start = source.lineStarts[index] ?? 0;
  const end = start + lineText(source, index + 1).length;
  return Math.max(start, Math.min(start + position.column - 1, end));
}

/** The text of a line (counted from 1) without its line end; "" for a line that does not exist. */
export function lineText(source: SourceFile, line: number): string {
  const start = source.lineStarts[line - 1];
  if (start === undefined) return "";
  const next = source.lineStarts[line] ?? source.text.length + 1;
  return source.text.slice(start, next).replace(/\r?\n$|\r$/, "");
}

/** The text a span covers. */
export function textAt(source: SourceFile, span: Span): string {
  return source.text.slice(span.start, span.end);
}
