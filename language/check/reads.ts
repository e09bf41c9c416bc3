/** `read source(...) as Row`: the source's arguments and the fields that are read. */
import type { SourceDescriptor } from "../catalog/catalog.ts";
import type { RecordType } from "../catalog/value-type.ts";
import { streamCodes } from "../diagnostics/codes/streams.ts";
import { suggest } from "../diagnostics/suggest.ts";
import { listOf } from "../names/resolve.ts";
import type { ReadExpr } from "../syntax/ast.ts";
import { callSignature } from "./call.ts";
import type { Expr, ReadCall } from "./checked-program.ts";
import { complain } from "./context.ts";
import type { Scope } from "./context.ts";
import { dimLookup } from "./dim-lookup.ts";
import { freshDim } from "./dim-scope.ts";
import { checkExpr } from "./expr.ts";
import { addStream } from "./flow.ts";
import type { Flow } from "./flow.ts";
import { matchType, createMatching } from "./match.ts";
import { endpointSignature } from "./operators.ts";
import { hasError } from "./pattern.ts";
import { printType } from "./print-type.ts";
import { readValueType } from "./read-type.ts";
import type { Dim } from "../tensor/dim.ts";

/** Adds the stream of a `read`. */
export function checkRead(flow: Flow, ast: ReadExpr): number | undefined {
  const checked = checkReadCall(flow.scope, ast);
  if (checked === undefined) return undefined;
  const id = flow.streams.length;
  return addStream(flow, { kind: "read", read: checked.read, row: checked.read.row, lineage: { read: id, explodes: [] }, span: ast.span }, { open: checked.open });
}

/** The read itself; undefined where neither source nor row is known (reported). */
function checkReadCall(scope: Scope, ast: ReadExpr): { readonly read: ReadCall; readonly open: boolean } | undefined {
  const row = readRow(scope, ast);
  const call = ast.source;
  if (call.kind === "missing") return row && { read: { source: "", args: {}, row, span: ast.span }, open: false };
  const { cx } = scope;
  const source = cx.catalog.sources.get(call.callee.name);
  const args = call.args.map((arg) => ({ name: arg.name, expr: checkExpr(arg.name?.name === "auth" ? { ...scope, secrets: true } : scope, arg.value) }));
  let fitted: Readonly<Record<string, Expr>> = {};
  if (source === undefined) complainUnknownSource(scope, call.callee.name, call.callee.span);
  else if (!args.some((arg) => hasError(arg.expr.type))) {
    const signature = endpointSignature(cx, "source", source);
    const result = signature && callSignature(scope, signature, args, call.span);
    if (result?.ok === true) {
      result.commit();
      fitted = result.args;
    } else if (result !== undefined) cx.diagnostics.push(result.diagnostic);
  }
  if (row === undefined) return { read: { source: call.callee.name, args: fitted, row: { kind: "record", fields: [] }, span: ast.span }, open: true };
  if (source !== undefined) checkFields(scope, ast, source, row);
  return { read: { source: call.callee.name, args: fitted, row, span: ast.span }, open: false };
}

function complainUnknownSource(scope: Scope, name: string, span: ReadExpr["span"]): void {
  if (name === "") return;
  const names = [...scope.cx.catalog.sources.keys()];
  const near = suggest(name, names);
  complain(scope.cx, streamCodes.unknownSource, { name }, {
    at: span, reason: `the sources are ${listOf(names)}`,
    ...(near === undefined ? {} : { fix: { text: `write \`${near}\``, edits: [{ span, replacement: near }] } }),
  });
}

function readRow(scope: Scope, ast: ReadExpr): RecordType | undefined {
  const { cx, module, dims } = scope;
  const own = new Map<string, Dim>();
  const lookupDim = dimLookup(cx, module, (name, span) => {
    const known = own.get(name);
    if (known !== undefined) return known;
    const dim = freshDim(dims, name, { span, text: `\`${name}\` is read here` });
    own.set(name, dim);
    return dim;
  });
  const recordDim = (hint: string): Dim => freshDim(dims, hint.slice(hint.lastIndexOf(".") + 1), { span: ast.type.span, text: "read here" });
  const type = readValueType({ cx, module, lookupDim, recordDim, stringTensors: false }, ast.type);
  if (type.kind === "record") return type;
  if (!hasError(type)) {
    complain(cx, streamCodes.readType, { found: printType(type) }, { at: ast.type.span, reason: "a row is a record: name one, or write `{ id: string, ... }`" });
  }
  return undefined;
}

function checkFields(scope: Scope, ast: ReadExpr, source: SourceDescriptor, row: RecordType): void {
  for (const field of row.fields) {
    if (hasError(field.type)) continue;
    const outside = field.outsideName ?? field.name;
    if (source.fixedFields !== undefined) {
      const offered = source.fixedFields.find((candidate) => candidate.name === outside);
      if (offered === undefined) {
        const names = source.fixedFields.map((candidate) => candidate.name);
        const near = suggest(outside, names);
        complain(scope.cx, streamCodes.noSourceField, { source: source.name, field: outside }, {
          at: ast.type.span, reason: `\`${source.name}\` gives ${listOf(names)}`,
          ...(near === undefined ? {} : { fix: { text: `write \`${field.name}: ... from "${near}"\`, or call the field \`${near}\``, edits: [] } }),
        });
      } else if (matchType(createMatching(scope.dims, []), field.type, offered.type, ast.type.span, "") !== undefined) {
        complain(scope.cx, streamCodes.sourceField, { source: source.name, field: outside, type: printType(field.type) }, { at: ast.type.span, reason: `\`${source.name}\` gives \`${outside}\` as ${printType(offered.type)}` });
      }
      continue;
    }
    const refused = source.refuseField(field.type);
    if (refused !== undefined) {
      complain(scope.cx, streamCodes.sourceField, { source: source.name, field: field.name, type: printType(field.type) }, { at: ast.type.span, reason: refused });
    }
  }
}

