/**
 * Text to tokens. Never fails: a character that is no token is reported and left out, a habit from another language
 * (`&&`, `'text'`, `# comment`) is reported and replaced by what the language has for it.
 */
import { Lexer } from "chevrotain";
import type { ILexingError, IToken, TokenType } from "chevrotain";
import { syntaxCodes } from "../diagnostics/codes/syntax.ts";
import { report } from "../diagnostics/diagnostic.ts";
import type { Diagnostic } from "../diagnostics/diagnostic.ts";
import { suggest } from "../diagnostics/suggest.ts";
import type { SourceFile } from "../source/source-file.ts";
import type { Span } from "../source/span.ts";
import { units } from "./ast.ts";
import * as t from "./tokens.ts";

export interface Lexed {
  readonly tokens: readonly IToken[];
  /** `//` and `///` comments in order of place. */
  readonly comments: readonly IToken[];
  readonly diagnostics: readonly Diagnostic[];
}

let lexer: Lexer | undefined;

function sharedLexer(): Lexer {
  lexer ??= new Lexer(t.lexerTypes, { positionTracking: "onlyOffset", skipValidations: true, ensureOptimizations: false });
  return lexer;
}

/** Splits a file into tokens and comments. */
export function lex(source: SourceFile): Lexed {
  const result = sharedLexer().tokenize(source.text);
  const diagnostics = result.errors.map((error) => badCharacter(source, error.offset, error.length));
  const tokens: IToken[] = [];
  for (const token of withForeignWords(source, result.tokens, result.errors)) {
    // The tree's spans come from these; the lexer counts only where tokens start.
    token.endOffset = token.startOffset + token.image.length - 1;
    const kept = mend(source, token, diagnostics);
    if (kept === undefined) continue;
    const previous = tokens.at(-1);
    if (previous !== undefined && isUnknownUnit(source, previous, kept)) {
      diagnostics.push(unknownUnit(source, previous, kept));
      tokens[tokens.length - 1] = quantityToken(source, previous, kept);
    } else tokens.push(kept);
  }
  return { tokens: splitTypeEnds(tokens), comments: result.groups["comments"] ?? [], diagnostics };
}

const typeWords: ReadonlySet<TokenType> = new Set([t.List, t.Stream, t.Tensor]);

/** The tokens with the `>=` that ends a type (`param sizes: list<int>=[1]`) as the two it stands for. */
function splitTypeEnds(tokens: readonly IToken[]): IToken[] {
  let depth = 0;
  return tokens.flatMap((token, index) => {
    const type = token.tokenType;
    const previous = tokens[index - 1]?.tokenType;
    if (type === t.Less && previous !== undefined && typeWords.has(previous)) depth++;
    else if (type === t.Greater && depth > 0) depth--;
    else if (type === t.GreaterEqual && depth > 0) {
      depth = 0;
      return [part(token, t.Greater, 0), part(token, t.Assign, 1)];
    } else if (type === t.Assign || (t.keywords.includes(type) && !typeWords.has(type))) depth = 0;
    return [token];
  });
}

/** One character of a token as a token of its own. */
function part(token: IToken, type: TokenType, index: number): IToken {
  const place = token.startOffset + index;
  return { image: token.image.charAt(index), startOffset: place, endOffset: place, tokenType: type, tokenTypeIdx: type.tokenTypeIdx ?? 0 };
}

/** The tokens with words in other letters (`größe`) as names: they are reported, but are clearly meant as names. */
function withForeignWords(source: SourceFile, tokens: readonly IToken[], errors: readonly ILexingError[]): IToken[] {
  const foreign = errors.filter(({ offset, length }) => /^\p{L}+$/u.test(source.text.slice(offset, offset + length)));
  if (foreign.length === 0) return [...tokens];
  const starts = new Set(foreign.map(({ offset }) => offset));
  const words = foreign.map(({ offset, length }) => wordToken(source.text.slice(offset, offset + length), offset));
  const merged: IToken[] = [];
  for (const token of [...tokens, ...words].sort((a, b) => a.startOffset - b.startOffset)) {
    const last = merged.at(-1);
    const touches = last !== undefined && last.startOffset + last.image.length === token.startOffset;
    const isPart = starts.has(token.startOffset) || (last !== undefined && starts.has(last.startOffset));
    if (touches && isPart && isWord(last) && isWord(token)) {
      starts.add(last.startOffset);
      merged[merged.length - 1] = wordToken(last.image + token.image, last.startOffset);
    } else merged.push(token);
  }
  return merged;
}

function wordToken(image: string, startOffset: number): IToken {
  return { image, startOffset, tokenType: t.Id, tokenTypeIdx: t.Id.tokenTypeIdx ?? 0 };
}

function isWord(token: IToken): boolean {
  return token.tokenType === t.Id || t.keywords.includes(token.tokenType);
}

/** The span of a token; chevrotain's end offsets are inclusive. */
export function tokenSpan(source: SourceFile, token: IToken): Span {
  return { file: source.path, start: token.startOffset, end: token.startOffset + token.image.length };
}

/** The token with its type changed to what the language has, or undefined where the text means nothing. */
function mend(source: SourceFile, token: IToken, diagnostics: Diagnostic[]): IToken | undefined {
  switch (token.tokenType) {
    case t.UnclosedStr:
      diagnostics.push(report(syntaxCodes.unclosedString, {}, {
        at: tokenSpan(source, token),
        label: "the string starts here",
        reason: "a string ends on the line it starts on; write `\\n` for a line end inside it",
        fix: { text: "add the closing `\"`", edits: [{ span: endOf(source, token), replacement: "\"" }] },
      }));
      return retyped(token, t.Str);
    case t.SingleQuoted:
      diagnostics.push(habit(source, token, "strings are written in double quotes", JSON.stringify(token.image.slice(1, -1))));
      return retyped(token, t.Str);
    case t.HashComment:
      diagnostics.push(habit(source, token, "comments start with `//`", `//${token.image.slice(1)}`));
      return undefined;
    case t.BlockComment:
      diagnostics.push(habit(source, token, "comments run from `//` to the end of the line", undefined));
      return undefined;
    case t.Semicolon:
      diagnostics.push(habit(source, token, "statements need no `;`: the next keyword starts the next one", ""));
      return undefined;
    case t.AndAnd:
      diagnostics.push(habit(source, token, "both of two conditions is written `and`", "and"));
      return retyped(token, t.And);
    case t.OrOr:
      diagnostics.push(habit(source, token, "one of two conditions is written `or`", "or"));
      return retyped(token, t.Or);
    case t.Bang:
      diagnostics.push(habit(source, token, "the opposite of a condition is written `not`", "not "));
      return retyped(token, t.Not);
    default:
      return token;
  }
}

function retyped(token: IToken, type: TokenType): IToken {
  const tokenTypeIdx = type.tokenTypeIdx ?? token.tokenTypeIdx;
  return { ...token, tokenType: type, tokenTypeIdx };
}

function endOf(source: SourceFile, token: IToken): Span {
  const { file, end } = tokenSpan(source, token);
  return { file, start: end, end };
}

/** Something other languages have; `replacement` is what to write instead, undefined where that is not one edit. */
function habit(source: SourceFile, token: IToken, reason: string, replacement: string | undefined): Diagnostic {
  const span = tokenSpan(source, token);
  const [character = ""] = token.tokenType === t.AndAnd || token.tokenType === t.OrOr ? [token.image] : token.image;
  const shown = token.tokenType === t.BlockComment ? "/*" : character;
  const text = replacement === "" ? `remove \`${token.image}\`` : `write \`${(replacement ?? "").trim()}\``;
  return report(syntaxCodes.badCharacter, { character: `\`${shown}\`` }, {
    at: token.tokenType === t.BlockComment ? { ...span, end: span.start + 2 } : span,
    reason,
    ...(replacement === undefined ? {} : { fix: { text, edits: [{ span, replacement }] } }),
  });
}

function badCharacter(source: SourceFile, start: number, length: number): Diagnostic {
  const text = source.text.slice(start, start + length);
  const [first = ""] = text;
  const code = first.codePointAt(0) ?? 0;
  const printable = /^[^\p{C}\p{Z}]$/u.test(first);
  const name = `U+${code.toString(16).toUpperCase().padStart(4, "0")}`;
  const character = printable ? `\`${first}\`` : `the character ${name}`;
  const reason = /\p{L}/u.test(first)
    ? "names are made of the letters a to z and A to Z, digits and `_`; any character may stand in a string"
    : undefined;
  return report(syntaxCodes.badCharacter, { character }, {
    at: { file: source.path, start, end: start + length },
    ...(reason === undefined ? {} : { reason }),
  });
}

/** A number and a name side by side on a line are never right; it is a unit that does not exist. */
function isUnknownUnit(source: SourceFile, number: IToken, word: IToken): boolean {
  if (number.tokenType !== t.Num || word.tokenType !== t.Id) return false;
  const gap = source.text.slice(number.startOffset + number.image.length, word.startOffset);
  return /^[ \t]*$/.test(gap);
}

/** A number and its unknown unit as one token: a quantity, of which the tree then says that it is missing. */
function quantityToken(source: SourceFile, number: IToken, word: IToken): IToken {
  const end = word.startOffset + word.image.length;
  const image = source.text.slice(number.startOffset, end);
  return { image, startOffset: number.startOffset, endOffset: end - 1, tokenType: t.Quantity, tokenTypeIdx: t.Quantity.tokenTypeIdx ?? 0 };
}

function unknownUnit(source: SourceFile, number: IToken, word: IToken): Diagnostic {
  const span = tokenSpan(source, word);
  const unit = nearestUnit(word.image);
  return report(syntaxCodes.unknownUnit, { unit: word.image }, {
    at: span,
    label: unit === undefined ? "" : `did you mean \`${unit}\`?`,
    others: [{ span: tokenSpan(source, number), text: "for this number" }],
    reason: `the units are ${units.map((text) => `\`${text}\``).join(", ")}`,
    ...(unit === undefined ? {} : { fix: { text: `write \`${unit}\``, edits: [{ span, replacement: unit }] } }),
  });
}

const unitsOfOldHabit: Readonly<Record<string, string>> = {
  kb: "KiB", k: "KiB", mb: "MiB", m: "min", gb: "GiB", g: "GiB", tb: "TiB", sec: "s", secs: "s", second: "s", seconds: "s",
  minute: "min", minutes: "min", mins: "min", hour: "h", hours: "h", hr: "h", hrs: "h", day: "d", days: "d", millis: "ms", msec: "ms",
};

function nearestUnit(text: string): string | undefined {
  return unitsOfOldHabit[text.toLowerCase()] ?? suggest(text, units);
}
