/** What the literate diagnostics run their sources through. */
import type { Diagnostic } from "../../language/diagnostics/diagnostic.ts";
import type { SourceFile } from "../../language/source/source-file.ts";
import { parseFile } from "../../language/syntax/parse.ts";

/** The diagnostics of a program of some files, the main file first. */
export function diagnose(files: readonly SourceFile[]): readonly Diagnostic[] {
  return files.flatMap((file) => parseFile(file).diagnostics);
}
