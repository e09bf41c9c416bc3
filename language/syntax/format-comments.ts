/**
 * Where the comments of a file go when it is formatted. A comment behind a token on its line stays behind it; one on
 * its own line stays before what follows, or, inside something that is never split over lines there, moves before the
 * whole of it (to the comment before it, if that stayed inside). No comment is lost.
 */
import type { CstNode, IToken } from "chevrotain";
import type { SourceFile } from "../source/source-file.ts";
import { isToken } from "./cst.ts";
import { hardLine, emptyLine, lineEnd } from "./layout.ts";
import type { Doc } from "./layout.ts";
import type { ConcreteFile } from "./parse.ts";
import * as t from "./tokens.ts";

export interface Comments {
  /** Comments on lines of their own, by the offset of the token they stand before; the text's length for the end. */
  readonly before: ReadonlyMap<number, readonly IToken[]>;
  /** Comments on the same line, by the offset of the token they stand behind. */
  readonly behind: ReadonlyMap<number, readonly IToken[]>;
}

/** Rules that start a line of their own where their surroundings are broken. */
const lineRules: ReadonlySet<string> = new Set([
  "edition", "item", "pipelineStatement", "testStatement", "letStatement", "returnStatement", "pipeStep", "chainStep", "field", "setting",
  "entry", "argument", "importName", "dimension", "chain", "expr",
]);
/** In these, a `chain` or `expr` is an element of a list. */
const listRules: ReadonlySet<string> = new Set(["listExpr", "subscript"]);
/** Before these goes a comment from inside something that is never split over lines. */
const wholeRules: ReadonlySet<string> = new Set([
  "edition", "item", "pipelineStatement", "testStatement", "letStatement", "returnStatement",
  "pipeStep",
]);

interface Anchors {
  /** Tokens that comments may stand before. */
  readonly all: ReadonlySet<number>;
  /** Those that begin an item, statement or step. */
  readonly wholes: ReadonlySet<number>;
}

/** Gives every comment its place; those at the offsets `crowded` would share a line with others and stay behind nothing. */
export function placeComments(source: SourceFile, file: ConcreteFile, crowded: ReadonlySet<number>): Comments {
  const before = new Map<number, IToken[]>();
  const behind = new Map<number, IToken[]>();
  const anchors = anchorsOf(file);
  let index = 0;
  let anchor: number | undefined;
  let lastPlace = 0;
  for (const comment of file.comments) {
    for (let token = file.tokens[index]; token !== undefined && token.startOffset < comment.startOffset; token = file.tokens[++index]) {
      if (anchors.wholes.has(token.startOffset)) anchor = token.startOffset;
    }
    const isCrowded = crowded.has(comment.startOffset);
    const previous = file.tokens[index - 1];
    const next = file.tokens[index]?.startOffset ?? source.text.length;
    const isBehind = previous !== undefined && !/[\r\n]/.test(source.text.slice(previous.startOffset + previous.image.length, comment.startOffset));
    const isPlaced = !isCrowded && (anchors.all.has(next) || next === source.text.length);
    if (isBehind && !isCrowded) push(behind, previous.startOffset, comment);
    else if (isPlaced || anchor === undefined) {
      push(before, next, comment);
      lastPlace = next;
    } else push(before, Math.max(anchor, lastPlace), plainComment(comment));
  }
  return { before, behind };
}

/** A `///` that documents nothing where it stands must not document something where it goes. */
function plainComment(comment: IToken): IToken {
  return comment.tokenType === t.DocLine ? { ...comment, image: comment.image.slice(1) } : comment;
}

function push(map: Map<number, IToken[]>, key: number, comment: IToken): void {
  const known = map.get(key);
  if (known === undefined) map.set(key, [comment]);
  else known.push(comment);
}

function anchorsOf(file: ConcreteFile): Anchors {
  const all = new Set<number>();
  const wholes = new Set<number>();
  const visit = (cst: CstNode, parent: string): void => {
    const isElement = (cst.name !== "chain" && cst.name !== "expr") || listRules.has(parent);
    const start = cst.location?.startOffset;
    const isLine = (lineRules.has(cst.name) && isElement) || (cst.name === "withSettings" && parent === "pipelineItem");
    if (isLine && start !== undefined) all.add(start);
    if (wholeRules.has(cst.name) && start !== undefined) wholes.add(start);
    for (const children of Object.values(cst.children)) {
      for (const child of children) {
        if (!isToken(child)) visit(child, cst.name);
        else if (isLineToken(cst, child)) all.add(child.startOffset);
      }
    }
  };
  if (file.edition !== undefined) visit(file.edition, "");
  for (const item of file.items) visit(item, "");
  return { all, wholes };
}

function isLineToken(parent: CstNode, token: IToken): boolean {
  if (token.tokenType === t.RParen) return parent.name !== "grouped";
  return token.tokenType === t.RBrace || token.tokenType === t.RBracket;
}

/** The comments before a token, each on its line, an empty line kept after each that has one. */
export function commentsBefore(source: SourceFile, comments: Comments, offset: number): Doc[] {
  return (comments.before.get(offset) ?? []).flatMap((comment): Doc[] => {
    const end = comment.startOffset + comment.image.length;
    const isFollowedByEmpty = /^[ \t]*(?:\r\n|\r|\n)[ \t]*(?:\r|\n)/.test(source.text.slice(end, end + 400));
    return [comment.image.trimEnd(), isFollowedByEmpty ? emptyLine : hardLine];
  });
}

/** The comments behind a token, sent to the end of its line. */
export function commentsBehind(comments: Comments, offset: number): Doc[] {
  return (comments.behind.get(offset) ?? []).map((comment) => lineEnd(comment.image.trimEnd(), comment.startOffset));
}
