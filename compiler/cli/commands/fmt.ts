/** `pipec fmt`: formats files in place; without names, every `.pipe` file below the current folder. */
import { readFileSync, statSync } from "node:fs";
import { resolve } from "node:path";
import { buildCodes } from "../../../language/diagnostics/codes/build.ts";
import { hasErrors } from "../../../language/diagnostics/diagnostic.ts";
import { sourcesOf } from "../../../language/diagnostics/render.ts";
import { createSourceFile } from "../../../language/source/source-file.ts";
import { formatFile } from "../../../language/syntax/format.ts";
import { flag } from "../command.ts";
import type { CommandRun } from "../command.ts";
import { describeFileFault } from "../file-fault.ts";
import { pipeFilesUnder } from "../find-program.ts";
import { exitCodes } from "../io.ts";
import type { Io } from "../io.ts";
import { reportNowhere, showDiagnostics } from "../report.ts";
import { writeFiles } from "../write-files.ts";

type Outcome = "same" | "changed" | "broken" | "unreadable";

export const run: CommandRun = async (args, io) => {
  const named = args.positionals.length === 0 ? ["."] : args.positionals;
  const outcomes = named.flatMap((name) => filesOf(io, name)).map((file) => formatOne(io, file, flag(args, "check")));
  if (outcomes.includes("unreadable")) return exitCodes.usage;
  const isUnformatted = flag(args, "check") && outcomes.includes("changed");
  return outcomes.includes("broken") || isUnformatted ? exitCodes.diagnostics : exitCodes.ok;
};

function filesOf(io: Io, name: string): readonly string[] {
  const isFolder = statSync(resolve(io.cwd, name), { throwIfNoEntry: false })?.isDirectory() === true;
  return isFolder ? pipeFilesUnder(io.cwd, name) : [name];
}

/** A file with syntax errors is left as it is: formatting would guess. */
function formatOne(io: Io, file: string, checkOnly: boolean): Outcome {
  const path = resolve(io.cwd, file);
  let text: string;
  try {
    text = readFileSync(path, "utf8");
  } catch (error) {
    showDiagnostics(io, [reportNowhere(buildCodes.unreadableProgram, { file, what: describeFileFault(error) })], new Map());
    return "unreadable";
  }
  const source = createSourceFile(file, text);
  const formatted = formatFile(source);
  if (hasErrors(formatted.diagnostics)) {
    showDiagnostics(io, formatted.diagnostics, sourcesOf(source));
    return "broken";
  }
  if (formatted.text === text) return "same";
  if (checkOnly) {
    io.stdout(`${file} is not formatted\n`);
    return "changed";
  }
  const unwritable = writeFiles([{ path, shown: file, text: formatted.text }]);
  if (unwritable === undefined) {
    io.stdout(`${file} formatted\n`);
    return "changed";
  }
  showDiagnostics(io, [unwritable], new Map());
  return "unreadable";
}
