/**
 * `pipec explain CODE`: the page of a diagnostic, or of a fault of running programs. `pipec explain --resume [FILE]
 * [-- …]`: what a run with these words would go on with; the program is built, as by `pipec run`, and asked.
 */
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { allCodes } from "../../../language/diagnostics/catalogue.ts";
import { buildCodes } from "../../../language/diagnostics/codes/build.ts";
import { suggest } from "../../../language/diagnostics/suggest.ts";
import { failureCatalogue } from "../../../runtime/contract/failures.ts";
import { flag } from "../command.ts";
import type { CommandRun } from "../command.ts";
import { exitCodes } from "../io.ts";
import { packageRoot } from "../package-root.ts";
import { run as runProgram } from "./run.ts";
import { advice, reportNowhere, showDiagnostics } from "../report.ts";

const resumeWord = "--resume";

export const run: CommandRun = async (args, io) => {
  if (flag(args, "resume") || args.positionals.includes(resumeWord)) {
    const [file, ...words] = args.positionals.filter((word) => word !== resumeWord);
    const isFile = file?.endsWith(".pipe") === true;
    const rest = file === undefined || isFile ? words : [file, ...words];
    return runProgram({ positionals: [...(isFile ? [file] : []), "--explain-resume", ...rest], options: args.options }, io);
  }
  const code = (args.positionals[0] ?? "").toUpperCase();
  const failure = Object.entries(failureCatalogue).find(([name]) => name === code)?.[1];
  if (failure !== undefined) {
    io.stdout(`# ${code}: ${failure.title}\n\n${failure.page}\n`);
    return exitCodes.ok;
  }
  const codes = allCodes().map((entry) => entry.code);
  if (codes.includes(code)) {
    io.stdout(readFileSync(join(packageRoot(), "language", "diagnostics", "pages", `${code}.md`), "utf8"));
    return exitCodes.ok;
  }
  const near = suggest(code, [...codes, ...Object.keys(failureCatalogue)]);
  const fix = near === undefined ? {} : { fix: advice(`did you mean \`pipec explain ${near}\`?`) };
  showDiagnostics(io, [reportNowhere(buildCodes.unknownName, { what: "code", name: code, known: "codes are P and four digits (compiling) or R and four digits (running)" }, fix)], new Map());
  return exitCodes.usage;
};
