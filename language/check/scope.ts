/** Scopes: where expressions stand and what they may use there. */
import type { RecordType } from "../catalog/value-type.ts";
import type { ResolvedModule } from "../names/resolved-program.ts";
import type { CheckContext, RowScope, Scope } from "./context.ts";
import type { DimScope } from "./dim-scope.ts";

/** For constants, defaults and arguments of sources: no row, no locals, no models. */
export function constantScope(cx: CheckContext, module: ResolvedModule, dims: DimScope): Scope {
  return { cx, module, dims, locals: new Map(), row: undefined, notNull: new Set(), models: "forbidden", test: undefined, secrets: false };
}

/** For the expressions of a step: `.x` is a field of `row`. */
export function rowScope(scope: Scope, type: RecordType, models: Scope["models"], known: Partial<RowScope> = {}): Scope {
  return { ...scope, row: { type, lost: known.lost ?? new Map(), open: known.open ?? false }, models };
}

/** The same scope with more paths known not to be null. */
export function withNotNull(scope: Scope, paths: Iterable<string>): Scope {
  const notNull = new Set([...scope.notNull, ...paths]);
  return notNull.size === scope.notNull.size ? scope : { ...scope, notNull };
}

/** Inside a branch or the right side of `and`: evaluated for some rows only. */
export function conditional(scope: Scope): Scope {
  return scope.models === "allowed" ? { ...scope, models: "conditional" } : scope;
}
