/**
 * The formatter: one way to set every program, 100 columns, comments kept. It changes spaces, line ends and trailing
 * commas only, so the tree stays the same, and formatting its result changes nothing. A broken file is left as it is.
 */
import type { CstNode } from "chevrotain";
import { hasErrors } from "../diagnostics/diagnostic.ts";
import type { Diagnostic } from "../diagnostics/diagnostic.ts";
import type { SourceFile } from "../source/source-file.ts";
import { isToken, node, nodeRange, nodes, token } from "./cst.ts";
import { commentsBefore, placeComments } from "./format-comments.ts";
import { block, commaList, hasEmptyLineBefore, part, partsOf, word, wordOf } from "./format-context.ts";
import type { Format } from "./format-context.ts";
import {
  formatCall, formatExpr, formatPipe, formatRecordType, formatSettings, formatSignature, formatType, formatWhere,
  formatWith, formatWithSettings, pipeParts,
} from "./format-exprs.ts";
import { emptyLine, group, hardLine, ifBroken, indent, layOut, line } from "./layout.ts";
import type { Doc, LaidOut } from "./layout.ts";
import { parseConcrete } from "./parse.ts";
import type { ConcreteFile } from "./parse.ts";
import * as t from "./tokens.ts";

const formatWidth = 100;

export interface FormattedFile {
  /** The formatted text; the text as it was where there are errors. */
  readonly text: string;
  readonly diagnostics: readonly Diagnostic[];
}

/** Formats a file. */
export function formatFile(source: SourceFile): FormattedFile {
  const file = parseConcrete(source);
  if (hasErrors(file.diagnostics)) return { text: source.text, diagnostics: file.diagnostics };
  const crowded = new Set<number>();
  for (;;) {
    const { text, crowded: found } = layOutFile(source, file, crowded);
    if (found.length === 0) return { text: text === "" ? "" : `${text}\n`, diagnostics: file.diagnostics };
    // Two comments behind tokens of one line would become one comment.
    for (const offset of found) crowded.add(offset);
  }
}

function layOutFile(source: SourceFile, file: ConcreteFile, crowded: ReadonlySet<number>): LaidOut {
  const format: Format = { source, comments: placeComments(source, file, crowded) };
  const parts = [...(file.edition === undefined ? [] : [file.edition]), ...file.items];
  const body = parts.map((cst, index): Doc => {
    const start = nodeRange(cst)?.start ?? 0;
    const separator = index === 0 ? "" : hasEmptyLineBefore(format, start) ? emptyLine : hardLine;
    return [separator, cst.name === "edition" ? formatEdition(format, cst) : formatItem(format, cst)];
  });
  const laidOut = layOut([body, formatEnd(format, parts.length > 0)], formatWidth);
  return { ...laidOut, text: laidOut.text.trim() };
}

/** The comments after the last item. */
function formatEnd(format: Format, hasItems: boolean): Doc {
  const end = format.source.text.length;
  const comments = commentsBefore(format.source, format.comments, end);
  if (comments.length === 0) return "";
  return [hasItems ? (hasEmptyLineBefore(format, end) ? emptyLine : hardLine) : "", comments];
}

function formatEdition(format: Format, cst: CstNode): Doc {
  return [wordOf(format, cst, t.Edition), " ", wordOf(format, cst, t.Num)];
}

function formatItem(format: Format, cst: CstNode): Doc {
  const exported: Doc = token(cst, "Export") === undefined ? "" : [wordOf(format, cst, t.Export), " "];
  const item = partsOf(cst).find((found) => !isToken(found));
  return item === undefined || isToken(item) ? "" : [exported, formatItemOf(format, item)];
}

function formatItemOf(format: Format, cst: CstNode): Doc {
  switch (cst.name) {
    case "importItem":
      return formatImport(format, cst);
    case "paramItem":
      return formatParam(format, cst);
    case "secretItem":
      return [wordOf(format, cst, t.Secret), " ", name(format, cst), " ", wordOf(format, cst, t.From), " ", expr(format, cst)];
    case "constItem":
      return [
        wordOf(format, cst, t.Const), " ", name(format, cst), typed(format, cst), " ", wordOf(format, cst, t.Assign), " ",
        part(cst, "pipe", (pipe) => formatPipe(format, pipe)),
      ];
    case "recordItem":
      return [wordOf(format, cst, t.RecordWord), " ", name(format, cst), " ", part(cst, "recordType", (type) => formatRecordType(format, type))];
    case "modelItem":
      return formatModel(format, cst);
    case "externItem":
      return formatExtern(format, cst);
    case "fnItem":
      return formatFn(format, cst);
    case "pipelineItem":
      return formatPipeline(format, cst);
    default:
      return formatTest(format, cst);
  }
}

function name(format: Format, cst: CstNode): Doc {
  return part(cst, "declaredName", (declared) => wordOf(format, declared, t.Word));
}

function expr(format: Format, cst: CstNode): Doc {
  return part(cst, "expr", (found) => formatExpr(format, found));
}

/** `: type`, "" where there is none. */
function typed(format: Format, cst: CstNode): Doc {
  return part(cst, "type", (type) => [wordOf(format, cst, t.Colon), " ", formatType(format, type)]);
}

function formatImport(format: Format, cst: CstNode): Doc {
  const shape = { open: t.LBrace, close: t.RBrace, rule: "importName", padded: true };
  const names = commaList(format, cst, shape, (imported) => {
    const parts = partsOf(imported).map((found) => (isToken(found) ? word(format, found) : ""));
    return parts.map((found, index): Doc => (index === 0 ? found : [" ", found]));
  });
  return [wordOf(format, cst, t.Import), " ", names, " ", wordOf(format, cst, t.From), " ", wordOf(format, cst, t.Str)];
}

function formatParam(format: Format, cst: CstNode): Doc {
  const within = part(cst, "range", (range) => [" ", wordOf(format, cst, t.In), " ", formatExpr(format, range)]);
  const value: Doc = token(cst, "Assign") === undefined ? "" : [" ", wordOf(format, cst, t.Assign), " ", expr(format, cst)];
  return [wordOf(format, cst, t.Param), " ", name(format, cst), typed(format, cst), within, value];
}

/** `name(params) -> result where bounds`; `id` tells whether a line began with `->` or `where`. */
function header(format: Format, cst: CstNode, keyword: Doc, id: number): Doc {
  const signature = node(cst, "signature");
  const { params, result } = signature === undefined ? { params: "", result: "" } : formatSignature(format, signature);
  const where = part(cst, "where", (bounds) => indent([line, formatWhere(format, bounds)]));
  return [keyword, " ", name(format, cst), params, group([result === "" ? "" : indent([line, result]), where], { id })];
}

function formatModel(format: Format, cst: CstNode): Doc {
  const id = nodeRange(cst)?.start ?? 0;
  const settings = part(cst, "settings", (found) => formatSettings(format, found));
  return [header(format, cst, wordOf(format, cst, t.Model), id), ifBroken(hardLine, " ", id), settings];
}

function formatExtern(format: Format, cst: CstNode): Doc {
  const id = nodeRange(cst)?.start ?? 0;
  const keyword: Doc = [wordOf(format, cst, t.Extern), " ", wordOf(format, cst, t.Fn)];
  const from: Doc = [wordOf(format, cst, t.From), " ", wordOf(format, cst, t.Str), formatWith(format, cst)];
  return [header(format, cst, keyword, id), group(indent([ifBroken(hardLine, line, id), from]))];
}

function formatFn(format: Format, cst: CstNode): Doc {
  const id = nodeRange(cst)?.start ?? 0;
  return [header(format, cst, wordOf(format, cst, t.Fn), id), part(cst, "fnBody", (body) => formatFnBody(format, body, id))];
}

function formatFnBody(format: Format, cst: CstNode, header: number): Doc {
  if (token(cst, "LBrace") !== undefined) {
    const parts = [...nodes(cst, "letStatement"), ...nodes(cst, "returnStatement")];
    const body = block(format, cst, parts, (found) => (found.name === "letStatement" ? formatLet(format, found) : formatReturn(format, found)));
    return [ifBroken(hardLine, " ", header), body];
  }
  const pipe = node(cst, "pipe");
  if (pipe === undefined) return "";
  const { source, steps, isBroken } = pipeParts(format, pipe);
  const result: Doc = [line, source, steps.map((step): Doc => [line, step])];
  return [" ", wordOf(format, cst, t.Assign), group(indent(result), { broken: isBroken })];
}

function formatReturn(format: Format, cst: CstNode): Doc {
  return [wordOf(format, cst, t.Return), " ", part(cst, "pipe", (pipe) => formatPipe(format, pipe))];
}

function formatPipeline(format: Format, cst: CstNode): Doc {
  const parts = [...nodes(cst, "withSettings"), ...nodes(cst, "pipelineStatement")];
  return [wordOf(format, cst, t.Pipeline), " ", name(format, cst), " ", block(format, cst, parts, (found) => {
    if (found.name === "withSettings") return formatWithSettings(format, found);
    return [part(found, "letStatement", (cst_) => formatLet(format, cst_)), part(found, "writeStatement", (cst_) => formatWrite(format, cst_))];
  })];
}

function formatLet(format: Format, cst: CstNode): Doc {
  const value = part(cst, "pipe", (pipe) => formatPipe(format, pipe));
  return [wordOf(format, cst, t.Let), " ", name(format, cst), " ", wordOf(format, cst, t.Assign), " ", value];
}

function formatWrite(format: Format, cst: CstNode): Doc {
  const value = part(cst, "pipe", (pipe) => formatPipe(format, pipe));
  const to = part(cst, "call", (call) => formatCall(format, call));
  return [wordOf(format, cst, t.Write), " ", value, " ", wordOf(format, cst, t.To), " ", to, formatWith(format, cst)];
}

function formatTest(format: Format, cst: CstNode): Doc {
  return [wordOf(format, cst, t.Test), " ", wordOf(format, cst, t.Str), " ", block(format, cst, nodes(cst, "testStatement"), (found) => {
    return [
      part(found, "givenStatement", (given) => [
        wordOf(format, given, t.Given), " ", wordOf(format, given, t.Id), wordOf(format, given, t.Field), " ",
        wordOf(format, given, t.Assign), " ", expr(format, given),
      ]),
      part(found, "expectStatement", (expected) => [wordOf(format, expected, t.Expect), " ", expr(format, expected)]),
    ];
  })];
}
