/**
 * Params as an emitted program sees them: `params.input` is typed by its declaration, and has a value once the
 * runtime has set it, before anything runs.
 */
import type { ParamSpec, ParamType } from "./program.ts";
import type { Dtype, Value } from "./value.ts";

export type ParamDeclarations = Readonly<Record<string, Omit<ParamSpec, "name">>>;

type ParamValue<T extends ParamType> = T extends { readonly kind: "choice"; readonly choices: readonly (infer C)[] }
  ? C
  : T extends { readonly kind: "bool" }
    ? boolean
    : T extends { readonly kind: "int" }
      ? T extends { readonly dtype: Exclude<Dtype, "i64" | "u64"> }
        ? number
        : bigint
      : T extends { readonly kind: "float" }
        ? number
        : T extends { readonly kind: "optional"; readonly inner: infer I extends ParamType }
          ? ParamValue<I> | null
          : string;

export type Params<D extends ParamDeclarations> = { readonly [K in keyof D]: ParamValue<D[K]["type"]> };

interface ParamStore {
  readonly specs: readonly ParamSpec[];
  readonly values: Map<string, Value>;
}

const stores = new WeakMap<object, ParamStore>();

/** Declares the params of a program. Reading one before the runtime has set it is our bug. */
export function defineParams<const D extends ParamDeclarations>(declarations: D): Params<D> {
  const specs = Object.entries(declarations).map(([name, declaration]): ParamSpec => ({ name, ...declaration }));
  const values = new Map<string, Value>();
  const params: Params<D> = Object.create(null);
  for (const { name } of specs) {
    Object.defineProperty(params, name, {
      enumerable: true,
      get: () => {
        const value = values.get(name);
        if (value === undefined) throw new Error(`param ${name} was read before it was set`);
        return value;
      },
    });
  }
  stores.set(params, { specs, values });
  return params;
}

export function paramSpecs(params: object): readonly ParamSpec[] {
  return storeOf(params).specs;
}

/** Sets all values; those of a former call are forgotten. */
export function setParams(params: object, values: Readonly<Record<string, Value>>): void {
  const store = storeOf(params);
  store.values.clear();
  for (const { name, fixed } of store.specs) {
    const value = fixed === undefined ? values[name] : fixed;
    if (value !== undefined) store.values.set(name, value);
  }
}

function storeOf(params: object): ParamStore {
  const store = stores.get(params);
  if (store === undefined) throw new Error("params that defineParams did not make");
  return store;
}
