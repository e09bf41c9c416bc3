/**
 * Names for the emitted program: legal TypeScript identifiers in camelCase, each given out once. Reserved are the
 * words of TypeScript and the names of the operators' kernels, which the emitted program imports.
 */
import type { Catalog } from "../catalog/catalog.ts";

const reservedWords =
  "abstract any arguments as async await boolean break case catch class const constructor continue debugger declare default delete do else enum eval "
  + "export extends false finally for from function get global globalThis if implements import in infer instanceof interface is keyof let module "
  + "never new null number object of package private protected public readonly require return row set static string super switch symbol this throw "
  + "true try type typeof undefined unique unknown var void while with yield params program";

export type NewSymbol = (name: string) => string;

/** A source of symbols for one program. */
export function symbolSource(catalog: Catalog): NewSymbol {
  const taken = new Set(reservedWords.split(" "));
  for (const name of catalog.operators.keys()) taken.add(camelCase(name));
  return (name) => takeSymbol(taken, name);
}

/** A source of symbols for the locals of one function, which may reuse names of other functions. */
export function localSymbolSource(): NewSymbol {
  const taken = new Set(reservedWords.split(" "));
  return (name) => takeSymbol(taken, name);
}

function takeSymbol(taken: Set<string>, name: string): string {
  const wanted = camelCase(name) || "unnamed";
  let symbol = wanted;
  for (let i = 2; taken.has(symbol); i++) symbol = `${wanted}${i}`;
  taken.add(symbol);
  return symbol;
}

/** `eval_transform` to `evalTransform`. */
export function camelCase(name: string): string {
  return name.replace(/_+([A-Za-z0-9])/g, (match, letter: string, offset: number) => (offset === 0 ? match : letter.toUpperCase()));
}
