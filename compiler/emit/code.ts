/**
 * Emitted text with the places it came from. Pieces nest: the innermost place wins, as a debugger would want it.
 * `renderCode` gives the text and the mappings of a source map.
 */
import type { Span } from "../../language/source/span.ts";

export type Code = string | readonly Code[] | Located;

export interface Located {
  readonly span: Span;
  readonly code: Code;
}

/** Says that `code` came from `span`. */
export function at(span: Span, ...code: readonly Code[]): Located {
  return { span, code };
}

/** `parts` with `separator` between two. */
export function join(parts: readonly Code[], separator: string): Code {
  return parts.flatMap((part, index) => (index === 0 ? [part] : [separator, part]));
}

/** Each part on a line of its own, indented by `indent` levels of two spaces; parts hold no line ends of their own beyond `indentCode`'s. */
export function lines(parts: readonly Code[], indent = 0): Code {
  const margin = "  ".repeat(indent);
  return parts.map((part) => [margin, indented(part, margin), "\n"]);
}

/** The code with `margin` after each line end in it. */
function indented(code: Code, margin: string): Code {
  if (margin === "") return code;
  if (typeof code === "string") return code.replaceAll("\n", `\n${margin}`);
  if ("span" in code) return { span: code.span, code: indented(code.code, margin) };
  return code.map((part) => indented(part, margin));
}

/** A place in the emitted text (both count from 0) and where it came from; `span` undefined: from nowhere. */
export interface Mapping {
  readonly line: number;
  readonly column: number;
  readonly span: Span | undefined;
}

export interface RenderedCode {
  readonly text: string;
  readonly mappings: readonly Mapping[];
}

export function renderCode(code: Code): RenderedCode {
  const chunks: string[] = [];
  const mappings: Mapping[] = [];
  let line = 0;
  let column = 0;
  const mark = (span: Span | undefined): void => {
    const last = mappings.at(-1);
    if (last !== undefined && last.line === line && last.column === column) mappings[mappings.length - 1] = { line, column, span };
    else mappings.push({ line, column, span });
  };
  const write = (text: string, span: Span | undefined): void => {
    for (const [index, part] of text.split("\n").entries()) {
      if (index > 0) {
        line++;
        column = 0;
        if (part !== "") mark(span);
      }
      column += part.length;
    }
    chunks.push(text);
  };
  const visit = (piece: Code, span: Span | undefined): void => {
    if (typeof piece === "string") write(piece, span);
    else if ("span" in piece) {
      mark(piece.span);
      visit(piece.code, piece.span);
      mark(span);
    } else for (const part of piece) visit(part, span);
  };
  visit(code, undefined);
  return { text: chunks.join(""), mappings };
}
