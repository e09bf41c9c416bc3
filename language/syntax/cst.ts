/** Reading chevrotain's concrete syntax tree: every part may be absent, since recovery leaves nodes incomplete. */
import type { CstElement, CstNode, IToken } from "chevrotain";
import type { Span } from "../source/span.ts";

export function isToken(element: CstElement): element is IToken {
  return "image" in element;
}

/** The sub-trees of one rule, in order. */
export function nodes(parent: CstNode, rule: string): readonly CstNode[] {
  const found: CstNode[] = [];
  for (const child of parent.children[rule] ?? []) if (!isToken(child)) found.push(child);
  return found;
}

export function node(parent: CstNode, rule: string): CstNode | undefined {
  return nodes(parent, rule)[0];
}

/** The tokens of one type (or label), in order, without those that recovery made up. */
export function tokens(parent: CstNode, type: string): readonly IToken[] {
  const found: IToken[] = [];
  for (const child of parent.children[type] ?? []) {
    if (isToken(child) && child.isInsertedInRecovery !== true) found.push(child);
  }
  return found;
}

export function token(parent: CstNode, type: string): IToken | undefined {
  return tokens(parent, type)[0];
}

/** The stretch of text a node covers; undefined for a node without a token. */
export function nodeRange(parent: CstNode): { readonly start: number; readonly end: number } | undefined {
  const { startOffset, endOffset } = parent.location ?? {};
  if (startOffset === undefined || endOffset === undefined) return undefined;
  if (Number.isNaN(startOffset) || Number.isNaN(endOffset)) return undefined;
  return { start: startOffset, end: endOffset + 1 };
}


export function spanOf(file: string, parent: CstNode, fallback: Span): Span {
  const range = nodeRange(parent);
  return range === undefined ? fallback : { file, ...range };
}
