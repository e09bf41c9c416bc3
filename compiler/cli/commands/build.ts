/** `pipec build`: out.js, and out/ with the readable program and the plan. */
import { dirname, join, relative } from "node:path";
import { buildProgram } from "../build-program.ts";
import { listOption, textOption } from "../command.ts";
import type { CommandRun } from "../command.ts";
import { exitCodes } from "../io.ts";
import { readPlanningInputs } from "../planning-inputs.ts";

export const run: CommandRun = async (args, io) => {
  const given = readPlanningInputs(args, io);
  if (given === undefined) return exitCodes.usage;
  const out = textOption(args, "out");
  const built = await buildProgram({ file: args.positionals[0], params: listOption(args, "param"), ...given, ...(out === undefined ? {} : { out }) }, io);
  if (!built.ok) return built.exitCode;
  const shown = (path: string): string => relative(io.cwd, path);
  const stages = built.plan.pipelines.reduce((sum, pipeline) => sum + pipeline.stages.length, 0);
  io.stdout(`${built.file} -> ${shown(built.outFile)} (${stages} stages; the plan is in ${shown(join(dirname(built.outFile), "out", "plan.txt"))})\nrun it: node ${shown(built.outFile)}\n`);
  return exitCodes.ok;
};
