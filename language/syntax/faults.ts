/** Turns the parser's faults into diagnostics that name what was expected, what was found, and both ends of a bracket. */
import type { IToken, TokenType } from "chevrotain";
import { EOF } from "chevrotain";
import { syntaxCodes } from "../diagnostics/codes/syntax.ts";
import { report } from "../diagnostics/diagnostic.ts";
import type { Diagnostic, Fix } from "../diagnostics/diagnostic.ts";
import { positionAt } from "../source/source-file.ts";
import type { SourceFile } from "../source/source-file.ts";
import type { Span } from "../source/span.ts";
import type { SyntaxFault } from "./grammar.ts";
import { tokenSpan } from "./lexer.ts";
import * as t from "./tokens.ts";

export interface FaultContext {
  readonly source: SourceFile;
  /** The tokens that were parsed. */
  readonly tokens: readonly IToken[];
  /** The first token of what follows them, undefined at the end of the file. */
  readonly next: IToken | undefined;
}

/** One diagnostic for each fault that is not a mere consequence of the one before. */
export function describeFaults(context: FaultContext, faults: readonly SyntaxFault[]): Diagnostic[] {
  const diagnostics: Diagnostic[] = [];
  let lastRegion = -1;
  const located = faults.map((fault) => ({ fault, index: indexOf(context, fault.token) }));
  for (const { fault, index } of located.sort((a, b) => a.index - b.index)) {
    const region = regionOf(context, index);
    if (region === lastRegion) continue;
    lastRegion = region;
    diagnostics.push(describeFault(context, fault, index));
  }
  return diagnostics;
}

const regionStarts: ReadonlySet<TokenType> = new Set([t.Let, t.Write, t.Given, t.Expect, t.Return, t.PipeTo]);

/** The statement or step a token belongs to: after one fault in it the parser is guessing until the next. */
function regionOf(context: FaultContext, index: number): number {
  for (let i = index - 1; i > 0; i--) {
    const type = context.tokens[i]?.tokenType;
    if (type !== undefined && regionStarts.has(type)) return i;
  }
  return 0;
}

/** The place of a token among those parsed; their number for the end. */
export function indexOf(context: FaultContext, token: IToken): number {
  if (token.tokenType === EOF) return context.tokens.length;
  const index = context.tokens.findIndex((other) => other.startOffset === token.startOffset);
  return index < 0 ? context.tokens.length : index;
}

function describeFault(context: FaultContext, fault: SyntaxFault, index: number): Diagnostic {
  const found = context.tokens[index] ?? context.next;
  const { phrase, close, inList, atEnd } = fault.expectation;
  if (atEnd) return strayText(context, found, index);
  const previous = context.tokens[index - 1];
  if (close !== undefined) {
    const open = openBracket(context.tokens, index, close);
    if (open !== undefined && isCutOff(context, index, inList)) return unclosed(context, open, close, found, previous);
    if (inList && previous !== undefined) return missingComma(context, phrase, open, found, previous);
  }
  const isName = phrase === "a name" && found !== undefined && t.keywords.includes(found.tokenType);
  return unexpected(context, phrase, found, previous, isName ? "keywords cannot be names" : areSettings(context, index) ? SETTINGS_PLACE : undefined);
}

const SETTINGS_PLACE = "the settings of a pipeline are the first thing between its braces: `pipeline p { with { … } … }`";

/** `pipeline p with {`, and `with {` or `errors:` after a pipeline's statements or in place of one. */
function areSettings({ tokens }: FaultContext, index: number): boolean {
  if (tokens[index]?.tokenType === t.With) return tokens[index - 2]?.tokenType === t.Pipeline || openBlock(tokens, index) === t.Pipeline;
  return tokens[index]?.tokenType === t.Id && tokens[index + 1]?.tokenType === t.Colon && openBlock(tokens, index) === t.Pipeline;
}

/** What the innermost brace that is open before `index` belongs to, where a keyword and a name say so. */
function openBlock(tokens: readonly IToken[], index: number): TokenType | undefined {
  const open = openBracket(tokens, index, "}");
  return open === undefined ? undefined : tokens[tokens.indexOf(open) - 2]?.tokenType;
}

function strayText(context: FaultContext, found: IToken | undefined, index: number): Diagnostic {
  const isStatement = found !== undefined && regionStarts.has(found.tokenType) && found.tokenType !== t.PipeTo;
  if (index > 0 && !isStatement && sameLine(context.source, context.tokens[index - 1], found)) return leftOver(context, found, index);
  const isBracket = found !== undefined && closingTypes.has(found.tokenType);
  const reason = isStatement
    ? `\`${found.image}\` belongs inside the braces of ${ownerOf(found.tokenType)}`
    : isBracket ? "no bracket is open here" : found?.tokenType === t.With ? SETTINGS_PLACE : undefined;
  return report(syntaxCodes.strayItem, { found: describeToken(found) }, {
    at: foundSpan(context, found),
    others: index === 0 ? [] : [{ span: endOfToken(context.source, context.tokens[index - 1]), text: "the item before ends here" }],
    ...(reason === undefined ? {} : { reason }),
  });
}

/** Text behind a complete item on the same line: more likely part of it than of another. */
function leftOver(context: FaultContext, found: IToken | undefined, index: number): Diagnostic {
  const isComparison = found !== undefined && comparisons.has(found.tokenType);
  const isWith = found?.tokenType === t.With && context.tokens[index - 1]?.tokenType === t.RBrace;
  const reason = isComparison ? "comparisons do not chain; join two with `and`" : isWith ? SETTINGS_PLACE : undefined;
  return report(syntaxCodes.unexpected, { expected: "the next item", found: describeToken(found) }, {
    at: foundSpan(context, found),
    label: "what comes before is complete",
    ...(reason === undefined ? {} : { reason }),
  });
}

const comparisons: ReadonlySet<TokenType> = new Set([
  t.EqualEqual, t.NotEqual, t.Less, t.LessEqual, t.Greater, t.GreaterEqual, t.In,
]);

function ownerOf(type: TokenType): string {
  switch (type) {
    case t.Given:
    case t.Expect:
      return "a `test`";
    case t.Return:
      return "a `fn`";
    case t.Write:
      return "a `pipeline`";
    default:
      return "a `pipeline` or `fn`";
  }
}

function unexpected(
  context: FaultContext, phrase: string, found: IToken | undefined, previous: IToken | undefined, reason: string | undefined,
): Diagnostic {
  const params = { expected: phrase, found: describeToken(found) };
  const because = reason === undefined ? {} : { reason };
  if (previous === undefined || sameLine(context.source, previous, found)) {
    return report(syntaxCodes.unexpected, params, { at: foundSpan(context, found), label: `expected ${phrase}`, ...because });
  }
  return report(syntaxCodes.unexpected, params, {
    at: endOfToken(context.source, previous),
    label: `expected ${phrase} here`,
    others: [{ span: foundSpan(context, found), text: "found this instead" }],
    ...because,
  });
}

function missingComma(
  context: FaultContext, phrase: string, open: IToken | undefined, found: IToken | undefined, previous: IToken,
): Diagnostic {
  const at = endOfToken(context.source, previous);
  const fix: Fix = { text: "add `,`", edits: [{ span: at, replacement: "," }] };
  const others = open === undefined ? [] : [{ span: tokenSpan(context.source, open), text: "in the list that starts here" }];
  return report(syntaxCodes.unexpected, { expected: phrase, found: describeToken(found) }, {
    at: sameLine(context.source, previous, found) ? foundSpan(context, found) : at,
    label: `expected ${phrase}${sameLine(context.source, previous, found) ? "" : " here"}`,
    others,
    fix,
  });
}

function unclosed(
  context: FaultContext, open: IToken, close: string, found: IToken | undefined, previous: IToken | undefined,
): Diagnostic {
  const at = tokenSpan(context.source, open);
  const end = previous === undefined || sameLine(context.source, previous, found)
    ? foundSpan(context, found)
    : endOfToken(context.source, previous);
  return report(syntaxCodes.unclosed, { open: open.image, close, found: describeToken(found) }, {
    at,
    label: "opened here",
    others: [{ span: end, text: `expected \`${close}\` before this point` }],
    fix: { text: `add \`${close}\``, edits: [{ span: endOfToken(context.source, previous ?? open), replacement: close }] },
  });
}

/** The innermost bracket before `index` that `close` would close. */
function openBracket(tokens: readonly IToken[], index: number, close: string): IToken | undefined {
  const stack: IToken[] = [];
  for (const token of tokens.slice(0, index)) {
    if (token.tokenType === t.LParen || token.tokenType === t.LBracket || token.tokenType === t.LBrace) stack.push(token);
    if (token.tokenType === t.RParen || token.tokenType === t.RBracket || token.tokenType === t.RBrace) stack.pop();
  }
  const open = close === ")" ? t.LParen : close === "]" ? t.LBracket : t.LBrace;
  return stack.findLast((token) => token.tokenType === open);
}

/** True where the bracket's inside is over: by the end, another closing bracket or, in a list, a word of what follows. */
function isCutOff(context: FaultContext, index: number, inList: boolean): boolean {
  const found = context.tokens[index];
  if (found === undefined || closingTypes.has(found.tokenType)) return true;
  return inList && !isElementStart(context, index);
}

const closingTypes: ReadonlySet<TokenType> = new Set([t.RParen, t.RBracket, t.RBrace]);
const elementStarts: ReadonlySet<TokenType> = new Set([
  t.Id, t.Str, t.Num, t.Quantity, t.Field, t.DotDot, t.LBrace, t.LBracket, t.LParen, t.True, t.False, t.Null, t.Not, t.If,
  t.Tensor, t.List, t.Stream,
]);

/** True where another element of a list seems to start, so that a comma rather than a bracket is missing. */
function isElementStart(context: FaultContext, index: number): boolean {
  const token = context.tokens[index];
  if (token === undefined) return false;
  const isKey = context.tokens[index + 1]?.tokenType === t.Colon && t.keywords.includes(token.tokenType);
  return isKey || elementStarts.has(token.tokenType);
}

/** How a message names a token. */
function describeToken(token: IToken | undefined): string {
  if (token === undefined) return "the end of the file";
  if (t.keywords.includes(token.tokenType)) return `the keyword \`${token.image}\``;
  if (token.tokenType === t.Str) return "a string";
  return `\`${token.image}\``;
}

function foundSpan(context: FaultContext, found: IToken | undefined): Span {
  if (found !== undefined) return tokenSpan(context.source, found);
  const end = context.source.text.length;
  return { file: context.source.path, start: end, end };
}

function endOfToken(source: SourceFile, token: IToken | undefined): Span {
  const end = token === undefined ? 0 : tokenSpan(source, token).end;
  return { file: source.path, start: end, end };
}

function sameLine(source: SourceFile, previous: IToken | undefined, found: IToken | undefined): boolean {
  if (previous === undefined || found === undefined) return false;
  return positionAt(source, previous.startOffset).line === positionAt(source, found.startOffset).line;
}
