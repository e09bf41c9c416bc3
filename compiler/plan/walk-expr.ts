/** Visiting and rewriting checked expressions: the one place that knows which parts an expression has. */
import type { Expr, RecordEntry } from "../../language/check/checked-program.ts";

/** The expression with each direct part replaced by `change(part)`. */
export function mapParts(expr: Expr, change: (part: Expr) => Expr): Expr {
  switch (expr.kind) {
    case "constant":
    case "param":
    case "resource":
    case "local":
    case "field":
    case "fixture":
    case "stream":
    case "snapshot":
      return expr;
    case "interpolation":
      return { ...expr, parts: expr.parts.map((part) => (typeof part === "string" ? part : change(part))) };
    case "member":
    case "unary":
    case "cast":
    case "narrow":
      return { ...expr, value: change(expr.value) };
    case "index":
      return { ...expr, value: change(expr.value), indices: expr.indices.map(change) };
    case "operator":
      return { ...expr, args: mapValues(expr.args, change) };
    case "function":
    case "extern":
    case "model":
      return { ...expr, args: expr.args.map(change) };
    case "record":
      return { ...expr, entries: mapEntries(expr.entries, change) };
    case "list":
      return { ...expr, items: expr.items.map(change) };
    case "binary":
      return { ...expr, left: change(expr.left), right: change(expr.right) };
    case "if":
      return { ...expr, condition: change(expr.condition), then: change(expr.then), otherwise: change(expr.otherwise) };
  }
}

/** The entries with each value replaced by `change(value)`. */
export function mapEntries(entries: readonly RecordEntry[], change: (value: Expr) => Expr): readonly RecordEntry[] {
  return entries.map((entry) => ({ ...entry, value: change(entry.value) }));
}

/** Calls `visit` on the expression and all its parts, outermost first. */
export function visitExpr(expr: Expr, visit: (part: Expr) => void): void {
  visit(expr);
  mapParts(expr, (part) => {
    visitExpr(part, visit);
    return part;
  });
}

/** The fields of the row that the expressions read. */
export function fieldsRead(exprs: Iterable<Expr>): ReadonlySet<string> {
  const fields = new Set<string>();
  for (const expr of exprs) {
    visitExpr(expr, (part) => {
      if (part.kind === "field") fields.add(part.name);
    });
  }
  return fields;
}

/** Whether the expression, or a part of it, is of one of these kinds. */
export function hasKind(expr: Expr, kinds: ReadonlySet<Expr["kind"]>): boolean {
  let found = false;
  visitExpr(expr, (part) => {
    if (kinds.has(part.kind)) found = true;
  });
  return found;
}

/** The symbols of constants (tables, tokenizers, …) that the expressions use. */
export function resourcesUsed(exprs: Iterable<Expr>): ReadonlySet<string> {
  return symbolsOf(exprs, "resource");
}

/** The symbols of functions that the expressions call. */
export function functionsUsed(exprs: Iterable<Expr>): ReadonlySet<string> {
  return symbolsOf(exprs, "function");
}

function symbolsOf(exprs: Iterable<Expr>, kind: "resource" | "function"): ReadonlySet<string> {
  const symbols = new Set<string>();
  for (const expr of exprs) {
    visitExpr(expr, (part) => {
      if (part.kind === kind) symbols.add(part.symbol);
    });
  }
  return symbols;
}

function mapValues(record: Readonly<Record<string, Expr>>, change: (value: Expr) => Expr): Readonly<Record<string, Expr>> {
  return Object.fromEntries(Object.entries(record).map(([name, value]) => [name, change(value)]));
}
