/** What the parts of the formatter share: tokens with their comments, comma lists, blocks. */
import type { CstNode, IToken, TokenType } from "chevrotain";
import type { SourceFile } from "../source/source-file.ts";
import { isToken, node, nodeRange, nodes, token, tokens } from "./cst.ts";
import { commentsBefore, commentsBehind } from "./format-comments.ts";
import type { Comments } from "./format-comments.ts";
import { emptyLine, group, hardLine, ifBroken, indent, line, softLine } from "./layout.ts";
import type { Doc } from "./layout.ts";
import { Quantity } from "./tokens.ts";

export interface Format {
  readonly source: SourceFile;
  readonly comments: Comments;
}

/** A token of a complete tree, with its comments. */
export function word(format: Format, found: IToken): Doc {
  const { startOffset } = found;
  const image = found.tokenType === Quantity ? quantityText(found.image) : found.image;
  return [...commentsBefore(format.source, format.comments, startOffset), image, ...commentsBehind(format.comments, startOffset)];
}

/** The only token of a type under a node, "" where it is absent. */
export function wordOf(format: Format, cst: CstNode, type: TokenType): Doc {
  const found = token(cst, type.name);
  return found === undefined ? "" : word(format, found);
}

function quantityText(image: string): string {
  return image.replace(/[ \t]*([A-Za-z]+|%)$/, (_all, unit: string) => (unit === "%" ? unit : ` ${unit}`));
}

/** All the places of one type of token or rule under a node, in order of place. */
export function partsOf(cst: CstNode): (CstNode | IToken)[] {
  return Object.values(cst.children).flat().sort((a, b) => placeOf(a) - placeOf(b));
}

function placeOf(part: CstNode | IToken): number {
  return isToken(part) ? part.startOffset : (nodeRange(part)?.start ?? 0);
}

/** True where the text between two offsets goes over a line end. */
function hasLineEnd(format: Format, from: number, to: number): boolean {
  return /[\r\n]/.test(format.source.text.slice(from, to));
}

/** True where an empty line stands right before the place (or before the comments that belong to it). */
export function hasEmptyLineBefore(format: Format, offset: number): boolean {
  const first = format.comments.before.get(offset)?.[0]?.startOffset ?? offset;
  return /(?:\r\n|\r|\n)[ \t]*(?:\r\n|\r|\n)[ \t]*$/.test(format.source.text.slice(Math.max(0, first - 400), first));
}

export interface ListShape {
  readonly open: TokenType;
  readonly close: TokenType;
  /** The rule of the elements. */
  readonly rule: string;
  /** What stands between the bracket and the elements on one line: `{ a }` but `(a)`. */
  readonly padded: boolean;
}

/** A bracketed comma list; one element a line with a comma after the last where it does not fit, or was so with braces. */
export function commaList(format: Format, cst: CstNode, shape: ListShape, element: (cst: CstNode) => Doc): Doc {
  const open = token(cst, shape.open.name);
  const close = token(cst, shape.close.name);
  const elements = nodes(cst, shape.rule);
  const commas = tokens(cst, "Comma");
  if (open === undefined || close === undefined) return "";
  const beforeClose = commentsBefore(format.source, format.comments, close.startOffset);
  const closing: Doc = [close.image, ...commentsBehind(format.comments, close.startOffset)];
  const [first] = elements;
  if (first === undefined) {
    const inside: Doc = beforeClose.length === 0 ? "" : [indent([hardLine, beforeClose.slice(0, -1)]), hardLine];
    return [word(format, open), inside, closing];
  }
  const gap = shape.padded ? line : softLine;
  const single = elements.length === 1 && beforeClose.length === 0 && commas.every((comma) => !format.comments.behind.has(comma.startOffset));
  if (!shape.padded && single && isBracketed(format, first) && !hasCommentBetween(format, open.startOffset, placeOf(first))) return group([word(format, open), element(first), closing]);
  const body = elements.map((cst_, index): Doc => {
    const comma = commas[index];
    const isLast = index === elements.length - 1;
    const mark: Doc = isLast ? ifBroken(",", "") : ",";
    const behind = comma === undefined ? [] : commentsBehind(format.comments, comma.startOffset);
    const separator: Doc = index === 0 ? "" : hasEmptyLineBefore(format, placeOf(cst_)) ? emptyLineIfBroken : line;
    return [separator, element(cst_), mark, ...behind];
  });
  const wasBroken = shape.padded && hasLineEnd(format, open.startOffset, placeOf(first));
  const isOpen = wasBroken || hasCommentBetween(format, open.startOffset, close.startOffset);
  const last = lastComments(format, close, beforeClose);
  return group([word(format, open), indent([gap, body, last]), gap, closing], { broken: isOpen });
}

/** The comments after the last part of a list or block, each on its line. */
function lastComments(format: Format, close: IToken, comments: readonly Doc[]): Doc {
  if (comments.length === 0) return "";
  return [hasEmptyLineBefore(format, close.startOffset) ? emptyLine : hardLine, comments.slice(0, -1)];
}

/** True where a comment goes between two tokens, given by their offsets. */
export function hasCommentBetween(format: Format, from: number, to: number): boolean {
  for (const offset of format.comments.behind.keys()) if (offset >= from && offset < to) return true;
  for (const offset of format.comments.before.keys()) if (offset > from && offset <= to) return true;
  return false;
}

const emptyLineIfBroken: Doc = ifBroken(emptyLine, line);

/** A part that is one bracketed list: its brackets may hug those around it. */
function isBracketed(format: Format, cst: CstNode): boolean {
  const range = nodeRange(cst);
  if (range === undefined || format.comments.before.has(range.start)) return false;
  const text = format.source.text.slice(range.start, range.end);
  return /^[[{][^]*[\]}]$/.test(text);
}

/** A block in braces, each part on its own line with the empty lines it had between. */
export function block(format: Format, cst: CstNode, parts: readonly CstNode[], show: (part: CstNode) => Doc): Doc {
  const open = token(cst, "LBrace");
  const close = token(cst, "RBrace");
  if (open === undefined || close === undefined) return "";
  const beforeClose = commentsBefore(format.source, format.comments, close.startOffset);
  const closing: Doc = [close.image, ...commentsBehind(format.comments, close.startOffset)];
  const body = parts.map((part, index): Doc => [
    index > 0 && hasEmptyLineBefore(format, placeOf(part)) ? emptyLine : hardLine,
    show(part),
  ]);
  body.push(lastComments(format, close, beforeClose));
  if (parts.length === 0 && beforeClose.length === 0) return [word(format, open), closing];
  return [word(format, open), indent(body), hardLine, closing];
}

/** The doc of the sub-tree of a rule, "" where it is absent. */
export function part(cst: CstNode, rule: string, show: (cst: CstNode) => Doc): Doc {
  const found = node(cst, rule);
  return found === undefined ? "" : show(found);
}
