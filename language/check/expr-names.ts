/** Names, fields of the row, members of records. */
import { nameCodes } from "../diagnostics/codes/names.ts";
import { typeCodes } from "../diagnostics/codes/types.ts";
import { suggest } from "../diagnostics/suggest.ts";
import { describeDeclaration } from "../names/resolved-program.ts";
import { listOf } from "../names/resolve.ts";
import type { Span } from "../source/span.ts";
import type { Identifier, MemberExpr, NameExpr } from "../syntax/ast.ts";
import type { RecordType } from "../catalog/value-type.ts";
import type { Expr } from "./checked-program.ts";
import { typeOfConstant, useConstant } from "./constants.ts";
import { complain, errorExpr } from "./context.ts";
import type { RowScope, Scope } from "./context.ts";
import { checkExpr } from "./expr.ts";
import { pathOf } from "./narrowing.ts";
import { paramFor, secretFor } from "./params.ts";
import { withoutOptional } from "./pattern.ts";
import { printType } from "./print-type.ts";

/** `inString`: the name stands in the braces of a string, where fields have no place. */
export function checkName(scope: Scope, ast: NameExpr, inString = false): Expr {
  const { cx, module } = scope;
  const { name, span } = ast;
  if (name === "") return errorExpr(span);
  const local = scope.locals.get(name);
  if (local?.kind === "value") {
    const type = scope.notNull.has(name) ? withoutOptional(local.type) : local.type;
    return { kind: "local", symbol: local.symbol, type, span };
  }
  if (local?.kind === "stream") {
    complain(cx, typeCodes.streamValue, {}, {
      at: span, others: [{ span: local.span, text: `\`${name}\` is a stream` }],
      reason: "inside a step a row's own fields are written `.field`; a stream is used after `let`, `write` and in `zip`",
    });
    return errorExpr(span);
  }
  const found = module.scope.get(name);
  if (found === undefined) {
    complainUnknownName(scope, name, span, inString);
    return errorExpr(span);
  }
  cx.used.add(found);
  switch (found.kind) {
    case "broken": return errorExpr(span);
    case "param": {
      const param = paramFor(cx, found);
      return { kind: "param", symbol: param.symbol, type: scope.notNull.has(name) ? withoutOptional(param.type) : param.type, span };
    }
    case "const": return useConstant(cx, found, span) ?? errorExpr(span);
    case "value": return { kind: "constant", value: found.value, type: typeOfConstant(found.value), span };
    case "secret": {
      const secret = secretFor(cx, found);
      if (scope.secrets) return { kind: "resource", symbol: secret.symbol, type: { kind: "resource", name: "secret" }, span };
      complain(cx, nameCodes.secretLeak, { name }, {
        at: span, others: [{ span: found.span, text: "declared here" }],
        reason: "a secret goes only into `auth:`, so that it is never written down",
      });
      return errorExpr(span);
    }
    default:
      complain(cx, nameCodes.wrongKind, { name, found: describeDeclaration(found.kind), wanted: "a value" }, {
        at: span, others: [{ span: found.span, text: "declared here" }],
        ...(found.kind === "fn" || found.kind === "operator" || found.kind === "extern" ? { fix: { text: `call it: \`${name}(...)\``, edits: [] } } : {}),
      });
      return errorExpr(span);
  }
}

function complainUnknownName(scope: Scope, name: string, span: Span, inString: boolean): void {
  const field = !inString && scope.row?.type.fields.some((candidate) => candidate.name === name) === true;
  const values = [...scope.module.scope].filter(([, declaration]) => ["param", "const", "value", "secret"].includes(declaration.kind)).map(([key]) => key);
  const near = field ? `.${name}` : suggest(name, [...scope.locals.keys(), ...values]);
  const operator = scope.cx.catalog.operators.has(name);
  complain(scope.cx, nameCodes.unknownName, { name }, {
    at: span,
    ...(inString ? { reason: "braces in a string hold the name of a param, constant, parameter or `let`" } : field ? { reason: `the row has a field \`${name}\`; fields are written with a point` } : operator ? { reason: `\`${name}\` is an operator: it needs arguments in brackets` } : {}),
    ...(near === undefined ? {} : { fix: { text: `write \`${near}\``, edits: [{ span, replacement: near }] } }),
  });
}

/** `.x`: a field of the innermost map's row. */
export function checkRowField(scope: Scope, field: Identifier, span: Span): Expr {
  if (field.name === "") return errorExpr(span);
  if (scope.row === undefined) {
    complain(scope.cx, typeCodes.noRow, { name: field.name }, {
      at: span, reason: "`.field` means a field of the row in a step of a pipeline (`{ ... }`, `filter(...)`); there is no row here",
    });
    return errorExpr(span);
  }
  const found = scope.row.type.fields.find((candidate) => candidate.name === field.name);
  if (found === undefined) {
    if (!scope.row.open) complainNoField(scope, field, scope.row.type, "the row", scope.row.lost);
    return errorExpr(span);
  }
  const type = scope.notNull.has(`.${field.name}`) ? withoutOptional(found.type) : found.type;
  return { kind: "field", name: field.name, type, span };
}

/** Says which fields there are, and what became of this one if it was there before. */
export function complainNoField(scope: Scope, field: Identifier, record: RecordType, what: string, lost?: RowScope["lost"]): void {
  const names = record.fields.map((candidate) => candidate.name);
  const near = suggest(field.name, names);
  const gone = lost?.get(field.name);
  const title = record.name === undefined ? what : `${what} (\`${record.name}\`)`;
  complain(scope.cx, typeCodes.noField, { name: field.name, what: title }, {
    at: field.span,
    others: gone === undefined ? [] : [gone],
    reason: names.length === 0 ? `${what} has no fields` : `${what} has ${listOf(names)}`,
    ...(near === undefined ? {} : { fix: { text: `write \`.${near}\``, edits: [{ span: field.span, replacement: near }] } }),
  });
}

/** `object.field`; in tests also `pipeline.stream`. */
export function checkMember(scope: Scope, ast: MemberExpr): Expr {
  const { span, field } = ast;
  const stream = ast.object.kind === "name" ? checkStreamName(scope, ast.object, field, span) : undefined;
  if (stream !== undefined) return stream;
  const value = checkExpr(scope, ast.object);
  if (field.name === "" || value.type.kind === "error") return errorExpr(span);
  if (value.type.kind === "optional") {
    complain(scope.cx, typeCodes.maybeNull, { found: printType(value.type) }, {
      at: ast.object.span, label: `this is ${printType(value.type)}`,
      reason: `\`.${field.name}\` needs a value to be there`,
      fix: { text: "give a default with `(... ?? default)`, or test for `!= null` first", edits: [] },
    });
    return errorExpr(span);
  }
  if (value.type.kind !== "record") {
    complain(scope.cx, typeCodes.notARecord, { found: printType(value.type) }, { at: ast.object.span, reason: `only records have fields such as \`.${field.name}\`` });
    return errorExpr(span);
  }
  const found = value.type.fields.find((candidate) => candidate.name === field.name);
  if (found === undefined) {
    complainNoField(scope, field, value.type, "this record");
    return errorExpr(span);
  }
  const path = pathOf(ast);
  const type = path !== undefined && scope.notNull.has(path) ? withoutOptional(found.type) : found.type;
  return { kind: "member", value, name: field.name, type, span };
}

function checkStreamName(scope: Scope, object: NameExpr, field: Identifier, span: Span): Expr | undefined {
  if (scope.test === undefined || scope.locals.has(object.name)) return undefined;
  const found = scope.module.scope.get(object.name);
  if (found?.kind !== "pipeline") return undefined;
  scope.cx.used.add(found);
  if (field.name === "") return errorExpr(span);
  const stream = scope.test.streamOf(found.name, field.name);
  if (stream === undefined) {
    const names = scope.test.pipelines.get(found.name) ?? [];
    const near = suggest(field.name, names);
    complain(scope.cx, nameCodes.unknownStream, { name: field.name, pipeline: found.name }, {
      at: field.span,
      reason: names.length === 0 ? `pipeline \`${found.name}\` names no streams` : `pipeline \`${found.name}\` has ${listOf(names)}`,
      ...(near === undefined ? {} : { fix: { text: `write \`${near}\``, edits: [{ span: field.span, replacement: near }] } }),
    });
    return errorExpr(span);
  }
  if (stream.open) return errorExpr(span);
  return { kind: "stream", pipeline: found.name, stream: stream.id, name: field.name, type: { kind: "list", element: stream.row }, span };
}
