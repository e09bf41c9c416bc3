/** `pipec plan`: the plan without building. */
import { flag, listOption } from "../command.ts";
import type { CommandRun } from "../command.ts";
import { compileFile } from "../compile-file.ts";
import { exitCodeOf } from "../exit-code.ts";
import { exitCodes } from "../io.ts";
import { planToJson, printPlan } from "../../plan/print-plan.ts";
import { showDiagnostics } from "../report.ts";

export const run: CommandRun = async (args, io) => {
  const compiled = compileFile(io.cwd, { file: args.positionals[0], params: listOption(args, "param") }, "plan");
  if (!compiled.ok) {
    showDiagnostics(io, compiled.diagnostics, new Map());
    return exitCodes.usage;
  }
  const { plan, diagnostics, sources } = compiled.compilation;
  showDiagnostics(io, diagnostics, sources);
  if (plan !== undefined) io.stdout(flag(args, "json") ? planToJson(plan) : printPlan(plan));
  return exitCodeOf(diagnostics);
};
