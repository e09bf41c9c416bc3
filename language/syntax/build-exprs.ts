/** Pipes, settings and expressions of the tree. The levels of precedence that hold a single operand leave no node. */
import type { CstNode, IToken } from "chevrotain";
import { syntaxCodes } from "../diagnostics/codes/syntax.ts";
import { report } from "../diagnostics/diagnostic.ts";
import type {
  Argument, BinaryOp, CallExpr, Expr, Missing, PipeStep, RecordEntry, RecordExpr, Setting, Settings, Unit,
} from "./ast.ts";
import { units } from "./ast.ts";
import { chainLimit, fieldOf, identifierOf, missing, spanAt, stringOf } from "./build.ts";
import type { Build } from "./build.ts";
import { buildTypeAtom } from "./build-types.ts";
import { node, nodes, token, tokens } from "./cst.ts";
import { tokenSpan } from "./lexer.ts";

// ---------------------------------------------------------------- settings and pipes

/** The block of a `with`, undefined where there is none. */
export function buildWith(build: Build, parent: CstNode): Settings | undefined {
  const cst = node(parent, "withSettings");
  return cst === undefined ? undefined : buildSettings(build, cst, node(cst, "settings"));
}

export function buildSettings(build: Build, parent: CstNode, cst: CstNode | undefined): Settings {
  if (cst === undefined) return { kind: "settings", span: missing(build, parent).span, entries: [] };
  const entries = nodes(cst, "setting").map((setting): Setting => ({
    kind: "setting",
    span: spanAt(build, setting),
    key: identifierOf(build, setting, token(setting, "Word")),
    value: buildPart(build, setting, "expr"),
  }));
  return { kind: "settings", span: spanAt(build, cst), entries };
}

/** The `pipe` under a node. */
export function buildPipeOf(build: Build, parent: CstNode): Expr {
  return buildPart(build, parent, "pipe");
}

function buildPipe(build: Build, cst: CstNode): Expr {
  const read = node(cst, "read");
  const source = read === undefined ? buildPart(build, cst, "expr") : buildRead(build, read);
  return piped(build, cst, source, buildWith(build, cst), nodes(cst, "pipeStep"));
}

function buildChain(build: Build, cst: CstNode): Expr {
  return piped(build, cst, buildPart(build, cst, "expr"), undefined, nodes(cst, "chainStep"));
}

function piped(build: Build, cst: CstNode, source: Expr, settings: Settings | undefined, steps: readonly CstNode[]): Expr {
  if (settings === undefined && steps.length === 0) return source;
  return { kind: "pipe", span: spanAt(build, cst), source, settings, steps: steps.map((step) => buildStep(build, step)) };
}

function buildStep(build: Build, cst: CstNode): PipeStep {
  const step = node(cst, "step");
  const record = step === undefined ? undefined : node(step, "recordExpr");
  return {
    kind: "pipeStep",
    span: spanAt(build, cst),
    step: record !== undefined ? buildRecord(build, record) : buildCallOf(build, step ?? cst),
    settings: buildWith(build, cst),
  };
}

function buildRead(build: Build, cst: CstNode): Expr {
  const atom = node(cst, "typeAtom");
  const type = atom === undefined ? missing(build, cst) : buildTypeAtom(build, atom);
  return { kind: "read", span: spanAt(build, cst), source: buildCallOf(build, cst), type };
}

/** The `call` under a node, as a call even where it has no brackets. */
export function buildCallOf(build: Build, parent: CstNode): CallExpr | Missing {
  const cst = node(parent, "call");
  const callee = cst === undefined ? undefined : token(cst, "Id");
  if (cst === undefined || callee === undefined) return missing(build, parent);
  const args = node(cst, "args");
  return {
    kind: "call",
    span: spanAt(build, cst),
    callee: identifierOf(build, cst, callee),
    args: args === undefined ? [] : buildArguments(build, args),
    bare: args === undefined,
  };
}

function buildArguments(build: Build, cst: CstNode): Argument[] {
  return nodes(cst, "argument").map((argument): Argument => {
    const name = token(argument, "Word");
    return {
      kind: "argument",
      span: spanAt(build, argument),
      name: name === undefined ? undefined : identifierOf(build, argument, name),
      value: buildPart(build, argument, "chain"),
    };
  });
}

// ---------------------------------------------------------------- expressions

function buildPart(build: Build, parent: CstNode, rule: string): Expr {
  const cst = node(parent, rule);
  return cst === undefined ? missing(build, parent) : buildExpr(build, cst);
}

/** The expression of any rule from `pipe` down to `prim`. */
export function buildExpr(build: Build, cst: CstNode): Expr {
  switch (cst.name) {
    case "pipe":
      return buildPipe(build, cst);
    case "chain":
      return buildChain(build, cst);
    case "expr":
      return buildConditional(build, cst);
    case "orExpr":
      return buildOperators(build, cst, "andExpr", "or");
    case "andExpr":
      return buildOperators(build, cst, "notExpr", "and");
    case "notExpr":
      return buildPrefix(build, cst, "Not", "cmpExpr", "not");
    case "cmpExpr":
      return buildOperators(build, cst, "range", undefined);
    case "range":
      return buildRange(build, cst);
    case "coal":
      return buildOperators(build, cst, "add", "??");
    case "add":
      return buildOperators(build, cst, "mul", undefined);
    case "mul":
      return buildOperators(build, cst, "cast", undefined);
    case "cast":
      return buildCast(build, cst);
    case "unary":
      return buildPrefix(build, cst, "Minus", "postfix", "-");
    case "postfix":
      return buildPostfix(build, cst);
    case "prim":
      return buildPrimary(build, cst);
    default:
      throw new Error(`rule ${cst.name} is no expression`);
  }
}

function buildConditional(build: Build, cst: CstNode): Expr {
  const conditional = node(cst, "ifExpr");
  if (conditional === undefined) return buildPart(build, cst, "orExpr");
  const [then, otherwise] = nodes(conditional, "expr");
  return {
    kind: "if",
    span: spanAt(build, conditional),
    condition: buildPart(build, conditional, "orExpr"),
    then: then === undefined ? missing(build, conditional) : buildExpr(build, then),
    else: otherwise === undefined ? missing(build, conditional) : buildExpr(build, otherwise),
  };
}

/** Operands of one level, from the left; `op` is the level's only operator, else the operators are labelled "op". */
function buildOperators(build: Build, cst: CstNode, operandRule: string, op: BinaryOp | undefined): Expr {
  const operands = nodes(cst, operandRule);
  const [first, ...rest] = operands;
  if (first === undefined) return missing(build, cst);
  if (operands.length > chainLimit) return tooLong(build, cst);
  const operators = tokens(cst, "op");
  const start = spanAt(build, cst).start;
  let left = buildExpr(build, first);
  for (const [index, operand] of rest.entries()) {
    const written = op ?? binaryOp(operators[index]);
    const span = { file: build.source.path, start, end: Math.max(start, spanAt(build, operand).end) };
    left = { kind: "binary", span, op: written, left, right: buildExpr(build, operand) };
  }
  // An operator whose right side is absent keeps its place in the tree.
  if (op === undefined && operators.length >= operands.length) {
    left = { kind: "binary", span: spanAt(build, cst), op: binaryOp(operators.at(-1)), left, right: missing(build, cst) };
  }
  return left;
}

const binaryOps: ReadonlyMap<string, BinaryOp> = new Map(
  (["or", "and", "==", "!=", "<", "<=", ">", ">=", "in", "??", "+", "-", "*", "/"] as const).map((op) => [op, op]),
);

function binaryOp(found: IToken | undefined): BinaryOp {
  return binaryOps.get(found?.image ?? "") ?? "==";
}

function tooLong(build: Build, cst: CstNode): Missing {
  const span = spanAt(build, cst);
  build.diagnostics.push(report(syntaxCodes.tooDeep, { limit: chainLimit }, {
    at: span,
    reason: "each operator of a chain adds a level; give parts of it a name",
  }));
  return { kind: "missing", span };
}

function buildPrefix(build: Build, cst: CstNode, type: string, operandRule: string, op: "not" | "-"): Expr {
  const operand = buildPart(build, cst, operandRule);
  return token(cst, type) === undefined ? operand : { kind: "unary", span: spanAt(build, cst), op, operand };
}

function buildRange(build: Build, cst: CstNode): Expr {
  const [low, high] = nodes(cst, "coal");
  const first = low === undefined ? missing(build, cst) : buildExpr(build, low);
  if (token(cst, "DotDot") === undefined) return first;
  const last = high === undefined ? missing(build, cst) : buildExpr(build, high);
  return { kind: "range", span: spanAt(build, cst), low: first, high: last };
}

function buildCast(build: Build, cst: CstNode): Expr {
  const value = buildPart(build, cst, "unary");
  if (token(cst, "As") === undefined) return value;
  const atom = node(cst, "typeAtom");
  const type = atom === undefined ? missing(build, cst) : buildTypeAtom(build, atom);
  return { kind: "cast", span: spanAt(build, cst), value, type };
}

function buildPostfix(build: Build, cst: CstNode): Expr {
  const suffixes = nodes(cst, "suffix");
  if (suffixes.length > chainLimit) return tooLong(build, cst);
  let object = buildPart(build, cst, "prim");
  const { file, start } = spanAt(build, cst);
  for (const suffix of suffixes) {
    const span = { file, start, end: Math.max(start, spanAt(build, suffix).end) };
    const field = token(suffix, "Field");
    const subscript = node(suffix, "subscript");
    if (field !== undefined) object = { kind: "member", span, object, field: fieldOf(build, field) };
    else if (subscript !== undefined) {
      object = { kind: "index", span, object, indices: nodes(subscript, "expr").map((index) => buildExpr(build, index)) };
    }
  }
  return object;
}

function buildPrimary(build: Build, cst: CstNode): Expr {
  const span = spanAt(build, cst);
  const grouped = node(cst, "grouped");
  if (grouped !== undefined) return buildPart(build, grouped, "pipe");
  const list = node(cst, "listExpr");
  if (list !== undefined) return { kind: "list", span, elements: nodes(list, "chain").map((chain) => buildExpr(build, chain)) };
  const record = node(cst, "recordExpr");
  if (record !== undefined) return buildRecord(build, record);
  if (node(cst, "call") !== undefined) {
    const call = buildCallOf(build, cst);
    return call.kind === "call" && call.bare ? { kind: "name", span: call.span, name: call.callee.name } : call;
  }
  return buildLiteral(build, cst);
}

function buildLiteral(build: Build, cst: CstNode): Expr {
  const span = spanAt(build, cst);
  const field = token(cst, "Field");
  if (field !== undefined) return { kind: "rowField", span, field: fieldOf(build, field) };
  const text = token(cst, "Str");
  if (text !== undefined) return stringOf(build, text);
  const number = token(cst, "Num");
  if (number !== undefined) return numberOf(build, number);
  const quantity = token(cst, "Quantity");
  if (quantity !== undefined) return quantityOf(build, quantity);
  if (token(cst, "True") !== undefined) return { kind: "boolean", span, value: true };
  if (token(cst, "False") !== undefined) return { kind: "boolean", span, value: false };
  if (token(cst, "Null") !== undefined) return { kind: "null", span };
  return missing(build, cst);
}

export function numberOf(build: Build, found: IToken) {
  const text = found.image.replaceAll("_", "");
  return { kind: "number", span: tokenSpan(build.source, found), value: Number(text), text, isInteger: /^\d+$/.test(text) } as const;
}

function quantityOf(build: Build, found: IToken): Expr {
  const unit = unitOf(found.image);
  if (unit === undefined) return { kind: "missing", span: tokenSpan(build.source, found) };
  const text = found.image.slice(0, found.image.length - unit.length).trim().replaceAll("_", "");
  return { kind: "quantity", span: tokenSpan(build.source, found), value: Number(text), text, unit };
}

/** What stands behind the number of an image; undefined for a word that is no unit (reported). */
function unitOf(image: string): Unit | undefined {
  const word = image.replace(/^\d[\d_]*(?:\.\d[\d_]*)?(?:[eE][+-]?\d+)?[ \t]*/, "");
  return units.find((unit) => unit === word);
}

function buildRecord(build: Build, cst: CstNode): RecordExpr {
  const entries = nodes(cst, "entry").flatMap((entry) => buildEntry(build, entry));
  return { kind: "recordExpr", span: spanAt(build, cst), entries };
}

function buildEntry(build: Build, cst: CstNode): RecordEntry[] {
  const span = spanAt(build, cst);
  if (token(cst, "DotDot") !== undefined) {
    const value = node(cst, "postfix");
    return [{ kind: "spread", span, value: value === undefined ? undefined : buildExpr(build, value) }];
  }
  const field = token(cst, "Field");
  if (field !== undefined) return [{ kind: "shorthand", span, field: fieldOf(build, field) }];
  const key = token(cst, "Word");
  if (key === undefined) return [];
  return [{ kind: "entry", span, key: identifierOf(build, cst, key), value: buildPart(build, cst, "chain") }];
}
