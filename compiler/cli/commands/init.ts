/** `pipec init`: the starter's files in a folder, none of which may exist yet. */
import { existsSync } from "node:fs";
import { join, relative, resolve } from "node:path";
import { buildCodes } from "../../../language/diagnostics/codes/build.ts";
import type { CommandRun } from "../command.ts";
import { exitCodes } from "../io.ts";
import { advice, reportNowhere, showDiagnostics } from "../report.ts";
import { starterFiles } from "../starter/starter.ts";
import { writeFiles } from "../write-files.ts";

export const run: CommandRun = async (args, io) => {
  const folder = resolve(io.cwd, args.positionals[0] ?? ".");
  const files = starterFiles.map(({ name, text }) => ({ path: join(folder, name), shown: relative(io.cwd, join(folder, name)), text }));
  // A folder made by `npm init` may well have these; ours only help.
  const optional = new Set([".gitignore", "tsconfig.json", "README.md"]);
  const wanted = files.filter((file) => !(existsSync(file.path) && optional.has(relative(folder, file.path))));
  const taken = wanted.find((file) => existsSync(file.path));
  const unwritable =
    taken === undefined
      ? writeFiles(wanted)
      : reportNowhere(buildCodes.unwritable, { file: taken.shown, what: "it exists already" }, { fix: advice("start in an empty folder: `pipec init my-pipeline`") });
  if (unwritable !== undefined) {
    showDiagnostics(io, [unwritable], new Map());
    return exitCodes.usage;
  }
  for (const file of wanted) io.stdout(`wrote ${file.shown}\n`);
  const change = folder === io.cwd ? "" : `cd ${relative(io.cwd, folder)} && `;
  io.stdout(`\nnext: ${change}npx pipec run\n`);
  return exitCodes.ok;
};
