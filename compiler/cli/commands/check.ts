/** `pipec check`: every problem of a program, nothing written. */
import { hasErrors } from "../../../language/diagnostics/diagnostic.ts";
import { exitCodeOf } from "../exit-code.ts";
import { flag, listOption } from "../command.ts";
import type { CommandRun } from "../command.ts";
import { compileFile } from "../compile-file.ts";
import { exitCodes } from "../io.ts";
import { diagnosticsJson, showDiagnostics } from "../report.ts";

export const run: CommandRun = async (args, io) => {
  const compiled = compileFile(io.cwd, { file: args.positionals[0], params: listOption(args, "param") }, "check");
  const diagnostics = compiled.ok ? compiled.compilation.diagnostics : compiled.diagnostics;
  const sources = compiled.ok ? compiled.compilation.sources : new Map();
  if (flag(args, "json")) io.stdout(diagnosticsJson(diagnostics, sources));
  else showDiagnostics(io, diagnostics, sources);
  if (!compiled.ok) return exitCodes.usage;
  if (hasErrors(diagnostics)) return exitCodeOf(diagnostics);
  if (!flag(args, "json")) io.stdout(`${compiled.file}: no problems found\n`);
  return exitCodes.ok;
};
