/**
 * Text to tree: tokens, items, concrete tree, `PipelineAst`. Never throws: what is wrong with a file comes back as
 * diagnostics beside the tree of everything that could be read.
 */
import type { CstNode, IToken } from "chevrotain";
import { syntaxCodes } from "../diagnostics/codes/syntax.ts";
import { report } from "../diagnostics/diagnostic.ts";
import type { Diagnostic } from "../diagnostics/diagnostic.ts";
import { createSourceFile } from "../source/source-file.ts";
import type { SourceFile } from "../source/source-file.ts";
import type { Bound, DocComment, Item, NumberLiteral, PipelineAst, Signature } from "./ast.ts";
import { numberOf } from "./build-exprs.ts";
import { buildItem } from "./build-items.ts";
import { buildSignature, buildWhere } from "./build-types.ts";
import type { Build } from "./build.ts";
import { node, withPlaces } from "./cst.ts";
import { describeFaults, indexOf } from "./faults.ts";
import type { FaultContext } from "./faults.ts";
import { parseTokens } from "./grammar.ts";
import type { ParsedTokens, StartRule } from "./grammar.ts";
import { lex, tokenSpan } from "./lexer.ts";
import { checkDepth } from "./nesting.ts";
import { cutSegments, isFirstOnLine, misspelt, nearestKeyword, retype } from "./segments.ts";
import * as t from "./tokens.ts";

export interface ParsedFile {
  readonly ast: PipelineAst;
  readonly diagnostics: readonly Diagnostic[];
}

/** A file as the formatter wants it: the concrete trees, which know every token, and the comments. */
export interface ConcreteFile {
  readonly edition: CstNode | undefined;
  readonly items: readonly CstNode[];
  readonly tokens: readonly IToken[];
  readonly comments: readonly IToken[];
  readonly diagnostics: readonly Diagnostic[];
}

/** Parses a whole file. */
export function parseFile(source: SourceFile): ParsedFile {
  const concrete = parseConcrete(source);
  const diagnostics = [...concrete.diagnostics];
  const wholeFile = { file: source.path, start: 0, end: source.text.length };
  const build: Build = { source, diagnostics, docs: docComments(source, concrete), fallback: wholeFile };
  const items: Item[] = [];
  for (const cst of concrete.items) {
    const item = buildItem(build, cst);
    if (item !== undefined) items.push(item);
  }
  const edition = concrete.edition === undefined ? undefined : buildEdition(build, concrete.edition);
  const ast: PipelineAst = { kind: "file", span: wholeFile, path: source.path, edition, items };
  return { ast, diagnostics: inOrder(diagnostics) };
}

/** Parses a whole file down to concrete trees, one for each item. */
export function parseConcrete(source: SourceFile): ConcreteFile {
  const lexed = lex(source);
  const segments = cutSegments(source, lexed.tokens);
  const diagnostics = [...lexed.diagnostics, ...segments.diagnostics];
  const firstItem = segments.items[0]?.[0];
  const edition = segments.edition.length === 0
    ? undefined
    : parseSegment(source, "edition", segments.edition, firstItem, diagnostics);
  const items: CstNode[] = [];
  for (const [index, tokens] of segments.items.entries()) {
    const cst = parseSegment(source, "item", tokens, segments.items[index + 1]?.[0], diagnostics);
    if (cst !== undefined) items.push(cst);
  }
  return { edition, items, tokens: lexed.tokens, comments: lexed.comments, diagnostics };
}

/** How many misspelt keywords one item may have before the parser stops trying to read on as if they were right. */
const respellingsMax = 8;

/** Parses the tokens of one item, taking names for the keywords they are close to where that lets it get further. */
function parseSegment(
  source: SourceFile, rule: StartRule, tokens: readonly IToken[], next: IToken | undefined, diagnostics: Diagnostic[],
): CstNode | undefined {
  const tooDeep = checkDepth(source, tokens);
  if (tooDeep !== undefined) {
    diagnostics.push(tooDeep);
    return undefined;
  }
  let attempt = attemptParse(source, rule, tokens, next);
  for (let i = 0; i < respellingsMax && attempt.parsed.faults.length > 0; i++) {
    const better = respellOne(attempt, rule, diagnostics);
    if (better === undefined) break;
    attempt = better;
  }
  const { cst, faults } = attempt.parsed;
  diagnostics.push(...describeFaults(attempt.context, faults));
  return cst === undefined || faults.length === 0 ? cst : withPlaces(cst, tokens[0]?.startOffset ?? 0);
}

interface Attempt {
  readonly context: FaultContext;
  readonly parsed: ParsedTokens;
  /** The place of the first token that did not fit, the number of tokens if all did. */
  readonly reached: number;
}

function attemptParse(source: SourceFile, rule: StartRule, tokens: readonly IToken[], next: IToken | undefined): Attempt {
  const context = { source, tokens, next };
  const parsed = parseTokens(rule, tokens);
  const places = parsed.faults.map((fault) => indexOf(context, fault.token));
  return { context, parsed, reached: Math.min(...places, tokens.length + 1) };
}

/** The attempt with the name at (or just before) the first fault taken for a keyword, if that gets further. */
function respellOne(attempt: Attempt, rule: StartRule, diagnostics: Diagnostic[]): Attempt | undefined {
  const { source, tokens, next } = attempt.context;
  for (const index of [attempt.reached, attempt.reached - 1]) {
    const found = tokens[index];
    const type = found?.tokenType === t.Id ? nearestKeyword(found.image, t.keywords) : undefined;
    if (found === undefined || type === undefined) continue;
    const again = attemptParse(source, rule, tokens.with(index, retype(found, type)), next);
    if (again.reached <= attempt.reached + 1) continue;
    diagnostics.push(misspelt(source, found, type));
    return again;
  }
  return undefined;
}

function buildEdition(build: Build, cst: CstNode): NumberLiteral | undefined {
  const found = (cst.children["Num"] ?? [])[0];
  if (found === undefined || !("image" in found) || found.image === "") return undefined;
  const literal = numberOf(build, found);
  if (literal.text !== "1") {
    build.diagnostics.push(report(syntaxCodes.unknownEdition, { found: literal.text }, {
      at: literal.span,
      reason: "the only edition so far is 1",
      fix: { text: "write `edition 1`", edits: [{ span: literal.span, replacement: "1" }] },
    }));
  }
  return literal;
}

/** The runs of `///` lines (behind other text they document nothing), each by the offset of the token after it. */
function docComments(source: SourceFile, concrete: ConcreteFile): ReadonlyMap<number, DocComment> {
  const docs = new Map<number, DocComment>();
  const lines = concrete.comments.filter((comment) => comment.tokenType === t.DocLine && isFirstOnLine(source, comment));
  if (lines.length === 0) return docs;
  let index = 0;
  for (const token of concrete.tokens) {
    const run: IToken[] = [];
    for (let line = lines[index]; line !== undefined && line.startOffset < token.startOffset; line = lines[++index]) run.push(line);
    const [first] = run;
    const last = run.at(-1);
    if (first === undefined || last === undefined) continue;
    const text = run.map((line) => line.image.replace(/^\/\/\/ ?/, "").trimEnd()).join("\n");
    const span = { file: source.path, start: first.startOffset, end: tokenSpan(source, last).end };
    docs.set(token.startOffset, { kind: "doc", span, text });
  }
  return docs;
}

function inOrder(diagnostics: readonly Diagnostic[]): readonly Diagnostic[] {
  const place = (diagnostic: Diagnostic): number => diagnostic.labels[0]?.span.start ?? 0;
  return diagnostics.toSorted((a, b) => place(a) - place(b));
}

export interface ParsedSignature {
  readonly signature: Signature;
  readonly where: readonly Bound[];
  readonly diagnostics: readonly Diagnostic[];
}

/** Parses `fields -> (fields | type) [where]`, as an operator of the catalogue declares itself; spans name `path`. */
export function parseSignature(text: string, path = "<signature>"): ParsedSignature {
  const source = createSourceFile(path, text);
  const lexed = lex(source);
  const diagnostics = [...lexed.diagnostics];
  const whole = { file: path, start: 0, end: text.length };
  const cst = parseSegment(source, "operatorSignature", lexed.tokens, undefined, diagnostics);
  const build: Build = { source, diagnostics, docs: new Map(), fallback: whole };
  const root: CstNode = cst ?? { name: "operatorSignature", children: {} };
  return {
    signature: buildSignature(build, root, node(root, "signature")),
    where: buildWhere(build, node(root, "where")),
    diagnostics: inOrder(diagnostics),
  };
}
