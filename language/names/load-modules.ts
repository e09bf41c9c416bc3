/** Reads the main file and, through its imports, every other file of the program; finds missing files and cycles. */
import { nameCodes } from "../diagnostics/codes/names.ts";
import { report } from "../diagnostics/diagnostic.ts";
import type { Diagnostic } from "../diagnostics/diagnostic.ts";
import { createSourceFile } from "../source/source-file.ts";
import type { SourceFile } from "../source/source-file.ts";
import { plainText } from "../syntax/ast.ts";
import type { ImportItem, PipelineAst, StringLiteral } from "../syntax/ast.ts";
import { parseFile } from "../syntax/parse.ts";

export type LoadFile = (path: string) => string | undefined;

export interface LoadedModule {
  readonly source: SourceFile;
  readonly ast: PipelineAst;
  /** The path of the file that each import of another `.pipe` file means, where that file could be loaded. */
  readonly importPaths: ReadonlyMap<ImportItem, string>;
}

/** The modules in order of first mention, the main file first. Parse problems of imported files are reported here. */
export function loadModules(main: PipelineAst, mainSource: SourceFile, loadFile: LoadFile, diagnostics: Diagnostic[]): readonly LoadedModule[] {
  const loaded = new Map<string, LoadedModule>();
  visit(main, mainSource, []);
  return [...loaded.values()];

  function visit(ast: PipelineAst, source: SourceFile, trail: readonly string[]): void {
    const importPaths = new Map<ImportItem, string>();
    loaded.set(source.path, { source, ast, importPaths });
    for (const item of ast.items) {
      if (item.kind !== "import" || item.from.kind === "missing") continue;
      const wanted = plainText(item.from);
      if (wanted?.startsWith("std/") === true) continue;
      if (wanted === undefined || !wanted.endsWith(".pipe")) {
        reportMissing(item.from, wanted ?? "a string with braces", undefined, diagnostics);
        continue;
      }
      const path = resolvePath(source.path, wanted);
      if (path === source.path || trail.includes(path)) {
        reportCycle(item.from, [...trail.slice(Math.max(0, trail.indexOf(path))), source.path, path], diagnostics);
        // The names still resolve: a cycle of files is one mistake, not one for every name.
        importPaths.set(item, path);
        continue;
      }
      if (!loaded.has(path)) {
        const text = loadFile(path);
        if (text === undefined) {
          reportMissing(item.from, wanted, path, diagnostics);
          continue;
        }
        const imported = createSourceFile(path, text);
        const parsed = parseFile(imported);
        diagnostics.push(...parsed.diagnostics);
        visit(parsed.ast, imported, [...trail, source.path]);
      }
      importPaths.set(item, path);
    }
  }
}

/** `wanted` as written in `fromFile`, relative to the folder of that file; both kinds of slash are understood. */
export function resolvePath(fromFile: string, wanted: string): string {
  if (wanted.startsWith("/")) return wanted;
  const slash = Math.max(fromFile.lastIndexOf("/"), fromFile.lastIndexOf("\\"));
  const parts: string[] = slash < 0 ? [] : fromFile.slice(0, slash).split("/");
  for (const part of wanted.split("/")) {
    if (part === "." || part === "") continue;
    const last = parts.at(-1);
    if (part === ".." && last !== undefined && last !== ".." && last !== "") parts.pop();
    else parts.push(part);
  }
  return parts.join("/");
}

function reportMissing(from: StringLiteral, wanted: string, path: string | undefined, diagnostics: Diagnostic[]): void {
  const reason = path !== undefined
    ? `there is no readable file at \`${path}\``
    : "an import names a `.pipe` file (`\"./shared.pipe\"`) or a module of the standard library (`\"std/hw\"`)";
  diagnostics.push(report(nameCodes.missingFile, { path: wanted }, { at: from.span, reason }));
}

function reportCycle(from: StringLiteral, trail: readonly string[], diagnostics: Diagnostic[]): void {
  diagnostics.push(report(nameCodes.importCycle, { trail: [...new Set(trail.slice(0, -1)), trail.at(-1) ?? ""].join(" -> ") }, {
    at: from.span,
    label: "this import closes the circle",
    reason: "the files of a program import each other in one direction only",
    fix: { text: "move what both files need to a third file", edits: [] },
  }));
}
