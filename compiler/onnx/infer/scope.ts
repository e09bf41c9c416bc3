/**
 * What is known of the names of one graph while its nodes are visited. A subgraph's scope sees the scopes around it; a
 * function's does not. Initializers are read when their value is first asked for.
 */
import type { TensorRef } from "../model-graph.ts";
import { tensorType, unknownType } from "./inferred-type.ts";
import type { InferredType } from "./inferred-type.ts";
import type { KnownValue } from "./known-value.ts";
import { dimOf } from "../../../language/tensor/dim.ts";

export interface Scope {
  readonly types: Map<string, InferredType>;
  readonly values: Map<string, KnownValue>;
  /** Initializers whose values were not asked for yet. */
  readonly unread: Map<string, TensorRef>;
  readonly outer: Scope | undefined;
}

/** An empty scope, inside `outer` if there is one. */
export function createScope(outer?: Scope): Scope {
  return { types: new Map(), values: new Map(), unread: new Map(), outer };
}

/** The scope that defines a name. */
function owner(scope: Scope, name: string): Scope | undefined {
  for (let at: Scope | undefined = scope; at; at = at.outer) if (at.types.has(name)) return at;
  return undefined;
}

/** The type of a name; unknown if nothing defines it. */
export function typeIn(scope: Scope, name: string): InferredType {
  return owner(scope, name)?.types.get(name) ?? unknownType;
}

/** Whether anything defines a name (an absent input of a function is defined by nothing). */
export function isDefinedIn(scope: Scope, name: string): boolean {
  return owner(scope, name) !== undefined;
}

/** The known value of a name, if any; `read` fetches an initializer. */
export function valueIn(scope: Scope, name: string, read: (ref: TensorRef) => KnownValue | undefined): KnownValue | undefined {
  const found = owner(scope, name);
  if (!found) return undefined;
  const ref = found.unread.get(name);
  if (ref) {
    found.unread.delete(name);
    const value = read(ref);
    if (value) found.values.set(name, value);
  }
  return found.values.get(name);
}

/** Defines an initializer: its type now, its values when asked for. */
export function defineInitializer(scope: Scope, ref: TensorRef): void {
  scope.types.set(ref.name, tensorType(ref.dtype, ref.dims.map((dim) => dimOf(dim))));
  scope.unread.set(ref.name, ref);
}
