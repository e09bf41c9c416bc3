/**
 * Cuts the tokens of a file into items before parsing, so that a broken item cannot swallow those after it.
 *
 * The keyword of an item is never part of another item, except before `:` (a key) and after a word that wants a name;
 * inside open brackets it starts an item only as the first token of a line that is indented no deeper than the item
 * before. A misspelt keyword at the start of an item or statement is reported and taken for the one it is close to.
 */
import type { IToken, TokenType } from "chevrotain";
import { syntaxCodes } from "../diagnostics/codes/syntax.ts";
import { report } from "../diagnostics/diagnostic.ts";
import type { Diagnostic } from "../diagnostics/diagnostic.ts";
import { suggest } from "../diagnostics/suggest.ts";
import { positionAt } from "../source/source-file.ts";
import type { SourceFile } from "../source/source-file.ts";
import { tokenSpan } from "./lexer.ts";
import * as t from "./tokens.ts";

export interface Segments {
  readonly edition: readonly IToken[];
  /** Not empty, any of them; only the first may start with something that starts no item. */
  readonly items: readonly (readonly IToken[])[];
  readonly diagnostics: readonly Diagnostic[];
}

const itemTypes: ReadonlySet<TokenType> = new Set([
  t.Export, t.Import, t.Param, t.Secret, t.Const, t.RecordWord, t.Model, t.Extern, t.Fn, t.Pipeline, t.Test,
]);
const wantsName: ReadonlySet<TokenType> = new Set([
  t.Param, t.Secret, t.Const, t.RecordWord, t.Model, t.Fn, t.Pipeline, t.Let, t.Given, t.As, t.Export, t.Extern,
]);

interface Cutter {
  readonly source: SourceFile;
  readonly tokens: IToken[];
  readonly diagnostics: Diagnostic[];
  depth: number;
  /** The first token of the item being read. */
  head: IToken | undefined;
}

/** Cuts tokens at the starts of items. */
export function cutSegments(source: SourceFile, tokens: readonly IToken[]): Segments {
  const cutter: Cutter = { source, tokens: [...tokens], diagnostics: [], depth: 0, head: undefined };
  respell(cutter, 0);
  const first = cutter.tokens[0]?.tokenType === t.Edition ? editionLength(cutter.tokens) : 0;
  const items: IToken[][] = [];
  let current: IToken[] = [];
  for (let i = first; i < cutter.tokens.length; i++) {
    respell(cutter, i);
    const token = cutter.tokens[i];
    if (token === undefined) break;
    if (startsItem(cutter, i)) {
      current = [];
      cutter.depth = 0;
      cutter.head = token;
    }
    if (current.length === 0) items.push(current);
    current.push(token);
    cutter.depth += depthChange(token.tokenType);
    if (cutter.depth < 0) cutter.depth = 0;
  }
  return { edition: cutter.tokens.slice(0, first), items, diagnostics: cutter.diagnostics };
}

function editionLength(tokens: readonly IToken[]): number {
  const second = tokens[1]?.tokenType;
  return second === undefined || itemTypes.has(second) ? 1 : 2;
}

function depthChange(type: TokenType): number {
  if (type === t.LParen || type === t.LBracket || type === t.LBrace) return 1;
  return type === t.RParen || type === t.RBracket || type === t.RBrace ? -1 : 0;
}

function startsItem(cutter: Cutter, index: number): boolean {
  const token = cutter.tokens[index];
  if (token === undefined || !itemTypes.has(token.tokenType)) return false;
  const previous = cutter.tokens[index - 1];
  if (cutter.tokens[index + 1]?.tokenType === t.Colon) return false;
  const isNewLine = isFirstOnLine(cutter.source, token);
  if (previous !== undefined && wantsName.has(previous.tokenType) && !(isNewLine && isStatementOpen(previous))) return false;
  if (cutter.depth === 0) return true;
  return isNewLine && cutter.head !== undefined && column(cutter.source, token) <= column(cutter.source, cutter.head);
}

/** A word that wants a name and stands alone at the end of a line; `extern` and `export` go on with a keyword. */
function isStatementOpen(previous: IToken): boolean {
  return previous.tokenType !== t.Extern && previous.tokenType !== t.Export;
}

export function isFirstOnLine(source: SourceFile, token: IToken): boolean {
  const lineStart = token.startOffset - column(source, token) + 1;
  return /^\s*$/.test(source.text.slice(lineStart, token.startOffset));
}

function column(source: SourceFile, token: IToken): number {
  return positionAt(source, token.startOffset).column;
}

const statementTypes = new Map<TokenType, readonly TokenType[]>([
  [t.Pipeline, [t.Let, t.Write, t.With]],
  [t.Test, [t.Given, t.Expect]],
  [t.Fn, [t.Let, t.Return]],
]);
const mayFollowKeyword: ReadonlySet<TokenType> = new Set([t.Id, t.Str, t.LBrace, t.Num, t.Field, t.Fn]);

/** Where a name stands at the start of an item or statement and is close to a keyword, puts the keyword there. */
function respell(cutter: Cutter, index: number): void {
  const token = cutter.tokens[index];
  const next = cutter.tokens[index + 1];
  if (token?.tokenType !== t.Id || next === undefined || !mayFollowKeyword.has(next.tokenType)) return;
  const candidates = keywordsAt(cutter, index);
  if (candidates.length === 0 || !isFirstOnLine(cutter.source, token)) return;
  const type = nearestKeyword(token.image, candidates);
  if (type === undefined) return;
  cutter.tokens[index] = retype(token, type);
  cutter.diagnostics.push(misspelt(cutter.source, token, type));
}

function keywordsAt(cutter: Cutter, index: number): readonly TokenType[] {
  if (index === 0) return [...itemTypes, t.Edition];
  if (cutter.depth === 0) return [...itemTypes];
  if (cutter.depth > 1 || cutter.head === undefined) return [];
  return statementTypes.get(cutter.head.tokenType) ?? [];
}

/** The keyword of these that a word is close to. */
export function nearestKeyword(word: string, types: readonly TokenType[]): TokenType | undefined {
  const text = suggest(word, types.map((type) => String(type.PATTERN)));
  return types.find((type) => type.PATTERN === text);
}

/** A token with another type. */
export function retype(token: IToken, type: TokenType): IToken {
  return { ...token, tokenType: type, tokenTypeIdx: type.tokenTypeIdx ?? token.tokenTypeIdx };
}

export function misspelt(source: SourceFile, token: IToken, type: TokenType): Diagnostic {
  const keyword = String(type.PATTERN);
  const span = tokenSpan(source, token);
  return report(syntaxCodes.misspeltKeyword, { found: token.image, keyword }, {
    at: span,
    fix: { text: `write \`${keyword}\``, edits: [{ span, replacement: keyword }] },
  });
}
