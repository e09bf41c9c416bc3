/** Bounds the nesting of an item before it is parsed, so that no text can exhaust the stack of this or a later pass. */
import type { IToken, TokenType } from "chevrotain";
import { syntaxCodes } from "../diagnostics/codes/syntax.ts";
import { report } from "../diagnostics/diagnostic.ts";
import type { Diagnostic } from "../diagnostics/diagnostic.ts";
import type { SourceFile } from "../source/source-file.ts";
import { tokenSpan } from "./lexer.ts";
import * as t from "./tokens.ts";

/** From about 45 levels on, working out what could have come next at an error exhausts the stack. */
const nestingLimit = 32;

const opening: ReadonlySet<TokenType> = new Set([t.LParen, t.LBracket, t.LBrace]);
const closing: ReadonlySet<TokenType> = new Set([t.RParen, t.RBracket, t.RBrace]);
const statements: ReadonlySet<TokenType> = new Set([t.Let, t.Write, t.Given, t.Expect, t.Return]);
/** These nest without a closing token; each counts until the next comma or statement at its level. */
const unclosed: ReadonlySet<TokenType> = new Set([t.If, t.List, t.Stream]);

/** A diagnostic at the token that goes too deep, if one does. */
export function checkDepth(source: SourceFile, tokens: readonly IToken[]): Diagnostic | undefined {
  // For each open bracket, and the item itself, what nests in it without a closing token of its own.
  const levels = [0];
  let depth = 0;
  for (const [index, token] of tokens.entries()) {
    const top = levels.length - 1;
    const isKey = tokens[index + 1]?.tokenType === t.Colon;
    if (opening.has(token.tokenType)) levels.push(0);
    else if (closing.has(token.tokenType) && top > 0) depth -= levels.pop() ?? 0;
    else if ((statements.has(token.tokenType) || token.tokenType === t.Comma) && !isKey) {
      depth -= levels[top] ?? 0;
      levels[top] = 0;
    } else if (unclosed.has(token.tokenType) && !isKey) {
      levels[top] = (levels[top] ?? 0) + 1;
      depth++;
    }
    if (levels.length - 1 + depth > nestingLimit) {
      return report(syntaxCodes.tooDeep, { limit: nestingLimit }, {
        at: tokenSpan(source, token),
        reason: "give the inner parts a name with `let` or `fn`",
      });
    }
  }
  return undefined;
}
