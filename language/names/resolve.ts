/**
 * The names pass: which declaration each name of each file means at the top level. Items may be used before they are
 * declared; local names (lets, parameters, fields) are the checker's. Every file has one namespace for its items.
 */
import type { Catalog } from "../catalog/catalog.ts";
import { nameCodes } from "../diagnostics/codes/names.ts";
import { report } from "../diagnostics/diagnostic.ts";
import type { Diagnostic } from "../diagnostics/diagnostic.ts";
import { suggest } from "../diagnostics/suggest.ts";
import type { SourceFile } from "../source/source-file.ts";
import { plainText } from "../syntax/ast.ts";
import type { ImportItem, ImportName, Item, PipelineAst, TestItem } from "../syntax/ast.ts";
import { isDtype } from "../tensor/dtype.ts";
import { loadModules } from "./load-modules.ts";
import type { LoadedModule, LoadFile } from "./load-modules.ts";
import type { Declaration, ImportBinding, ResolvedModule, ResolvedProgram } from "./resolved-program.ts";

export interface ResolveResult {
  readonly program: ResolvedProgram;
  readonly diagnostics: readonly Diagnostic[];
}

/** Types every file knows without declaring them. */
export const builtinTypeNames: readonly string[] = ["int", "float", "string", "uri", "bytes"];

/** Loads the files that `main` imports and binds the names of all. */
export function resolveNames(main: PipelineAst, source: SourceFile, loadFile: LoadFile, catalog: Catalog): ResolveResult {
  const diagnostics: Diagnostic[] = [];
  const loaded = loadModules(main, source, loadFile, diagnostics);
  const declared = new Map(loaded.map((module) => [module.source.path, declareItems(module, diagnostics)]));
  const modules = loaded.map((module) => resolveModule(module, declared, catalog, diagnostics));
  return { program: { phase: "resolved", modules }, diagnostics };
}

interface Declared {
  readonly declarations: readonly Declaration[];
  readonly byName: ReadonlyMap<string, Declaration>;
  readonly tests: readonly TestItem[];
}

function declareItems(module: LoadedModule, diagnostics: Diagnostic[]): Declared {
  const declarations: Declaration[] = [];
  const byName = new Map<string, Declaration>();
  const tests: TestItem[] = [];
  for (const item of module.ast.items) {
    if (item.kind === "test") tests.push(item);
    const declaration = declarationOf(item, module.source.path);
    if (declaration === undefined) continue;
    declarations.push(declaration);
    const { name, span } = declaration;
    if (name === "") continue;
    const earlier = byName.get(name);
    if (isDtype(name) || builtinTypeNames.includes(name)) {
      diagnostics.push(report(nameCodes.reservedName, { name }, { at: span, reason: `\`${name}\` is a type of the language` }));
    }
    if (earlier === undefined) byName.set(name, declaration);
    else diagnostics.push(report(nameCodes.duplicateName, { name }, { at: span, others: [{ span: earlier.span, text: "first declared here" }] }));
  }
  return { declarations, byName, tests };
}

function declarationOf(item: Item, file: string): Declaration | undefined {
  switch (item.kind) {
    case "import":
    case "test":
      return undefined;
    case "param": return { kind: item.kind, name: item.name.name, span: item.name.span, file, item };
    case "secret": return { kind: item.kind, name: item.name.name, span: item.name.span, file, item };
    case "const": return { kind: item.kind, name: item.name.name, span: item.name.span, file, item };
    case "record": return { kind: item.kind, name: item.name.name, span: item.name.span, file, item };
    case "model": return { kind: item.kind, name: item.name.name, span: item.name.span, file, item };
    case "extern": return { kind: item.kind, name: item.name.name, span: item.name.span, file, item };
    case "fn": return { kind: item.kind, name: item.name.name, span: item.name.span, file, item };
    case "pipeline": return { kind: item.kind, name: item.name.name, span: item.name.span, file, item };
  }
}

function resolveModule(module: LoadedModule, declared: ReadonlyMap<string, Declared>, catalog: Catalog, diagnostics: Diagnostic[]): ResolvedModule {
  const own = declared.get(module.source.path) ?? { declarations: [], byName: new Map(), tests: [] };
  const scope = new Map(own.byName);
  const imports: ImportBinding[] = [];
  for (const item of module.ast.items) {
    if (item.kind !== "import") continue;
    for (const name of item.names) {
      if (name.name.name === "") continue;
      const bound = name.alias ?? name.name;
      const declaration = importedDeclaration(module, item, name, declared, catalog, diagnostics);
      const earlier = scope.get(bound.name);
      if (earlier !== undefined) {
        diagnostics.push(report(nameCodes.duplicateName, { name: bound.name }, {
          at: bound.span,
          others: [{ span: earlier.span, text: "first declared here" }],
          fix: { text: `import it under another name: \`${name.name.name} as other\``, edits: [] },
        }));
        continue;
      }
      scope.set(bound.name, declaration);
      imports.push({ name: bound.name, span: bound.span, declaration });
    }
  }
  return { source: module.source, ast: module.ast, declarations: own.declarations, tests: own.tests, scope, imports };
}

function importedDeclaration(
  module: LoadedModule, item: ImportItem, name: ImportName, declared: ReadonlyMap<string, Declared>, catalog: Catalog, diagnostics: Diagnostic[],
): Declaration {
  const broken: Declaration = { kind: "broken", name: name.name.name, span: name.span };
  if (item.from.kind === "missing") return broken;
  const wanted = plainText(item.from);
  if (wanted === undefined) return broken;
  if (wanted.startsWith("std/")) return fromStandard(item, name, wanted.slice(4), catalog, diagnostics) ?? broken;
  const path = module.importPaths.get(item);
  const other = path === undefined ? undefined : declared.get(path);
  if (other === undefined) return broken;
  const found = other.byName.get(name.name.name);
  if (found === undefined) {
    const exported = other.declarations.filter(isExported).map((declaration) => declaration.name);
    reportUnknownImport(name, `\`${wanted}\``, exported, diagnostics);
    return broken;
  }
  if (!isExported(found)) {
    const start = "item" in found ? { ...found.item.span, end: found.item.span.start } : found.span;
    diagnostics.push(report(nameCodes.notExported, { name: found.name, path: wanted }, {
      at: name.name.span,
      others: [{ span: found.span, text: "declared here, without `export`" }],
      fix: { text: `write \`export\` before \`${found.name}\``, edits: [{ span: start, replacement: "export " }] },
    }));
  }
  return found;
}

function isExported(declaration: Declaration): boolean {
  return "item" in declaration && declaration.item.exported;
}

function fromStandard(item: ImportItem, name: ImportName, module: string, catalog: Catalog, diagnostics: Diagnostic[]): Declaration | undefined {
  const found = catalog.modules.get(module);
  if (found === undefined) {
    // One message for the import, not one for each of its names.
    if (item.names[0] !== name) return undefined;
    const near = suggest(module, catalog.modules.keys());
    diagnostics.push(report(nameCodes.unknownModule, { module: `std/${module}` }, {
      at: item.from.span,
      reason: `the standard library has ${listOf([...catalog.modules.keys()].map((key) => `std/${key}`))}`,
      ...(near === undefined ? {} : { fix: { text: `write \`"std/${near}"\``, edits: [{ span: item.from.span, replacement: `"std/${near}"` }] } }),
    }));
    return undefined;
  }
  const entry = found.exports.get(name.name.name);
  if (entry === undefined) {
    reportUnknownImport(name, `\`std/${module}\``, [...found.exports.keys()], diagnostics);
    return undefined;
  }
  const span = name.span;
  return entry.kind === "operator" ? { kind: "operator", name: entry.name, span } : { kind: "value", name: name.name.name, span, value: entry.value };
}

function reportUnknownImport(name: ImportName, from: string, candidates: readonly string[], diagnostics: Diagnostic[]): void {
  const near = suggest(name.name.name, candidates);
  diagnostics.push(report(nameCodes.unknownImport, { name: name.name.name, from }, {
    at: name.name.span,
    reason: candidates.length === 0 ? `${from} exports nothing` : `${from} exports ${listOf(candidates)}`,
    ...(near === undefined ? {} : { fix: { text: `write \`${near}\``, edits: [{ span: name.name.span, replacement: near }] } }),
  }));
}

/** "`a`, `b` and 3 more": short enough to read. */
export function listOf(names: readonly string[]): string {
  const shown = names.slice(0, 8).map((name) => `\`${name}\``);
  const more = names.length - shown.length;
  return more > 0 ? `${shown.join(", ")} and ${more} more` : shown.join(", ");
}
