/**
 * What the builders of the tree share. The shape of the tree is total: an absent part becomes a `missing` node or an
 * empty name, at the end of what was there. Builders report only what the grammar let pass on purpose.
 */
import type { CstNode, IToken } from "chevrotain";
import { syntaxCodes } from "../diagnostics/codes/syntax.ts";
import { report } from "../diagnostics/diagnostic.ts";
import type { Diagnostic } from "../diagnostics/diagnostic.ts";
import type { SourceFile } from "../source/source-file.ts";
import type { Span } from "../source/span.ts";
import type { DocComment, Identifier, Missing, StringLiteral } from "./ast.ts";
import { nodeRange, token } from "./cst.ts";
import { tokenSpan } from "./lexer.ts";
import { readStringLiteral } from "./string-literal.ts";
import * as t from "./tokens.ts";

export interface Build {
  readonly source: SourceFile;
  readonly diagnostics: Diagnostic[];
  /** The `///` lines, by the offset of the token after them. */
  readonly docs: ReadonlyMap<number, DocComment>;
  /** Where the part being built stands, for a part that has no token. */
  readonly fallback: Span;
}

/** The most operands one chain of operators may have, so that passes may recurse over the tree. */
export const chainLimit = 400;

export function spanAt(build: Build, cst: CstNode): Span {
  const range = nodeRange(cst);
  return range === undefined ? build.fallback : { file: build.source.path, ...range };
}

/** The empty span where an absent part of `cst` is thought of: the end of what is there. */
export function endOf(build: Build, cst: CstNode): Span {
  const { file, end } = spanAt(build, cst);
  return { file, start: end, end };
}

export function missing(build: Build, cst: CstNode): Missing {
  return { kind: "missing", span: endOf(build, cst) };
}

export function identifierOf(build: Build, cst: CstNode, found: IToken | undefined): Identifier {
  if (found === undefined) return { kind: "identifier", span: endOf(build, cst), name: "" };
  const name: Identifier = { kind: "identifier", span: tokenSpan(build.source, found), name: found.image };
  if (name.name === IMPOSSIBLE_NAME) {
    build.diagnostics.push(report(syntaxCodes.impossibleName, { name: name.name }, {
      at: name.span,
      reason: "rows are objects of JavaScript, in which it stands for something else: a field of this name would get lost",
      fix: { text: "choose another name, such as `proto`", edits: [{ span: name.span, replacement: "proto" }] },
    }));
  }
  return name;
}

const IMPOSSIBLE_NAME = "__proto__";

/** `.name` without its point; the span covers the name only. */
export function fieldOf(build: Build, found: IToken): Identifier {
  const { file, start, end } = tokenSpan(build.source, found);
  return { kind: "identifier", span: { file, start: start + 1, end }, name: found.image.slice(1) };
}

/** The name in a `declaredName`; a keyword there is reported and kept as the name. */
export function declaredName(build: Build, parent: CstNode, declared: CstNode | undefined): Identifier {
  const found = declared === undefined ? undefined : token(declared, "Word");
  const name = identifierOf(build, parent, found);
  if (found !== undefined && found.tokenType !== t.Id) {
    const fixed = `${found.image}_`;
    build.diagnostics.push(report(syntaxCodes.keywordAsName, { keyword: found.image }, {
      at: name.span,
      reason: "fields and settings may be named like a keyword, for they are told by `.` or `:`; other names may not",
      fix: { text: `choose another name, such as \`${fixed}\``, edits: [{ span: name.span, replacement: fixed }] },
    }));
  }
  return name;
}

export function stringOf(build: Build, found: IToken): StringLiteral {
  return readStringLiteral(found.image, tokenSpan(build.source, found), build.diagnostics);
}

export function stringOrMissing(build: Build, cst: CstNode): StringLiteral | Missing {
  const found = token(cst, "Str");
  return found === undefined ? missing(build, cst) : stringOf(build, found);
}
