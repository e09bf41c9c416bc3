/**
 * Fills the checker's catalogue: the standard library's descriptors, the `std/…` modules, and whatever reads model
 * signatures. Pure; the rim passes in how a model file is opened.
 */
import type { Catalog, ModelRequest, ModelSignatureResult, ModuleDescriptor, ModuleExport } from "../../language/catalog/catalog.ts";
import { operators, sinks, sources } from "../../stdlib/registry.ts";
import { hardwareModule } from "./hardware-module.ts";

export function loadCatalog(readModelSignature: (request: ModelRequest) => ModelSignatureResult): Catalog {
  return {
    operators: byName(operators),
    sources: byName(sources),
    sinks: byName(sinks),
    modules: modules(),
    readModelSignature,
  };
}

function byName<T extends { readonly name: string }>(list: readonly T[]): ReadonlyMap<string, T> {
  return new Map(list.map((entry) => [entry.name, entry]));
}

/** `std/image`, `std/text`, … export the operators that say so; `std/hw` the hardware presets. */
function modules(): ReadonlyMap<string, ModuleDescriptor> {
  const found = new Map<string, Map<string, ModuleExport>>();
  for (const operator of operators) {
    const exports = found.get(operator.module) ?? new Map<string, ModuleExport>();
    exports.set(operator.name, { kind: "operator", name: operator.name });
    found.set(operator.module, exports);
  }
  found.set("hw", new Map(hardwareModule()));
  return new Map([...found].map(([name, exports]) => [name, { name, exports }]));
}
