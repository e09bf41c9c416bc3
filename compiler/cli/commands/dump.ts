/** `pipec dump --after=<pass>`: what the compiler knows after a pass. */
import { buildCodes } from "../../../language/diagnostics/codes/build.ts";
import { suggest } from "../../../language/diagnostics/suggest.ts";
import { exitCodeOf } from "../exit-code.ts";
import { listOption, textOption } from "../command.ts";
import type { CommandRun } from "../command.ts";
import { compileFile } from "../compile-file.ts";
import { exitCodes } from "../io.ts";
import { passNames, printAfter } from "../../pipeline.ts";
import { advice, reportNowhere, showDiagnostics } from "../report.ts";

export const run: CommandRun = async (args, io) => {
  const wanted = textOption(args, "after") ?? "emit";
  const pass = passNames.find((name) => name === wanted);
  if (pass === undefined) {
    const near = suggest(wanted, passNames);
    const fix = near === undefined ? {} : { fix: advice(`write \`--after=${near}\``) };
    showDiagnostics(io, [reportNowhere(buildCodes.unknownName, { what: "pass", name: wanted, known: `the passes are ${passNames.join(", ")}` }, fix)], new Map());
    return exitCodes.usage;
  }
  const compiled = compileFile(io.cwd, { file: args.positionals[0], params: listOption(args, "param") }, pass);
  if (!compiled.ok) {
    showDiagnostics(io, compiled.diagnostics, new Map());
    return exitCodes.usage;
  }
  const { diagnostics, sources } = compiled.compilation;
  showDiagnostics(io, diagnostics, sources);
  const text = printAfter(compiled.compilation, pass);
  if (text !== undefined) io.stdout(text);
  return exitCodeOf(diagnostics);
};
