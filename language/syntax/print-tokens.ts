/** The tokens of a file as text, one a line, for goldens and `pipec dump`. */
import { positionAt } from "../source/source-file.ts";
import type { SourceFile } from "../source/source-file.ts";
import { lex } from "./lexer.ts";

/** `line:column Type image`, comments among the tokens in order of place. */
export function printTokens(source: SourceFile): string {
  const { tokens, comments } = lex(source);
  const all = [...tokens, ...comments].sort((a, b) => a.startOffset - b.startOffset);
  const lines = all.map((token) => {
    const { line, column } = positionAt(source, token.startOffset);
    return `${line}:${column} ${token.tokenType.name} ${token.image}`;
  });
  return lines.map((line) => `${line}\n`).join("");
}
