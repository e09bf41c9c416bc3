/** Signatures, bounds, fields and types of the tree. */
import type { CstNode } from "chevrotain";
import type { Bound, Dim, FieldDecl, FieldList, Signature, TypeNode } from "./ast.ts";
import { endOf, identifierOf, missing, spanAt, stringOf } from "./build.ts";
import type { Build } from "./build.ts";
import { buildExpr } from "./build-exprs.ts";
import { node, nodes, token } from "./cst.ts";

export function buildSignature(build: Build, parent: CstNode, cst: CstNode | undefined): Signature {
  if (cst === undefined) {
    return { kind: "signature", span: endOf(build, parent), params: [], result: missing(build, parent) };
  }
  const hasArrow = token(cst, "Arrow") !== undefined;
  const [params, results] = nodes(cst, "fields");
  const type = node(cst, "type");
  const result = results !== undefined ? buildFieldList(build, results) : type !== undefined ? buildType(build, type) : undefined;
  return {
    kind: "signature",
    span: spanAt(build, cst),
    params: params === undefined ? [] : buildFields(build, params),
    result: hasArrow && result !== undefined ? result : missing(build, cst),
  };
}

function buildFieldList(build: Build, cst: CstNode): FieldList {
  return { kind: "fields", span: spanAt(build, cst), fields: buildFields(build, cst) };
}

/** The fields of a `fields` or `recordType`. */
export function buildFields(build: Build, cst: CstNode): FieldDecl[] {
  return nodes(cst, "field").map((field): FieldDecl => {
    const from = token(field, "Str");
    const type = node(field, "type");
    const key = identifierOf(build, field, token(field, "Word"));
    return {
      kind: "field",
      span: spanAt(build, field),
      doc: build.docs.get(key.span.start),
      key,
      type: type === undefined ? missing(build, field) : buildType(build, type),
      from: from === undefined ? undefined : stringOf(build, from),
    };
  });
}

export function buildWhere(build: Build, cst: CstNode | undefined): Bound[] {
  if (cst === undefined) return [];
  return nodes(cst, "bound").map((bound): Bound => {
    const [left, right] = nodes(bound, "add");
    return {
      kind: "bound",
      span: spanAt(build, bound),
      op: token(bound, "EqualEqual") === undefined ? "<=" : "==",
      left: left === undefined ? missing(build, bound) : buildExpr(build, left),
      right: right === undefined ? missing(build, bound) : buildExpr(build, right),
    };
  });
}

export function buildType(build: Build, cst: CstNode): TypeNode {
  const alternatives = nodes(cst, "typeAtom").map((atom) => buildTypeAtom(build, atom));
  const [first = missing(build, cst)] = alternatives;
  const end = alternatives.at(-1)?.span.end ?? first.span.end;
  const bare: TypeNode = alternatives.length < 2
    ? first
    : { kind: "unionType", span: { ...first.span, end }, alternatives };
  return token(cst, "Question") === undefined ? bare : { kind: "optionalType", span: spanAt(build, cst), inner: bare };
}

export function buildTypeAtom(build: Build, cst: CstNode | undefined): TypeNode {
  if (cst === undefined) return { kind: "missing", span: build.fallback };
  const span = spanAt(build, cst);
  const tensor = node(cst, "tensorType");
  if (tensor !== undefined) {
    const dims = nodes(tensor, "dimension").map((dimension) => buildDim(build, dimension));
    return { kind: "tensorType", span, dtype: identifierOf(build, tensor, token(tensor, "Id")), dims };
  }
  const list = node(cst, "listType");
  if (list !== undefined) {
    const inner = node(list, "type");
    const element = inner === undefined ? missing(build, list) : buildType(build, inner);
    return { kind: token(list, "Stream") === undefined ? "listType" : "streamType", span, element };
  }
  const record = node(cst, "recordType");
  if (record !== undefined) return { kind: "recordType", span, fields: buildFields(build, record) };
  const text = token(cst, "Str");
  if (text !== undefined) return { kind: "literalType", span, value: stringOf(build, text) };
  const name = token(cst, "Id");
  return name === undefined ? missing(build, cst) : { kind: "namedType", span, name: identifierOf(build, cst, name) };
}

function buildDim(build: Build, cst: CstNode): Dim {
  if (token(cst, "DotDot") !== undefined) {
    return { kind: "restDim", span: spanAt(build, cst), name: identifierOf(build, cst, token(cst, "Id")) };
  }
  const add = node(cst, "add");
  return add === undefined ? missing(build, cst) : buildExpr(build, add);
}
