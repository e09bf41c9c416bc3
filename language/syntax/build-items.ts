/** The items of the tree and their statements. */
import type { CstNode, IToken } from "chevrotain";
import type {
  DocComment, ExpectStatement, FnBody, GivenStatement, ImportName, Item, LetStatement, WriteStatement,
} from "./ast.ts";
import { declaredName, endOf, fieldOf, identifierOf, missing, spanAt, stringOrMissing } from "./build.ts";
import type { Build } from "./build.ts";
import { buildCallOf, buildExpr, buildPipeOf, buildSettings, buildWith } from "./build-exprs.ts";
import { buildFields, buildSignature, buildType, buildWhere } from "./build-types.ts";
import { isToken, node, nodes, token } from "./cst.ts";

interface Common {
  readonly span: Item["span"];
  readonly doc: DocComment | undefined;
  readonly exported: boolean;
}

/** The item of an `item` tree; undefined where not even its keyword was there. */
export function buildItem(build: Build, cst: CstNode): Item | undefined {
  const span = spanAt(build, cst);
  const common: Common = { span, doc: build.docs.get(span.start), exported: token(cst, "Export") !== undefined };
  for (const children of Object.values(cst.children)) {
    for (const child of children) if (!isToken(child)) return buildItemOf(build, child, common);
  }
  return undefined;
}

function buildItemOf(build: Build, cst: CstNode, common: Common): Item {
  switch (cst.name) {
    case "importItem":
      return { ...common, kind: "import", names: nodes(cst, "importName").map((name) => buildImportName(build, name)), from: stringOrMissing(build, cst) };
    case "paramItem":
      return buildParam(build, cst, common);
    case "secretItem":
      return { ...common, kind: "secret", name: nameOf(build, cst), from: exprOf(build, cst) };
    case "constItem":
      return { ...common, kind: "const", name: nameOf(build, cst), type: typeOf(build, cst), value: buildPipeOf(build, cst) };
    case "recordItem":
      return buildRecordItem(build, cst, common);
    case "modelItem":
      return buildModel(build, cst, common);
    case "externItem":
      return buildExtern(build, cst, common);
    case "fnItem":
      return buildFn(build, cst, common);
    case "pipelineItem":
      return buildPipeline(build, cst, common);
    case "testItem":
      return buildTest(build, cst, common);
    default:
      throw new Error(`rule ${cst.name} is no item`);
  }
}

function nameOf(build: Build, cst: CstNode) {
  return declaredName(build, cst, node(cst, "declaredName"));
}

function exprOf(build: Build, cst: CstNode) {
  const expr = node(cst, "expr");
  return expr === undefined ? missing(build, cst) : buildExpr(build, expr);
}

function typeOf(build: Build, cst: CstNode) {
  const type = node(cst, "type");
  return type === undefined ? undefined : buildType(build, type);
}

function buildImportName(build: Build, cst: CstNode): ImportName {
  // The second name is the alias only if `as` is there: recovery may have left out the first.
  const ids = (cst.children["Id"] ?? []).filter(isToken).filter((id): id is IToken => id.isInsertedInRecovery !== true);
  const alias = token(cst, "As") === undefined ? undefined : identifierOf(build, cst, ids[1]);
  return { kind: "importName", span: spanAt(build, cst), name: identifierOf(build, cst, ids[0]), alias };
}

function buildParam(build: Build, cst: CstNode, common: Common): Item {
  const range = node(cst, "range");
  const within = token(cst, "In") === undefined ? undefined : range === undefined ? missing(build, cst) : buildExpr(build, range);
  const value = token(cst, "Assign") === undefined ? undefined : exprOf(build, cst);
  return { ...common, kind: "param", name: nameOf(build, cst), type: typeOf(build, cst) ?? missing(build, cst), within, value };
}

function buildRecordItem(build: Build, cst: CstNode, common: Common): Item {
  const type = node(cst, "recordType");
  return { ...common, kind: "record", name: nameOf(build, cst), fields: type === undefined ? [] : buildFields(build, type) };
}

function buildModel(build: Build, cst: CstNode, common: Common): Item {
  const signature = node(cst, "signature");
  return {
    ...common,
    kind: "model",
    name: nameOf(build, cst),
    signature: signature === undefined ? undefined : buildSignature(build, cst, signature),
    where: buildWhere(build, node(cst, "where")),
    settings: buildSettings(build, cst, node(cst, "settings")),
  };
}

function buildExtern(build: Build, cst: CstNode, common: Common): Item {
  return {
    ...common,
    kind: "extern",
    name: nameOf(build, cst),
    signature: buildSignature(build, cst, node(cst, "signature")),
    where: buildWhere(build, node(cst, "where")),
    from: stringOrMissing(build, cst),
    settings: buildWith(build, cst),
  };
}

function buildFn(build: Build, cst: CstNode, common: Common): Item {
  return {
    ...common,
    kind: "fn",
    name: nameOf(build, cst),
    signature: buildSignature(build, cst, node(cst, "signature")),
    where: buildWhere(build, node(cst, "where")),
    body: buildFnBody(build, cst, node(cst, "fnBody")),
  };
}

function buildFnBody(build: Build, parent: CstNode, cst: CstNode | undefined): FnBody {
  if (cst === undefined) return { kind: "fnBody", span: endOf(build, parent), form: "=", lets: [], result: missing(build, parent) };
  return {
    kind: "fnBody",
    span: spanAt(build, cst),
    form: token(cst, "LBrace") === undefined ? "=" : "block",
    lets: nodes(cst, "letStatement").map((statement) => buildLet(build, statement)),
    result: buildPipeOf(build, node(cst, "returnStatement") ?? cst),
  };
}

function buildPipeline(build: Build, cst: CstNode, common: Common): Item {
  const statements = nodes(cst, "pipelineStatement").flatMap((statement): (LetStatement | WriteStatement)[] => {
    const bound = node(statement, "letStatement");
    const written = node(statement, "writeStatement");
    return [
      ...(bound === undefined ? [] : [buildLet(build, bound)]),
      ...(written === undefined ? [] : [buildWrite(build, written)]),
    ];
  });
  return { ...common, kind: "pipeline", name: nameOf(build, cst), settings: buildWith(build, cst), statements };
}

function buildTest(build: Build, cst: CstNode, common: Common): Item {
  const statements = nodes(cst, "testStatement").flatMap((statement): (GivenStatement | ExpectStatement)[] => {
    const given = node(statement, "givenStatement");
    const expected = node(statement, "expectStatement");
    return [
      ...(given === undefined ? [] : [buildGiven(build, given)]),
      ...(expected === undefined ? [] : [buildExpect(build, expected)]),
    ];
  });
  return { ...common, kind: "test", title: stringOrMissing(build, cst), statements };
}

function buildLet(build: Build, cst: CstNode): LetStatement {
  return { kind: "let", span: spanAt(build, cst), name: nameOf(build, cst), value: buildPipeOf(build, cst) };
}

function buildWrite(build: Build, cst: CstNode): WriteStatement {
  return {
    kind: "write",
    span: spanAt(build, cst),
    value: buildPipeOf(build, cst),
    to: buildCallOf(build, cst),
    settings: buildWith(build, cst),
  };
}

function buildGiven(build: Build, cst: CstNode): GivenStatement {
  const stream = token(cst, "Field");
  return {
    kind: "given",
    span: spanAt(build, cst),
    pipeline: identifierOf(build, cst, token(cst, "Id")),
    stream: stream === undefined ? identifierOf(build, cst, undefined) : fieldOf(build, stream),
    value: exprOf(build, cst),
  };
}

function buildExpect(build: Build, cst: CstNode): ExpectStatement {
  return { kind: "expect", span: spanAt(build, cst), condition: exprOf(build, cst) };
}
