/** The inside of a string: escapes, `{name}` interpolations, `{{` and `}}` for the braces themselves. */
import { syntaxCodes } from "../diagnostics/codes/syntax.ts";
import { report } from "../diagnostics/diagnostic.ts";
import type { Diagnostic } from "../diagnostics/diagnostic.ts";
import type { Span } from "../source/span.ts";
import type { StringLiteral, StringPart } from "./ast.ts";

interface Reader {
  readonly span: Span;
  readonly image: string;
  readonly parts: StringPart[];
  readonly diagnostics: Diagnostic[];
  text: string;
  /** Where the text being gathered starts in the image. */
  textStart: number;
}

const escapes: Readonly<Record<string, string>> = { n: "\n", t: "\t", r: "\r", "\"": "\"", "\\": "\\" };

/** Reads the image of a string token, quotes included (the last may be missing); problems are added to `diagnostics`. */
export function readStringLiteral(image: string, span: Span, diagnostics: Diagnostic[]): StringLiteral {
  const isClosed = /^"(?:[^"\\]|\\[^])*"$|^'[^]*'$/.test(image) && image.length > 1;
  const end = image.length - (isClosed ? 1 : 0);
  const reader: Reader = { span, image, parts: [], diagnostics, text: "", textStart: 1 };
  let at = 1;
  while (at < end) at = readPiece(reader, at, end);
  endText(reader, end);
  return { kind: "string", span, parts: reader.parts };
}

/** Reads one character, escape or interpolation at `at`; gives the place after it. */
function readPiece(reader: Reader, at: number, end: number): number {
  const char = reader.image[at] ?? "";
  if (char === "\\" && reader.image[0] === "\"") return readEscape(reader, at, end);
  if (char !== "{" && char !== "}") {
    reader.text += char;
    return at + 1;
  }
  if (reader.image[at + 1] === char && at + 1 < end) {
    reader.text += char;
    return at + 2;
  }
  const name = /^\{([A-Za-z_]\w*)\}/.exec(reader.image.slice(at, end))?.[1];
  if (name === undefined) return badBrace(reader, at, end);
  endText(reader, at);
  const after = at + name.length + 2;
  const identifier = { kind: "identifier", span: within(reader, at + 1, after - 1), name } as const;
  reader.parts.push({ kind: "interpolation", span: within(reader, at, after), name: identifier });
  reader.textStart = after;
  return after;
}

function readEscape(reader: Reader, at: number, end: number): number {
  const unicode = /^\\u\{([0-9A-Fa-f]{1,6})\}/.exec(reader.image.slice(at, end));
  const code = unicode?.[1] === undefined ? undefined : Number.parseInt(unicode[1], 16);
  if (unicode !== null && code !== undefined && code <= 0x10ffff) {
    reader.text += String.fromCodePoint(code);
    return at + unicode[0].length;
  }
  const char = at + 1 < end ? (reader.image[at + 1] ?? "") : "";
  const meaning = escapes[char];
  if (meaning === undefined) {
    const span = within(reader, at, at + 1 + char.length);
    reader.diagnostics.push(report(syntaxCodes.badEscape, { escape: `\\${char}` }, {
      at: span,
      reason: "the escapes are `\\n`, `\\t`, `\\r`, `\\\"`, `\\\\` and `\\u{...}` with a hexadecimal code",
      fix: { text: `write \`\\\\${char}\` for a backslash`, edits: [{ span, replacement: `\\\\${char}` }] },
    }));
  }
  reader.text += meaning ?? char;
  return at + 1 + char.length;
}

function badBrace(reader: Reader, at: number, end: number): number {
  const char = reader.image[at] ?? "";
  const rest = reader.image.slice(at, end);
  const enclosed = char === "{" ? (/^\{[^{}\\]{0,40}\}/.exec(rest)?.[0] ?? char) : char;
  const doubled = enclosed.length === 1 ? char + char : `{${enclosed}}`;
  reader.diagnostics.push(report(syntaxCodes.badInterpolation, { text: enclosed }, {
    at: within(reader, at, at + enclosed.length),
    reason: "`{name}` in a string puts the value of a name there; `{{` and `}}` stand for the braces themselves",
    fix: {
      text: `write \`${doubled}\` if the braces are part of the text`,
      edits: [{ span: within(reader, at, at + enclosed.length), replacement: doubled }],
    },
  }));
  reader.text += enclosed;
  return at + enclosed.length;
}

function endText(reader: Reader, at: number): void {
  if (reader.text === "") return;
  reader.parts.push({ kind: "text", span: within(reader, reader.textStart, at), text: reader.text });
  reader.text = "";
}

function within(reader: Reader, from: number, to: number): Span {
  return { file: reader.span.file, start: reader.span.start + from, end: reader.span.start + to };
}
