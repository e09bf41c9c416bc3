/** What the literate diagnostics run their sources through. */
import type { Diagnostic } from "../../language/diagnostics/diagnostic.ts";
import type { SourceFile } from "../../language/source/source-file.ts";
import { checkFiles } from "../support/stand-ins.ts";

/** The diagnostics of a program of some files, the main file first. */
export function diagnose(files: readonly SourceFile[]): readonly Diagnostic[] {
  return checkFiles(files).all;
}
