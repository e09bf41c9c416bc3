/** Reading chevrotain's concrete syntax tree: every part may be absent, since recovery leaves nodes incomplete. */
import type { CstElement, CstNode, IToken } from "chevrotain";

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

/** The tree with a place for every node that recovery left without a token: the end of the node around it. */
export function withPlaces(root: CstNode, end: number): CstNode {
  const range = nodeRange(root);
  const children: Record<string, CstElement[]> = {};
  for (const [name, elements] of Object.entries(root.children)) {
    children[name] = elements.map((child) => (isToken(child) ? child : withPlaces(child, range?.end ?? end)));
  }
  const location = range === undefined ? { startOffset: end, endOffset: end - 1 } : root.location;
  return { ...root, children, ...(location === undefined ? {} : { location }) };
}
