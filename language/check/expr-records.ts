/** Lists and records as written. */
import type { RecordField } from "../catalog/value-type.ts";
import { typeCodes } from "../diagnostics/codes/types.ts";
import type { Span } from "../source/span.ts";
import type { ListExpr, RecordEntry as AstEntry, RecordExpr } from "../syntax/ast.ts";
import type { Expr, RecordEntry } from "./checked-program.ts";
import { complain, errorExpr } from "./context.ts";
import type { Scope } from "./context.ts";
import { checkRowField } from "./expr-names.ts";
import { joinBranches } from "./expr-operators.ts";
import { checkExpr } from "./expr.ts";
import { errorType, isError } from "./pattern.ts";
import { printType } from "./print-type.ts";

/** A list whose items have one type; `[]` takes its type from where it goes. */
export function checkList(scope: Scope, ast: ListExpr): Expr {
  let items = ast.elements.map((element) => checkExpr(scope, element));
  if (items.some((item) => isError(item.type))) return errorExpr(ast.span);
  const [first] = items;
  if (first === undefined) return { kind: "list", items: [], type: { kind: "list", element: errorType, lengthMax: 0 }, span: ast.span };
  // Records as written take the type of where they go, one by one: null in one row does not say what the others are.
  if (items.every((item) => item.kind === "record")) {
    return { kind: "list", items, type: { kind: "list", element: first.type, lengthMax: items.length }, span: ast.span };
  }
  let joined: Expr = first;
  for (const item of items.slice(1)) {
    const both = joinBranches(scope, joined, item);
    if (both === undefined) return errorExpr(ast.span);
    joined = { ...both[0], type: both[2] };
  }
  items = items.map((item) => (joined.type.kind === "optional" || joined === first ? item : adoptType(scope, item, joined)));
  return { kind: "list", items, type: { kind: "list", element: joined.type, lengthMax: items.length }, span: ast.span };
}

function adoptType(scope: Scope, item: Expr, joined: Expr): Expr {
  const both = joinBranches(scope, item, joined);
  return both === undefined ? item : both[0];
}

interface Entry {
  readonly type: RecordField;
  readonly span: Span;
  /** From a bare `..`: may be given again. */
  readonly carried: boolean;
}

export interface RecordParts {
  readonly entries: readonly RecordEntry[];
  readonly fields: readonly RecordField[];
  /** Some entry was wrong (reported): there are fields that are not known. */
  readonly broken: boolean;
}

/** A record: fields in order, spreads, and a bare `..` for all fields of the row. */
export function checkRecord(scope: Scope, ast: RecordExpr): Expr {
  const { entries, fields, broken } = checkRecordParts(scope, ast);
  return { kind: "record", entries, type: broken ? errorType : { kind: "record", fields }, span: ast.span };
}

/** The entries of a record and what is known of its fields, also where some are wrong. */
export function checkRecordParts(scope: Scope, ast: RecordExpr): RecordParts {
  const fields = new Map<string, Entry>();
  const entries: RecordEntry[] = [];
  let broken = false;
  for (const entry of ast.entries) {
    const checked = checkEntry(scope, entry);
    if (checked === undefined) {
      broken = true;
      continue;
    }
    for (const part of checked.fields) {
      const earlier = fields.get(part.type.name);
      if (earlier === undefined) {
        fields.set(part.type.name, part);
        continue;
      }
      if (earlier.carried || part.carried) {
        if (!part.carried) {
          fields.set(part.type.name, part);
          dropField(entries, part.type.name);
        }
        continue;
      }
      complain(scope.cx, typeCodes.duplicateField, { name: part.type.name }, {
        at: part.span, others: [{ span: earlier.span, text: `\`${part.type.name}\` is given here already` }],
        reason: "only the fields of a bare `..` may be given again",
      });
      broken = true;
    }
    const kept = new Set(checked.fields.filter((part) => fields.get(part.type.name) === part).map((part) => part.type.name));
    entries.push(...checked.entries.filter((one) => one.kind === "spread" || kept.has(one.name)));
  }
  return { entries, fields: [...fields.values()].map((entry) => entry.type), broken };
}

function dropField(entries: RecordEntry[], name: string): void {
  const index = entries.findIndex((entry) => entry.kind === "field" && entry.name === name);
  if (index >= 0) entries.splice(index, 1);
}

interface CheckedEntry {
  readonly entries: readonly RecordEntry[];
  readonly fields: readonly Entry[];
}

function checkEntry(scope: Scope, entry: AstEntry): CheckedEntry | undefined {
  switch (entry.kind) {
    case "entry": {
      const value = checkExpr(scope, entry.value);
      if (entry.key.name === "" || isError(value.type)) return undefined;
      return oneField(entry.key.name, value, entry.key.span);
    }
    case "shorthand": {
      const value = checkRowField(scope, entry.field, entry.span);
      return isError(value.type) ? undefined : oneField(entry.field.name, value, entry.span);
    }
    case "spread":
      return entry.value === undefined ? spreadRow(scope, entry.span) : spreadValue(scope, checkExpr(scope, entry.value), entry.span);
  }
}

function oneField(name: string, value: Expr, span: Span): CheckedEntry {
  return { entries: [{ kind: "field", name, value }], fields: [{ type: { name, type: value.type }, span, carried: false }] };
}

/** A bare `..`: each field of the row by itself. */
function spreadRow(scope: Scope, span: Span): CheckedEntry | undefined {
  if (scope.row?.open === true) return undefined;
  if (scope.row === undefined) {
    complain(scope.cx, typeCodes.noRow, { name: ".." }, { at: span, reason: "a bare `..` means all fields of the row in a step of a pipeline; there is no row here" });
    return undefined;
  }
  const values = scope.row.type.fields.map((field) => ({ name: field.name, value: checkRowField(scope, { kind: "identifier", name: field.name, span }, span) }));
  return {
    entries: values.map(({ name, value }) => ({ kind: "field", name, value })),
    fields: values.map(({ name, value }) => ({ type: { name, type: value.type }, span, carried: true })),
  };
}

function spreadValue(scope: Scope, value: Expr, span: Span): CheckedEntry | undefined {
  if (isError(value.type)) return undefined;
  if (value.type.kind !== "record") {
    complain(scope.cx, typeCodes.notARecord, { found: printType(value.type) }, { at: value.span, reason: "`..` puts in the fields of a record" });
    return undefined;
  }
  const fields = value.type.fields.map(({ name, type }) => ({ name, type }));
  return {
    entries: [{ kind: "spread", value, fields: fields.map((field) => field.name) }],
    fields: fields.map((type) => ({ type, span, carried: false })),
  };
}
