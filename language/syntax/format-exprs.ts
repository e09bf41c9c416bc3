/** Formatting of types, pipes and expressions. Every function takes the complete tree of the rule it is named for. */
import type { CstNode } from "chevrotain";
import { isToken, node, nodeRange, nodes, token, tokens } from "./cst.ts";
import { commaList, hasCommentBetween, part, partsOf, word, wordOf } from "./format-context.ts";
import type { Format, ListShape } from "./format-context.ts";
import { group, indent, line, softLine } from "./layout.ts";
import type { Doc } from "./layout.ts";
import * as t from "./tokens.ts";

const inParens = { open: t.LParen, close: t.RParen, padded: false };
const inBrackets = { open: t.LBracket, close: t.RBracket, padded: false };
const inBraces = { open: t.LBrace, close: t.RBrace, padded: true };
const argumentList: ListShape = { ...inParens, rule: "argument" };
const fieldList: ListShape = { ...inParens, rule: "field" };

// ---------------------------------------------------------------- signatures and types

/** The parts of a signature: the parameters, and `-> result`. */
export function formatSignature(format: Format, cst: CstNode): { readonly params: Doc; readonly result: Doc } {
  const [params, results] = nodes(cst, "fields");
  const result = results === undefined ? part(cst, "type", (type) => formatType(format, type)) : formatFields(format, results);
  return {
    params: params === undefined ? "" : formatFields(format, params),
    result: [wordOf(format, cst, t.Arrow), " ", result],
  };
}

function formatFields(format: Format, cst: CstNode): Doc {
  return commaList(format, cst, fieldList, (field) => formatField(format, field));
}

function formatField(format: Format, cst: CstNode): Doc {
  const from: Doc = token(cst, "From") === undefined ? "" : [" ", wordOf(format, cst, t.From), " ", wordOf(format, cst, t.Str)];
  return [wordOf(format, cst, t.Word), wordOf(format, cst, t.Colon), " ", part(cst, "type", (type) => formatType(format, type)), from];
}

/** `where a <= b, c <= d`. */
export function formatWhere(format: Format, cst: CstNode): Doc {
  const commas = tokens(cst, "Comma");
  const bounds = nodes(cst, "bound").map((bound, index): Doc => {
    const comma = commas[index - 1];
    return [comma === undefined ? "" : [word(format, comma), line], formatBound(format, bound)];
  });
  return group([wordOf(format, cst, t.Where), " ", indent(bounds)]);
}

function formatBound(format: Format, cst: CstNode): Doc {
  const [left, right] = nodes(cst, "add");
  const op = [wordOf(format, cst, t.LessEqual), wordOf(format, cst, t.EqualEqual)];
  return [left === undefined ? "" : formatExpr(format, left), " ", op, " ", right === undefined ? "" : formatExpr(format, right)];
}

export function formatType(format: Format, cst: CstNode): Doc {
  const bars = tokens(cst, "Bar");
  const atoms = nodes(cst, "typeAtom").map((atom, index): Doc => {
    const bar = bars[index - 1];
    const shown = formatTypeAtom(format, atom);
    return bar === undefined ? shown : indent([line, word(format, bar), " ", shown]);
  });
  return [atoms.length > 1 ? group(atoms) : atoms, wordOf(format, cst, t.Question)];
}

function formatTypeAtom(format: Format, cst: CstNode): Doc {
  return [
    part(cst, "tensorType", (tensor) => [
      wordOf(format, tensor, t.Tensor), wordOf(format, tensor, t.Less), wordOf(format, tensor, t.Id), wordOf(format, tensor, t.Greater),
      commaList(format, tensor, { ...inBrackets, rule: "dimension" }, (dimension) => formatDimension(format, dimension)),
    ]),
    part(cst, "listType", (list) => [
      wordOf(format, list, t.List), wordOf(format, list, t.Stream), wordOf(format, list, t.Less),
      part(list, "type", (type) => formatType(format, type)), wordOf(format, list, t.Greater),
    ]),
    part(cst, "recordType", (record) => formatRecordType(format, record)),
    wordOf(format, cst, t.Id),
    wordOf(format, cst, t.Str),
  ];
}

export function formatRecordType(format: Format, cst: CstNode): Doc {
  return commaList(format, cst, { ...inBraces, rule: "field" }, (field) => formatField(format, field));
}

function formatDimension(format: Format, cst: CstNode): Doc {
  return [wordOf(format, cst, t.DotDot), wordOf(format, cst, t.Id), part(cst, "add", (add) => formatExpr(format, add))];
}

// ---------------------------------------------------------------- settings and pipes

/** ` with { ... }` behind something, "" where there is none. */
export function formatWith(format: Format, parent: CstNode): Doc {
  return part(parent, "withSettings", (cst) => [" ", formatWithSettings(format, cst)]);
}

export function formatWithSettings(format: Format, cst: CstNode): Doc {
  return [wordOf(format, cst, t.With), " ", part(cst, "settings", (settings) => formatSettings(format, settings))];
}

export function formatSettings(format: Format, cst: CstNode): Doc {
  return commaList(format, cst, { ...inBraces, rule: "setting" }, (setting) => [
    wordOf(format, setting, t.Word), wordOf(format, setting, t.Colon), " ", part(setting, "expr", (expr) => formatExpr(format, expr)),
  ]);
}

export interface PipeParts {
  readonly source: Doc;
  readonly steps: readonly Doc[];
  /** True where the user began a line with the first `|>`. */
  readonly isBroken: boolean;
}

/** A `pipe` or `chain` in parts, for a statement that sets them its own way. */
export function pipeParts(format: Format, cst: CstNode): PipeParts {
  const source: Doc = [
    part(cst, "read", (read) => formatRead(format, read)),
    part(cst, "expr", (expr) => formatExpr(format, expr)),
    formatWith(format, cst),
  ];
  const stepNodes = [...nodes(cst, "pipeStep"), ...nodes(cst, "chainStep")];
  const [first] = stepNodes;
  const steps = stepNodes.map((step): Doc => [
    wordOf(format, step, t.PipeTo), " ", part(step, "step", (inner) => formatStep(format, inner)), formatWith(format, step),
  ]);
  const start = nodeRange(cst)?.start ?? 0;
  const lastStep = nodeRange(stepNodes.at(-1) ?? cst)?.start ?? 0;
  const isBroken = first !== undefined && (startsLine(format, first) || hasCommentBetween(format, start, lastStep));
  return { source, steps, isBroken };
}

function startsLine(format: Format, cst: CstNode): boolean {
  const start = nodeRange(cst)?.start ?? 0;
  return /[\r\n][ \t]*$/.test(format.source.text.slice(Math.max(0, start - 200), start));
}

/** A pipe on one line, or with each step on a line of its own. */
export function formatPipe(format: Format, cst: CstNode): Doc {
  const { source, steps, isBroken } = pipeParts(format, cst);
  if (steps.length === 0) return source;
  return group([source, indent(steps.map((step) => [line, step]))], { broken: isBroken });
}

function formatStep(format: Format, cst: CstNode): Doc {
  return [part(cst, "recordExpr", (record) => formatRecord(format, record)), part(cst, "call", (call) => formatCall(format, call))];
}

function formatRead(format: Format, cst: CstNode): Doc {
  return [
    wordOf(format, cst, t.Read), " ", part(cst, "call", (call) => formatCall(format, call)), " ", wordOf(format, cst, t.As), " ",
    part(cst, "typeAtom", (atom) => formatTypeAtom(format, atom)),
  ];
}

export function formatCall(format: Format, cst: CstNode): Doc {
  const args = part(cst, "args", (list) => commaList(format, list, argumentList, (argument) => formatArgument(format, argument)));
  return [wordOf(format, cst, t.Id), args];
}

function formatArgument(format: Format, cst: CstNode): Doc {
  const name: Doc = token(cst, "Word") === undefined ? "" : [wordOf(format, cst, t.Word), wordOf(format, cst, t.Colon), " "];
  return [name, part(cst, "chain", (chain) => formatPipe(format, chain))];
}

// ---------------------------------------------------------------- expressions

/** Any rule from `pipe` down to `prim`. */
export function formatExpr(format: Format, cst: CstNode): Doc {
  switch (cst.name) {
    case "pipe":
    case "chain":
      return formatPipe(format, cst);
    case "expr":
      return [part(cst, "ifExpr", (conditional) => formatIf(format, conditional)), part(cst, "orExpr", (or) => formatExpr(format, or))];
    case "notExpr":
    case "unary":
      return formatPrefix(format, cst);
    case "range":
      return partsOf(cst).map((found) => (isToken(found) ? word(format, found) : formatExpr(format, found)));
    case "cast":
      return formatCast(format, cst);
    case "postfix":
      return formatPostfix(format, cst);
    case "prim":
      return formatPrimary(format, cst);
    default:
      return formatOperators(format, cst);
  }
}

function formatIf(format: Format, cst: CstNode): Doc {
  const [then, otherwise] = nodes(cst, "expr");
  return group([
    wordOf(format, cst, t.If), " ", part(cst, "orExpr", (or) => formatExpr(format, or)),
    indent([line, wordOf(format, cst, t.Then), " ", then === undefined ? "" : formatExpr(format, then)]),
    indent([line, wordOf(format, cst, t.Else), " ", otherwise === undefined ? "" : formatExpr(format, otherwise)]),
  ]);
}

/** Operands of one level with their operators between; breaks before the operators. */
function formatOperators(format: Format, cst: CstNode): Doc {
  const [first, ...rest] = partsOf(cst);
  if (first === undefined || isToken(first)) return "";
  if (rest.length === 0) return formatExpr(format, first);
  const tail = rest.map((found): Doc => (isToken(found) ? [line, word(format, found), " "] : formatExpr(format, found)));
  return group([formatExpr(format, first), indent(tail)]);
}

function formatPrefix(format: Format, cst: CstNode): Doc {
  const not: Doc = token(cst, "Not") === undefined ? "" : [wordOf(format, cst, t.Not), " "];
  const operand = node(cst, "cmpExpr") ?? node(cst, "postfix");
  return [not, wordOf(format, cst, t.Minus), operand === undefined ? "" : formatExpr(format, operand)];
}

function formatCast(format: Format, cst: CstNode): Doc {
  const value = part(cst, "unary", (unary) => formatExpr(format, unary));
  if (token(cst, "As") === undefined) return value;
  return [value, " ", wordOf(format, cst, t.As), " ", part(cst, "typeAtom", (atom) => formatTypeAtom(format, atom))];
}

function formatPostfix(format: Format, cst: CstNode): Doc {
  const suffixes = nodes(cst, "suffix").map((suffix): Doc => [
    wordOf(format, suffix, t.Field),
    part(suffix, "subscript", (subscript) => commaList(format, subscript, { ...inBrackets, rule: "expr" }, (expr) => formatExpr(format, expr))),
  ]);
  return [part(cst, "prim", (prim) => formatExpr(format, prim)), suffixes];
}

function formatPrimary(format: Format, cst: CstNode): Doc {
  return partsOf(cst).map((found): Doc => {
    if (isToken(found)) return word(format, found);
    switch (found.name) {
      case "call":
        return formatCall(format, found);
      case "grouped":
        return group([
          wordOf(format, found, t.LParen), indent([softLine, part(found, "pipe", (pipe) => formatPipe(format, pipe))]), softLine,
          wordOf(format, found, t.RParen),
        ]);
      case "listExpr":
        return commaList(format, found, { ...inBrackets, rule: "chain" }, (chain) => formatPipe(format, chain));
      default:
        return formatRecord(format, found);
    }
  });
}

function formatRecord(format: Format, cst: CstNode): Doc {
  return commaList(format, cst, { ...inBraces, rule: "entry" }, (entry) => formatEntry(format, entry));
}

function formatEntry(format: Format, cst: CstNode): Doc {
  if (token(cst, "Word") !== undefined) {
    return [wordOf(format, cst, t.Word), wordOf(format, cst, t.Colon), " ", part(cst, "chain", (chain) => formatPipe(format, chain))];
  }
  return [wordOf(format, cst, t.DotDot), wordOf(format, cst, t.Field), part(cst, "postfix", (postfix) => formatExpr(format, postfix))];
}
