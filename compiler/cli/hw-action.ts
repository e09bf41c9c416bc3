/** The first word after `pipec hw`: which of its two actions is meant. */
import { buildCodes } from "../../language/diagnostics/codes/build.ts";
import { suggest } from "../../language/diagnostics/suggest.ts";
import { flag } from "./command.ts";
import type { CommandArgs } from "./command.ts";
import type { HwArgs } from "./commands/hw.ts";
import { exitCodes } from "./io.ts";
import type { Io } from "./io.ts";
import { advice, reportNowhere, showDiagnostics } from "./report.ts";

export async function readHwAction(args: CommandArgs, io: Io, runHw: (args: HwArgs, io: Io) => Promise<number>): Promise<number> {
  const [action = "", name] = args.positionals;
  if (action === "detect") return runHw({ action }, io);
  if (action === "show") return runHw({ action, name, json: flag(args, "json") }, io);
  const near = suggest(action, ["detect", "show"]);
  const fix = near === undefined ? {} : { fix: advice(`write \`pipec hw ${near}\``) };
  showDiagnostics(io, [reportNowhere(buildCodes.unknownName, { what: "action", name: action, known: "`pipec hw` knows detect and show" }, fix)], new Map());
  return exitCodes.usage;
}
